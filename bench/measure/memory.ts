import type { Benchmark, Figure } from '../benchmark.ts';
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
          sink.forget();
          const until = { requests: roundEvents };
          await postLoad({ url: `${url}/api/events`, token, makeBody: makeEvent, until });
          await sink.waitForMails(roundEvents);
        }
        return await readFigures({ ours, plain });
      },
    ),
};

async function readFigures({ ours, plain }: Pick<Stacks, 'ours' | 'plain'>): Promise<readonly Figure[]> {
  const readOurs = (name: string): number => readRssMb(pidOf(ours.processes, name));
  const readPlain = (name: string): number => readRssMb(pidOf(plain.processes, name));
  const compared = [
    toFigure('API', readOurs('api'), readPlain('api')),
    toFigure('sender beside worker', readOurs('sender'), readPlain('worker')),
    toFigure('Redis', readRssMb(await readRedisPid(ours.redis)), readRssMb(plain.redisPid)),
  ];
  const alone = [toFigure('planner', readOurs('planner')), toFigure('guard', readOurs('guard'))];
  const total = toFigure('everything', sum([...compared, ...alone], 'ours'), sum(compared, 'theirs'));
  return [...compared, ...alone, total];
}

function toFigure(what: string, mb: number, theirs?: number): Figure {
  const head = { what: `memory, ${what}`, unit: 'MB', better: 'less' } as const;
  return { ...head, ours: [mb], ...(theirs === undefined ? {} : { theirs: [theirs] }) };
}

function sum(figures: readonly Figure[], side: 'ours' | 'theirs'): number {
  return figures.flatMap((figure) => figure[side] ?? []).reduce((total, mb) => total + mb, 0);
}
