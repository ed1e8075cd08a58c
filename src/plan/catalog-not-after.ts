import { parseDateOrInstant } from '../domain/instant.ts';
import { findDayEnd } from '../domain/reader-day.ts';

/** When a message of a template becomes worthless. Past it the message expires; it is never sent late. */
export type NotAfterRule =
  /** The instant in this field of the event's data. */
  | { readonly kind: 'field'; readonly field: string }
  /** This long after the event was accepted. */
  | { readonly kind: 'after'; readonly afterMs: number };

/**
 * The `not_after` of a message, epoch ms. A bare date (`2026-12-04`) lasts until the end of that day where the reader is,
 * as the helper for relative dates counts it; while the reader's zone is not known, until it is over everywhere. A field
 * that the data lacks (the schema may make it optional) sets none.
 */
export function resolveNotAfterMs(
  rule: NotAfterRule,
  data: Readonly<Record<string, unknown>>,
  { acceptedAtMs, timeZone }: { readonly acceptedAtMs: number; readonly timeZone: string | undefined },
): number | undefined {
  if (rule.kind === 'after') return acceptedAtMs + rule.afterMs;
  const value = data[rule.field];
  const end = typeof value === 'string' ? parseDateOrInstant(value) : undefined;
  if (end === undefined) return undefined;
  return end.isBareDate ? findDayEnd(end.atMs, timeZone) : end.atMs;
}
