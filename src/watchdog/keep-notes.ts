import { z } from 'zod';
import type { Store } from '../store/keys.ts';
import { callStore, loadScript } from '../store/scripts.ts';
import { readStored } from '../store/unreadable-record.ts';

/**
 * A status note. It is *pending* until a watchdog takes it up, *posting* while that watchdog calls the webhook, and
 * ends *posted*, *logged* (there is no webhook) or *failed*.
 */
const noteSchema = z.object({
  id: z.string(),
  at: z.number(),
  text: z.string(),
  state: z.enum(['pending', 'posting', 'posted', 'logged', 'failed']),
  tries: z.number(),
  /** Not before this instant; of one that is posting: when its watchdog counts as dead. */
  nextAt: z.number(),
  /** An earlier try may have arrived; then the next one says so. */
  mayHaveArrived: z.boolean(),
  fault: z.string().optional(),
});
export type StatusNote = z.infer<typeof noteSchema>;

/** Notes are kept this long, the newest `notesMax` of them. */
export const noteKeptMs = 72 * 3_600_000;
export const notesMax = 300;

const changeScript = loadScript(new URL('./change-note.lua', import.meta.url), {
  keys: ['statusNotes'],
  args: ['id', 'seen', 'next'],
});

/** Every note that is kept, the newest first. Throws `store-unavailable`. */
export async function listNotes({ redis, keys }: Store): Promise<readonly StatusNote[]> {
  return await callStore('list notes', async () => {
    const texts = await redis.hvals(keys.central.statusNotes);
    return texts
      .flatMap((text) => readStored(text, noteSchema) ?? [])
      .sort((left, right) => right.at - left.at || right.id.localeCompare(left.id));
  });
}

/** Writes `next` when the note still is `seen` (undefined: not there); returns whether it did. */
export async function changeNote(
  { redis, keys }: Store,
  seen: StatusNote | undefined,
  next: StatusNote,
): Promise<boolean> {
  const [code] = (await changeScript.run(redis, keys.central, {
    id: next.id,
    seen: seen === undefined ? '' : toText(seen),
    next: toText(next),
  })) as string[];
  return code === 'done';
}

/** Lets go of what is too old or too much. */
export async function pruneNotes(
  { redis, keys }: Store,
  notes: readonly StatusNote[],
  nowMs: number,
): Promise<void> {
  const old = notes.filter(({ at }, index) => index >= notesMax || nowMs - at > noteKeptMs);
  if (old.length > 0) await redis.hdel(keys.central.statusNotes, ...old.map(({ id }) => id));
}

/** One order of members, so that the same note is the same text. */
function toText(note: StatusNote): string {
  return JSON.stringify(noteSchema.parse(note));
}
