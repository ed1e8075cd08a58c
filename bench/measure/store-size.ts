import { Redis } from 'ioredis';
import { waitFor } from '../../test/support/wait-for.ts';
import { alternate, pick } from '../alternate.ts';
import type { Benchmark } from '../benchmark.ts';
import { postLoad } from '../load.ts';
import { makeEvent, withStacks } from '../start-stacks.ts';

const targetBytes = 1.5 * 1_024;

/** What an event takes in Redis while it waits: accepted, and, with us, planned into a message. */
export const storeSize: Benchmark = {
  name: 'store-size',
  measure: (scale) =>
    withStacks({ ours: ['api'], plain: ['api'] }, async ({ ours, plain }) => {
      const theirRedis = new Redis(plain.redisUrl);
      const grow = async (redis: Redis, url: string): Promise<number> => {
        const before = await readUsedBytes(redis);
        const token = await ours.token('upstream');
        const until = { requests: scale.roundEvents };
        await postLoad({ url: `${url}/api/events`, token, makeBody: makeEvent, until });
        return ((await readUsedBytes(redis)) - before) / scale.roundEvents;
      };
      try {
        const rounds = await alternate(
          scale,
          () => grow(ours.redis, ours.url),
          () => grow(theirRedis, plain.url),
        );
        const accepted = pick(rounds, Number);
        const { eventsOpen, messagesOpen } = ours.keys.shard(0);
        const before = await readUsedBytes(ours.redis);
        await ours.startProcess('planner');
        await waitFor(
          'everything is planned',
          () => ours.redis.zcard(eventsOpen),
          (open) => open === 0,
          { deadlineMs: 120_000, everyMs: 50 },
        );
        const planned = ((await readUsedBytes(ours.redis)) - before) / (await ours.redis.zcard(messagesOpen));
        return [
          {
            what: 'Redis per queued event',
            unit: 'bytes',
            better: 'less',
            ...accepted,
            target: { on: 'ours', limit: targetBytes },
          },
          {
            what: 'Redis more per event, once planned',
            unit: 'bytes',
            better: 'less',
            ours: [planned],
          },
        ];
      } finally {
        theirRedis.disconnect();
      }
    }),
};

/** Without what clients and the append-only file have in their buffers at the moment. */
async function readUsedBytes(redis: Redis): Promise<number> {
  const memory = await redis.info('memory');
  const read = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(memory)?.[1]);
  return (
    read('used_memory') - read('mem_clients_normal') - read('mem_aof_buffer') - read('used_memory_scripts')
  );
}
