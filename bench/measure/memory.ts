import type { Benchmark, Measurement } from '../benchmark.ts';
import { postLoad } from '../load.ts';
import { pidOf, readRedisPid, readRssMb } from '../processes.ts';
import { makeEvent, type Stacks, withStacks } from '../start-stacks.ts';

/** Resident memory of each process after the same work. */
export const memory: Benchmark = {
  name: 'memory',
  measure: ({ roundEvents }) =>
    withStacks(
      { ours: ['planner', 'sender', 'guard', 'api'], plain: ['worker', 'api'] },
      async ({ ours, plain, sink }) => {
        for (const { url } of [ours, plain]) {
          const token = await ours.token('upstream');
          sink.clear();
          const until = { requests: roundEvents };
          await postLoad({ url: `${url}/api/events`, token, makeBody: makeEvent, until });
          await sink.waitForMails(roundEvents);
        }
        return await readMeasurements({ ours, plain });
      },
    ),
};

async function readMeasurements({
  ours,
  plain,
}: Pick<Stacks, 'ours' | 'plain'>): Promise<readonly Measurement[]> {
  const readOurs = (name: string): number => readRssMb(pidOf(ours.processes, name));
  const readPlain = (name: string): number => readRssMb(pidOf(plain.processes, name));
  const compared = [
    toMeasurement('API', readOurs('api'), readPlain('api')),
    toMeasurement('sender beside worker', readOurs('sender'), readPlain('worker')),
    toMeasurement('Redis', readRssMb(await readRedisPid(ours.redis)), readRssMb(plain.redisPid)),
  ];
  const alone = [toMeasurement('planner', readOurs('planner')), toMeasurement('guard', readOurs('guard'))];
  const total = toMeasurement('everything', sum([...compared, ...alone], 'ours'), sum(compared, 'theirs'));
  return [...compared, ...alone, total];
}

function toMeasurement(what: string, mb: number, theirs?: number): Measurement {
  const head = { what: `memory, ${what}`, unit: 'MB', better: 'less' } as const;
  return { ...head, ours: [mb], ...(theirs === undefined ? {} : { theirs: [theirs] }) };
}

function sum(figures: readonly Measurement[], side: 'ours' | 'theirs'): number {
  return figures.flatMap((figure) => figure[side] ?? []).reduce((total, mb) => total + mb, 0);
}
