import type { Store } from '../store/keys.ts';
import { loadScript } from '../store/scripts.ts';

/** Attempts that have a permit and are not past its deadline. */
export interface InFlight {
  readonly count: number;
  /** The messages of the first of them, by their id; bounded. */
  readonly messages: readonly string[];
}

const script = loadScript(new URL('./copy-gate.lua', import.meta.url), {
  keys: ['gate', 'inflight'],
  args: ['lineage', 'epoch', 'part', 'adopts', '...fields'],
});
/** What the central gate has that no copy needs: the head and the base of the audit chain, and what is known of this shard alone. */
const uncopied = ['auditHash', 'auditBase', 'auditBaseCount', 'witnessed', 'wentBack'];

/**
 * Writes the fields of the central gate to every other shard that has an older one, all at once. Any process may do so at
 * any time. Answers the word of each shard (`copy-gate.lua`) and what is under way there.
 */
export async function copyGate(
  { redis, keys }: Store,
  gate: Readonly<Record<string, string>>,
  { part = '', adopts = false } = {},
): Promise<readonly { readonly word: string; readonly inFlight: InFlight }[]> {
  const { lineage = '', epoch = '0' } = gate;
  const fields = Object.entries(gate)
    .filter(([name]) => !uncopied.includes(name))
    .flat();
  return await Promise.all(
    keys.all.slice(1).map(async (shard) => {
      const args = { lineage, epoch, part, adopts: adopts ? 'adopts' : '', fields };
      const [word, inFlight] = (await script.run(redis, shard, args)) as [string, unknown];
      return { word, inFlight: parseInFlight(inFlight) };
    }),
  );
}

/** What `in-flight.lua` lists. */
export function parseInFlight(reply: unknown): InFlight {
  const [count, ...members] = reply as [number, ...string[]];
  return { count, messages: members.map((member) => member.split(' ')[2] ?? '') };
}

/** All of them together. */
export function sumInFlight(shards: readonly InFlight[]): InFlight {
  return {
    count: shards.reduce((sum, { count }) => sum + count, 0),
    messages: shards.flatMap(({ messages }) => messages).slice(0, namedMax),
  };
}

const namedMax = 100;
