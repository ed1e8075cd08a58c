import { waitFor } from '../../test/support/wait-for.ts';
import { alternate, pick } from '../alternate.ts';
import type { Benchmark } from '../benchmark.ts';
import { postLoad } from '../load.ts';
import { readUsedBytes } from '../redis-figures.ts';
import { makeEvent, type Stacks, withStacks } from '../start-stacks.ts';

const targetBytes = 1_000;

/** What an event takes in Redis while it waits: accepted, and, with us, planned into a message. */
export const storeSize: Benchmark = {
  name: 'store-size',
  measure: (scale) =>
    withStacks({ ours: ['api'], plain: ['api'] }, async ({ ours, plain }) => {
      const grow = async ({ redis, url }: Stacks['ours' | 'plain']): Promise<number> => {
        const before = await readUsedBytes(redis);
        const tokens = [await ours.token('upstream')];
        const until = { requests: scale.roundEvents };
        await postLoad({ url: `${url}/api/events`, tokens, makeBody: makeEvent, until });
        return ((await readUsedBytes(redis)) - before) / scale.roundEvents;
      };
      const rounds = await alternate(scale, { ours: () => grow(ours), theirs: () => grow(plain) });
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
      const head = { unit: 'bytes', better: 'less' } as const;
      return [
        {
          what: 'Redis per queued event',
          ...head,
          ...pick(rounds, Number),
          target: { on: 'ours', limit: targetBytes },
        },
        { what: 'Redis more per event, once planned', ...head, ours: [planned] },
      ];
    }),
};
