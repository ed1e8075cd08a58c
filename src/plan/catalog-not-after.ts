/** When a message of a template becomes worthless. Past it the message expires; it is never sent late. */
export type NotAfterRule =
  /** The instant in this field of the event's data. */
  | { readonly kind: 'field'; readonly field: string }
  /** This long after the event was accepted. */
  | { readonly kind: 'after'; readonly afterMs: number };

/**
 * The fence of a message, epoch ms. A bare date (`2026-12-04`) stands until the end of that day in UTC. A field
 * that the data lacks (the schema may make it optional) sets no fence.
 */
export function resolveNotAfterMs(
  rule: NotAfterRule,
  data: Readonly<Record<string, unknown>>,
  acceptedAtMs: number,
): number | undefined {
  if (rule.kind === 'after') return acceptedAtMs + rule.afterMs;
  const value = data[rule.field];
  const atMs = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(atMs)) return undefined;
  return typeof value === 'string' && value.length === 10 ? atMs + dayMs : atMs;
}

const dayMs = 24 * 60 * 60 * 1000;
