import type { Redis } from 'ioredis';

/** One call of a script, as it goes over the wire: keys and arguments in the order of their names. */
export interface ScriptCall {
  /** By name; a list where the name is one. */
  readonly keys: readonly (string | readonly string[])[];
  readonly args: readonly (string | number | readonly (string | number)[])[];
}

/** What became of one call of a group. */
export type ScriptEnd = { readonly result: unknown } | { readonly error: unknown };

/** Runs calls as one; what it returns has an end for each, in their order. Never rejects. */
export type RunGroup = (redis: Redis, calls: readonly ScriptCall[]) => Promise<readonly ScriptEnd[]>;

/** Few enough that nobody else waits for long: Redis runs nothing beside a script (16 permits take it 1.5 ms). */
export const callsMax = 16;
/** Characters of arguments in a group; what is longer goes with few others or alone. */
const sizeMax = 64 * 1024;

interface Waiting {
  readonly calls: ScriptCall[];
  readonly ends: ((end: ScriptEnd) => void)[];
  size: number;
}

/**
 * Group commit. Calls that are made in one turn of the event loop and concern one shard become one: they share a round
 * trip, and the store writes and fsyncs once for all of them. A group leaves when the turn ends, and before that when it is
 * full, so that nothing waits for a group to fill up. The shard is what its keys begin with, up to
 * the end of the hash tag.
 */
export function createCallGroups(run: RunGroup): (redis: Redis, call: ScriptCall) => Promise<unknown> {
  const groups = new WeakMap<Redis, Map<string, Waiting>>();
  const leave = (redis: Redis, shard: string, group: Waiting): void => {
    const waiting = groups.get(redis);
    // It left already: it was full.
    if (waiting?.get(shard) !== group) return;
    waiting.delete(shard);
    void run(redis, group.calls).then((ends) => {
      for (const [index, settle] of group.ends.entries())
        settle(ends[index] ?? { error: new Error('the store returned no result') });
    });
  };
  return async (redis, call) => {
    const waiting = groups.get(redis) ?? new Map<string, Waiting>();
    groups.set(redis, waiting);
    const shard = findShard(call);
    let group = waiting.get(shard);
    if (group === undefined) {
      const opened: Waiting = { calls: [], ends: [], size: 0 };
      waiting.set(shard, opened);
      setImmediate(() => leave(redis, shard, opened));
      group = opened;
    }
    const { calls, ends } = group;
    const ended = new Promise<ScriptEnd>((resolve) => {
      ends.push(resolve);
    });
    calls.push(call);
    group.size += sizeOf(call);
    if (calls.length >= callsMax || group.size >= sizeMax) leave(redis, shard, group);
    const end = await ended;
    if ('error' in end) throw end.error;
    return end.result;
  };
}

/** With what comes before the hash tag: the proof of life has a gate and counts of its own under the same tag. */
function findShard({ keys: [first = ''] }: ScriptCall): string {
  const key = typeof first === 'string' ? first : (first[0] ?? '');
  return key.slice(0, key.indexOf('}'));
}

function sizeOf({ args }: ScriptCall): number {
  let size = 0;
  for (const arg of args.flat()) if (typeof arg === 'string') size += arg.length;
  return size;
}
