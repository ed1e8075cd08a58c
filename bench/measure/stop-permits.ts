import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { type Child, startChild } from '../../local/child.ts';
import { startRedis } from '../../local/redis.ts';
import { setFlag } from '../../src/gate/flags.ts';
import { stopSending } from '../../src/gate/stop-sending.ts';
import type { Store } from '../../src/store/keys.ts';
import { createKeys } from '../../src/store/keys.ts';
import { openStore } from '../../src/store/open-store.ts';
import { waitFor } from '../../test/support/wait-for.ts';
import type { Benchmark } from '../benchmark.ts';
import { gatePrefix } from '../gate-settings.ts';
import { withReleases } from '../start-stacks.ts';
import { percentile } from '../statistics.ts';

const askers = 4;
const permitsInFlight = 100;
const targetMs = 25;

/** A stop while a hundred permits are being asked for: how long it waits for its turn in Redis, without HTTP and mails. */
export const stopPermits: Benchmark = {
  name: 'stop-permits',
  measure: async ({ rounds, roundStops }) => {
    const dir = mkdtempSync(join(tmpdir(), 'bench-stop-'));
    try {
      return await withReleases(async (keep) => {
        const server = await keep(startRedis({ dir, port: 0 }));
        const redis = new Redis(server.url);
        const store = { redis, keys: createKeys(gatePrefix, 1) };
        await keep(Promise.resolve({ stop: async () => redis.disconnect() }));
        await openStore(redis, store.keys, { nowMs: Date.now(), environment: 'local' });
        for (let asker = 0; asker < askers; asker += 1) {
          const child = await keep(startAsker(server.url, join(dir, `asker-${asker}.log`)));
          await child.ready;
        }
        const measured: number[][] = [];
        for (let round = -1; round < rounds; round += 1) {
          const times = await stopOften(store, roundStops);
          if (round >= 0) measured.push(times);
        }
        return ([0.5, 0.99] as const).map((share) => ({
          what: `stop confirmed, ${permitsInFlight} permits in flight, p${share * 100}`,
          unit: 'ms',
          better: 'less' as const,
          ours: measured.map((times) => percentile(times, share)),
          ...(share === 0.99 ? { target: { on: 'ours', limit: targetMs } as const } : {}),
        }));
      });
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
};

async function startAsker(redisUrl: string, logFile: string) {
  const ready = Promise.withResolvers<undefined>();
  const child: Child = startChild({
    name: 'asker',
    file: fileURLToPath(new URL('../ask-permits.ts', import.meta.url)),
    cwd: process.cwd(),
    environment: {
      PATH: process.env['PATH'] ?? '',
      REDIS_URL: redisUrl,
      IN_FLIGHT: String(permitsInFlight / askers),
    },
    logFile,
    onLine: (line) => {
      if (line === 'ready') ready.resolve(undefined);
    },
  });
  const fail = (how: string) => {
    throw new Error(`the asker ended (${how}):\n${child.lastLines().join('\n')}`);
  };
  return {
    ready: Promise.race([ready.promise, child.exited.then(fail)]),
    stop: async () => {
      await child.stop(1_000);
    },
  };
}

/** Times from the order to nothing under way, ms. */
async function stopOften({ redis, keys }: Store, stops: number): Promise<number[]> {
  const clocks = { now: () => Date.now(), monotonicNow: () => performance.now() };
  const store = { redis, keys, ...clocks };
  const times: number[] = [];
  const { inflight } = keys.shard(0);
  for (let count = 0; count < stops; count += 1) {
    await waitFor(
      'permits are given',
      () => redis.zcard(inflight),
      (granted) => granted > 0,
      { everyMs: 1 },
    );
    const order = { flag: 'send', actor: 'bench', reason: 'bench' } as const;
    const report = await stopSending(store, { ...order, waitMs: 10_000 });
    if (report.quiescedMs === undefined) throw new Error(`not quiesced: ${JSON.stringify(report)}`);
    times.push(report.quiescedMs);
    await setFlag(store, { ...order, value: 'on', seenEpoch: report.epoch });
  }
  return times;
}
