import { Redis } from 'ioredis';
import { eraOf, isLineage } from '../domain/store-mark.ts';
import { loadScript } from './scripts.ts';
import type { Witness } from './witness.ts';

const script = loadScript(new URL('./raise-witness.lua', import.meta.url), {
  keys: ['witness'],
  args: ['lineage', 'era', 'epoch', 'changes'],
});

/** A witness in a second Redis, which must fsync before it answers like the store itself. It connects when it is first asked. */
export function createRedisWitness(options: {
  readonly url: string;
  readonly key: string;
  readonly timeoutMs: number;
  readonly onError: (error: Error) => void;
}): Witness {
  const redis = new Redis(options.url, {
    lazyConnect: true,
    connectionName: 'acc-witness',
    connectTimeout: options.timeoutMs,
    commandTimeout: options.timeoutMs,
    maxRetriesPerRequest: 1,
    retryStrategy: (times) => Math.min(100 * times, 1_000),
  });
  redis.on('error', options.onError);
  return {
    read: async () => {
      const [lineage, epoch, changes] = await redis.hmget(options.key, 'lineage', 'epoch', 'changes');
      return typeof lineage === 'string' && isLineage(lineage)
        ? { lineage, epoch: Number(epoch), changes: Number(changes) }
        : undefined;
    },
    raise: async (mark) => {
      await script.run(redis, { witness: options.key }, { ...mark, era: eraOf(mark.lineage) });
    },
    close: () => redis.disconnect(),
  };
}
