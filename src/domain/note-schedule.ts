/** A moment after a release at which a status note is due, and until when it is worth writing. */
export interface NoteSlot {
  /** `T+5 min`, `T+6 h`. */
  readonly name: string;
  readonly atMs: number;
  readonly endsMs: number;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const hoursOfNotes = [1, 2, 3, 4, 5, 6, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48];
const offsets: readonly (readonly [name: string, afterMs: number])[] = [
  ['T+5 min', 5 * minuteMs],
  ['T+15 min', 15 * minuteMs],
  ...hoursOfNotes.map((hours) => [`T+${hours} h`, hours * hourMs] as const),
];
const lastEndsMs = 52 * hourMs;

/**
 * The slot that `nowMs` lies in (VER-3): T+5 and T+15 minutes, every hour up to six, every four hours up to 48.
 * Each slot lasts until the next begins, so after an outage of the watchdog there is one note, the newest, and no row
 * of stale ones. Undefined before the first and after the last.
 */
export function findNoteSlot(releasedAtMs: number, nowMs: number): NoteSlot | undefined {
  const sinceMs = nowMs - releasedAtMs;
  const index = offsets.findLastIndex(([, afterMs]) => afterMs <= sinceMs);
  const [name, afterMs] = offsets[index] ?? [];
  if (name === undefined || afterMs === undefined || sinceMs >= lastEndsMs) return undefined;
  const [, nextMs = lastEndsMs] = offsets[index + 1] ?? [];
  return { name, atMs: releasedAtMs + afterMs, endsMs: releasedAtMs + nextMs };
}

/** How often one note is tried in all. */
export const noteTriesMax = 8;
const firstPauseMs = 2_000;
const pauseMsMax = 120_000;

/** What becomes of a note after a try; `pauseMs` until the next one. */
export type NoteFate =
  | { readonly kind: 'posted' }
  | { readonly kind: 'again'; readonly pauseMs: number; readonly mayHaveArrived: boolean }
  | { readonly kind: 'failed' };

/**
 * Judges one try. `status` is the response's; undefined when there was none in time, and then the note may have arrived
 * all the same. A refusal that trying again will not change ends it at once.
 */
export function judgeNoteTry(status: number | undefined, tries: number): NoteFate {
  if (status !== undefined && status >= 200 && status < 300) return { kind: 'posted' };
  const isFinal = status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429;
  if (isFinal || tries >= noteTriesMax) return { kind: 'failed' };
  const pauseMs = Math.min(pauseMsMax, firstPauseMs * 2 ** (tries - 1));
  return { kind: 'again', pauseMs, mayHaveArrived: status === undefined };
}
