/** What goes live together: the templates and what shapes the messages beside them, each by a hash. */
export interface ReleaseDigest {
  readonly templates: string;
  readonly settings: string;
}

/** The last time that a message of a type was rehearsed with a release. */
export interface Rehearsal extends ReleaseDigest {
  readonly type: string;
  /** Epoch ms. */
  readonly at: number;
}

export interface RehearsalVerdict {
  readonly ok: boolean;
  readonly detail: string;
}

/** A rehearsal counts for this long; then too much may have changed around it. */
export const rehearsalMsMax = 72 * 3_600_000;

/**
 * Whether a release may go live: messages were rehearsed with the same templates and the same settings, a short time ago.
 * What is live already stays so, also with later templates: a deployment must not stop a running service. It
 * ends when nothing was live for as long as a rehearsal counts.
 */
export function judgeRehearsal(
  release: ReleaseDigest,
  { rehearsals, isLive }: { readonly rehearsals: readonly Rehearsal[]; readonly isLive: boolean },
  nowMs: number,
): RehearsalVerdict {
  const same = rehearsals.filter(
    ({ templates, settings }) => templates === release.templates && settings === release.settings,
  );
  const last = Math.max(...same.map(({ at }) => at));
  if (nowMs - last <= rehearsalMsMax) {
    const types = same.filter(({ at }) => nowMs - at <= rehearsalMsMax).map(({ type }) => type);
    return { ok: true, detail: `rehearsed ${inHours(nowMs - last)} ago: ${types.toSorted().join(', ')}` };
  }
  if (isLive) return { ok: true, detail: 'it is live already' };
  return { ok: false, detail: describeMiss(release, rehearsals, nowMs) };
}

function describeMiss(release: ReleaseDigest, rehearsals: readonly Rehearsal[], nowMs: number): string {
  const newest = rehearsals.toSorted((one, other) => other.at - one.at)[0];
  if (newest === undefined) return 'no rehearsal is on record';
  const parts = [
    ...(newest.templates === release.templates ? [] : ['other templates']),
    ...(newest.settings === release.settings ? [] : ['other settings']),
  ];
  const withWhat = parts.length === 0 ? '' : `, with ${parts.join(' and ')}`;
  return `the last rehearsal was ${inHours(nowMs - newest.at)} ago${withWhat}`;
}

function inHours(ms: number): string {
  return `${Math.max(0, Math.floor(ms / 3_600_000))} h`;
}
