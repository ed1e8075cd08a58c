import type { Redis } from 'ioredis';
import { type Rehearsal, type ReleaseDigest, rehearsalMsMax } from '../domain/judge-rehearsal.ts';
import type { Store } from '../store/keys.ts';
import { callStore } from '../store/scripts.ts';
import { readStoreClock } from '../store/store-clock.ts';

/** Long enough to say of a rehearsal that it is too old. */
const keptMs = 10 * rehearsalMsMax;

/** Puts on record that messages of these types were rehearsed with this release, now. */
export async function recordRehearsals(
  { redis, keys }: Store,
  { templates, settings }: ReleaseDigest,
  types: readonly string[],
): Promise<void> {
  if (types.length === 0) return;
  const { rehearsals } = keys.central;
  const atMs = await readStoreClock(redis);
  const fields = types.flatMap((type) => [`${templates} ${settings} ${type}`, atMs]);
  await callStore('record rehearsal', async () => {
    const old = (await readAll(redis, rehearsals)).filter(([, at]) => at < atMs - keptMs);
    const change = redis
      .multi()
      .hset(rehearsals, ...fields)
      .pexpire(rehearsals, keptMs);
    if (old.length > 0) change.hdel(rehearsals, ...old.map(([field]) => field));
    await change.exec();
  });
}

/** Collects which types are rehearsed with this release; `record` puts them on record together. */
export function createRehearsalRecorder(
  store: Store,
  release: ReleaseDigest,
): { readonly note: (type: string) => void; readonly record: () => Promise<void> } {
  const types = new Set<string>();
  return {
    note: (type) => void types.add(type),
    record: async () => {
      const noted = [...types];
      await recordRehearsals(store, release, noted);
      for (const type of noted) types.delete(type);
    },
  };
}

/** What was rehearsed, whether something is live, and what the store's clock says. Throws `store-unavailable`. */
export async function readRehearsals({ redis, keys }: Store): Promise<{
  readonly rehearsals: readonly Rehearsal[];
  readonly isLive: boolean;
  readonly atMs: number;
}> {
  const { rehearsals, live } = keys.central;
  const atMs = await readStoreClock(redis);
  return await callStore('read rehearsals', async () => {
    const [fields, isLive] = await Promise.all([readAll(redis, rehearsals), redis.exists(live)]);
    return {
      atMs,
      isLive: isLive === 1,
      rehearsals: fields.map(([field, at]) => {
        const [templates = '', settings = '', type = ''] = field.split(' ');
        return { templates, settings, type, at };
      }),
    };
  });
}

/** Keeps on record that production is live; forgotten when nobody says so for as long as a rehearsal counts. */
export async function keepLive({ redis, keys }: Store): Promise<void> {
  await callStore('keep live', () => redis.set(keys.central.live, '1', 'PX', rehearsalMsMax));
}

async function readAll(redis: Redis, key: string): Promise<[field: string, atMs: number][]> {
  return Object.entries(await redis.hgetall(key)).map(([field, at]) => [field, Number(at)]);
}
