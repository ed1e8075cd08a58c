import { alternate, pick } from '../alternate.ts';
import type { Benchmark, Measurement } from '../benchmark.ts';
import { postLoad } from '../load.ts';
import { toCpuFigures, withCpuTimes } from '../processes.ts';
import { makeBatch, type Stacks, withStacks } from '../start-stacks.ts';

const batchSize = 200;
/** A batch keeps many writes in flight by itself. One alone shows what a batch costs when nothing overlaps. */
const widths = [4, 1] as const;
const target = { on: 'ratio', limit: 1 } as const;

/** Many events a request, against `addBulk` of as many without HTTP on a durable Redis, and against it behind HTTP. */
export const batchIntake: Benchmark = {
  name: 'batch-intake',
  measure: ({ rounds, roundEvents }) =>
    withStacks({ ours: ['api'], plain: ['api'], durable: ['add-bulk'] }, async (stacks) => {
      // Counted, not timed: the answer to a batch may take longer than a short round.
      const batches = Math.ceil((8 * roundEvents) / batchSize);
      const figures: Measurement[] = [];
      for (const inFlight of widths) {
        const measured = await alternate(
          { rounds },
          {
            ours: () => postBatches(stacks, 'ours', { batches, inFlight }),
            plain: () => postBatches(stacks, 'plain', { batches, inFlight }),
            raw: () => addBatches(stacks, { batches, inFlight }),
          },
        );
        const what = `batch of ${batchSize}, ${inFlight} in flight`;
        const head = { what, unit: 'events/s', better: 'more' } as const;
        const besideRaw = { ours: measured.ours, theirs: measured.raw };
        const besidePlain = { ours: measured.ours, theirs: measured.plain };
        const against = 'addBulk, durable, no HTTP';
        figures.push(
          {
            ...head,
            ...pick(besideRaw, ({ perSecond }) => perSecond),
            against,
            ...(inFlight === 4 ? { target } : {}),
          },
          { ...head, ...pick(besidePlain, ({ perSecond }) => perSecond) },
          ...toCpuFigures(what, 'event', besideRaw, against),
        );
      }
      return figures;
    }),
};

interface Batches {
  readonly batches: number;
  readonly inFlight: number;
}

async function postBatches(stacks: Stacks, side: 'ours' | 'plain', { batches, inFlight }: Batches) {
  const stack = stacks[side];
  const tokens = [await stacks.ours.token('upstream')];
  return await withCpuTimes(stack, async () => {
    const { perSecond } = await postLoad({
      url: `${stack.url}/api/events/batch`,
      tokens,
      makeBody: () => makeBatch(batchSize),
      connections: inFlight,
      until: { requests: batches },
    });
    return { perSecond: batchSize * perSecond, count: batchSize * batches };
  });
}

async function addBatches({ durable }: Stacks, { batches, inFlight }: Batches) {
  return await withCpuTimes(durable, async () => {
    const begun = performance.now();
    const response = await fetch(`${durable.url}/${batches}/${batchSize}/${inFlight}`, { method: 'POST' });
    if (response.status !== 204) throw new Error(`addBulk: ${await response.text()}`);
    const count = batchSize * batches;
    return { perSecond: (count * 1_000) / (performance.now() - begun), count };
  });
}
