import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { startRedis } from '../../local/redis.ts';
import type { Permits } from '../../src/gate/permits.ts';
import { createKeys, type Keys } from '../../src/store/keys.ts';
import type { MessageRecord } from '../../src/store/message-record.ts';
import { openStore } from '../../src/store/open-store.ts';
import { createMessage } from '../../test/support/gate-store.ts';
import { alternate, pick } from '../alternate.ts';
import type { Benchmark } from '../benchmark.ts';
import { gatePrefix, openPermits } from '../gate-settings.ts';

const inFlight = 16;

/** What the gate costs a message: the round trip of its permit, on disk, beside the smallest write there is. */
export const permit: Benchmark = {
  name: 'permit',
  measure: async (scale) => {
    const dir = mkdtempSync(join(tmpdir(), 'bench-permit-'));
    const server = await startRedis({ dir, port: 0 });
    const redis = new Redis(server.url);
    try {
      const keys = createKeys(gatePrefix, 1);
      await openStore(redis, keys, { nowMs: Date.now(), environment: 'local' });
      const permits = openPermits(redis, keys);
      const askAll = (width: number) => async () =>
        await askPermits({ redis, permits, width }, await makeMessages(redis, keys, scale.roundEvents));
      const setAll = (width: number) => async () => ({
        perCallUs: await timeCalls(scale.roundEvents, width, (at) =>
          redis.set(`probe:${at}`, 'x'.repeat(64)),
        ),
        scriptUs: 0,
      });
      const alone = await alternate(scale, { ours: askAll(1), theirs: setAll(1) });
      const together = await alternate(scale, { ours: askAll(inFlight), theirs: setAll(inFlight) });
      const head = { unit: 'µs', better: 'less', against: 'SET on the same Redis' } as const;
      return [
        { what: 'permit round trip', ...head, ...pick(alone, ({ perCallUs }) => perCallUs) },
        {
          what: `permit, ${inFlight} in flight`,
          ...head,
          ...pick(together, ({ perCallUs }) => perCallUs),
        },
        {
          what: 'permit script alone (commandstats)',
          unit: 'µs',
          better: 'less',
          ours: alone.ours.map(({ scriptUs }) => scriptUs),
        },
      ];
    } finally {
      redis.disconnect();
      await server.stop();
      rmSync(dir, { recursive: true, force: true });
    }
  },
};

async function makeMessages(redis: Redis, keys: Keys, count: number): Promise<readonly MessageRecord[]> {
  return await Promise.all(Array.from({ length: count }, () => createMessage(redis, keys)));
}

async function askPermits(
  gate: { readonly redis: Redis; readonly permits: Permits; readonly width: number },
  messages: readonly MessageRecord[],
): Promise<{ perCallUs: number; scriptUs: number }> {
  await gate.redis.config('RESETSTAT');
  const perCallUs = await timeCalls(messages.length, gate.width, async (at) => {
    const message = messages[at];
    if (message === undefined) throw new RangeError(`no message ${at}`);
    const answer = await gate.permits.ask({ message, provider: 'smtp', segments: 1, rehearse: false });
    if (answer.kind !== 'go') throw new Error(`the gate said ${JSON.stringify(answer)}`);
  });
  const stats = await gate.redis.info('commandstats');
  const scriptUs = Number(/cmdstat_evalsha:.*?usec_per_call=([\d.]+)/.exec(stats)?.[1] ?? Number.NaN);
  return { perCallUs, scriptUs };
}

/** Microseconds of a call, with `width` of them under way at any time. */
async function timeCalls(
  count: number,
  width: number,
  call: (at: number) => Promise<unknown>,
): Promise<number> {
  let next = 0;
  const callOn = async (): Promise<void> => {
    while (next < count) {
      const at = next;
      next += 1;
      await call(at);
    }
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: width }, callOn));
  return ((performance.now() - begun) * 1_000) / count;
}
