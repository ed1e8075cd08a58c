import type { Benchmark, Measurement } from '../benchmark.ts';
import { postLoad } from '../load.ts';
import { pidOf, readRedisPid, readRssMb } from '../processes.ts';
import { makeEvent, type Stacks, withStacks } from '../start-stacks.ts';

const targetMb = 400;

/** Resident memory of each process: idle after the start, and after the same work. */
export const memory: Benchmark = {
  name: 'memory',
  measure: ({ roundEvents }) =>
    withStacks({ ours: ['planner', 'sender', 'guard', 'api'], plain: ['worker', 'api'] }, async (stacks) => {
      const { ours, plain, sink } = stacks;
      const idle = await readMeasurements(stacks, 'memory, idle');
      for (const { url } of [ours, plain]) {
        const tokens = [await ours.token('upstream')];
        sink.clear();
        const until = { requests: roundEvents };
        await postLoad({ url: `${url}/api/events`, tokens, makeBody: makeEvent, until });
        await sink.waitForMails(roundEvents);
      }
      const afterWork = await readMeasurements(stacks, 'memory, after work');
      return [
        ...idle.slice(0, -1),
        ...idle.slice(-1).map((total) => ({ ...total, target: { on: 'ours', limit: targetMb } as const })),
        ...afterWork,
      ];
    }),
};

/** The last of them is the sum of the others. */
async function readMeasurements(
  { ours, plain }: Pick<Stacks, 'ours' | 'plain'>,
  what: string,
): Promise<readonly Measurement[]> {
  const readOurs = (name: string): number => readRssMb(pidOf(ours.processes, name));
  const readPlain = (name: string): number => readRssMb(pidOf(plain.processes, name));
  const compared = [
    toMeasurement(`${what}: API`, readOurs('api'), readPlain('api')),
    toMeasurement(`${what}: sender beside worker`, readOurs('sender'), readPlain('worker')),
    toMeasurement(`${what}: Redis`, await readRedisMb(ours), await readRedisMb(plain)),
  ];
  const alone = [
    toMeasurement(`${what}: planner`, readOurs('planner')),
    toMeasurement(`${what}: guard`, readOurs('guard')),
  ];
  const all = toMeasurement(
    `${what}: everything`,
    sum([...compared, ...alone], 'ours'),
    sum(compared, 'theirs'),
  );
  return [...compared, ...alone, all];
}

async function readRedisMb({ redis }: Stacks['ours' | 'plain']): Promise<number> {
  return readRssMb(await readRedisPid(redis));
}

function toMeasurement(what: string, mb: number, theirs?: number): Measurement {
  const head = { what, unit: 'MB', better: 'less' } as const;
  return { ...head, ours: [mb], ...(theirs === undefined ? {} : { theirs: [theirs] }) };
}

function sum(figures: readonly Measurement[], side: 'ours' | 'theirs'): number {
  return figures.flatMap((figure) => figure[side] ?? []).reduce((total, mb) => total + mb, 0);
}
