import { alternate, pick } from '../alternate.ts';
import type { Benchmark } from '../benchmark.ts';
import { type Load, postLoad } from '../load.ts';
import { makeBatch, makeEvent, withStacks } from '../start-stacks.ts';

const batchSize = 200;
/** A batch keeps many writes in flight by itself. */
const connections = 4;

/** Many events a request, against the plain stack's `addBulk` and against our own single intake. */
export const batchIntake: Benchmark = {
  name: 'batch-intake',
  measure: ({ rounds, roundSeconds, roundEvents, warmUpRequests }) =>
    withStacks({ ours: ['api'], plain: ['api'] }, async ({ ours, plain }) => {
      // Counted, not timed: the answer to a batch may take longer than a short round.
      const requests = Math.ceil((8 * roundEvents) / batchSize);
      const postSingle = async (until: Load['until']): Promise<number> => {
        const token = await ours.token('upstream');
        return (await postLoad({ url: `${ours.url}/api/events`, token, makeBody: makeEvent, until }))
          .perSecond;
      };
      const postBatches = async (url: string): Promise<number> => {
        const token = await ours.token('upstream');
        const given = { makeBody: () => makeBatch(batchSize), connections, until: { requests } };
        return batchSize * (await postLoad({ url: `${url}/api/events/batch`, token, ...given })).perSecond;
      };
      await postSingle({ requests: warmUpRequests });
      const besidePlain = await alternate(
        { rounds },
        () => postBatches(ours.url),
        () => postBatches(plain.url),
      );
      const besideSingle = await alternate(
        { rounds, warmUps: 0 },
        () => postBatches(ours.url),
        () => postSingle({ seconds: roundSeconds }),
      );
      const head = {
        what: `batch intake, ${batchSize} a request`,
        unit: 'events/s',
        better: 'more',
      } as const;
      return [
        { ...head, ...pick(besidePlain, Number) },
        {
          ...head,
          ...pick(besideSingle, Number),
          against: 'own single intake',
          target: { on: 'ratio', limit: 5 },
        },
      ];
    }),
};
