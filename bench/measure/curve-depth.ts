import type { Service } from '../../test/support/service.ts';
import { waitFor } from '../../test/support/wait-for.ts';
import { createCurve, planSome } from '../curve.ts';
import { postLoad } from '../load.ts';
import { readUsedBytes } from '../redis-figures.ts';
import { signTokens } from '../sign-tokens.ts';
import { makeBatch } from '../start-stacks.ts';

const batchSizeMax = 500;
const millionEvents = 1_000_000;

/** Up to a million events that wait: posted in batches like any other, a tenth of them planned. */
export const curveDepth = createCurve({
  name: 'curve-depth',
  over: 'events queued',
  base: 1_000,
  points: { full: [10_000, 100_000, millionEvents], quick: [2_000] },
  target: { at: millionEvents, limit: 0.9 },
  arrange: async (service, at) => {
    const before = await readUsedBytes(service.redis);
    await postEvents(service, at);
    const bytesPerEvent = ((await readUsedBytes(service.redis)) - before) / at;
    await planSome(service, at / 10);
    await waitForRewrite(service);
    return { bytesPerEvent };
  },
});

async function postEvents(service: Service, count: number): Promise<void> {
  const size = Math.min(batchSizeMax, count / 4);
  await postLoad({
    url: `${service.url}/api/events/batch`,
    tokens: await signTokens(service, 1),
    makeBody: () => makeBatch(size),
    connections: 4,
    until: { requests: count / size },
  });
}

/** Filled so fast, Redis writes its append-only file anew; that is over before anything is measured. */
async function waitForRewrite({ redis }: Service): Promise<void> {
  await waitFor(
    'no rewrite of the append-only file',
    () => redis.info('persistence'),
    (persistence) => /^aof_rewrite_in_progress:0/m.test(persistence),
    { deadlineMs: 300_000, everyMs: 100 },
  );
}
