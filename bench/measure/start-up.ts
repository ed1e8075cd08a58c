import type { ProcessKind } from '../../test/support/service.ts';
import { alternate, pick } from '../alternate.ts';
import type { Benchmark, Measurement } from '../benchmark.ts';
import { hasCpuTimes, readCpuMs } from '../processes.ts';
import type { PlainKind } from '../start-plain.ts';
import { withStacks } from '../start-stacks.ts';

const targetMs = 1_000;
/** Each of ours beside the process of theirs that does its work. */
const pairs: readonly (readonly [ProcessKind, PlainKind | undefined])[] = [
  ['api', 'api'],
  ['sender', 'worker'],
  ['planner', undefined],
  ['guard', undefined],
];

/** From the start of a process to the moment at which it says that it is ready, one process at a time. */
export const startUp: Benchmark = {
  name: 'start-up',
  measure: ({ rounds }) =>
    withStacks({ ours: [], plain: [] }, async ({ ours, plain }) => {
      const figures: Measurement[] = [];
      for (const [kind, theirKind] of pairs) {
        const measured = await alternate(
          // A start is a long thing, and differs little from the next.
          { rounds: Math.ceil(rounds / 2), warmUps: 0 },
          {
            ours: () => timeStart(ours, kind),
            theirs: async () => (theirKind === undefined ? nothing : await timeStart(plain, theirKind)),
          },
        );
        const toMeasurement = (what: string, read: (start: Start) => number): Measurement => {
          const { ours: values, theirs } = pick(measured, read);
          const head = { what: `start-up, ${kind}${what}`, unit: 'ms', better: 'less' } as const;
          return { ...head, ours: values, ...(theirKind === undefined ? {} : { theirs }) };
        };
        figures.push({
          ...toMeasurement('', ({ tookMs }) => tookMs),
          target: { on: 'ours', limit: targetMs },
        });
        if (hasCpuTimes) figures.push(toMeasurement(', processor time', ({ cpuMs }) => cpuMs));
      }
      return figures;
    }),
};

interface Start {
  readonly tookMs: number;
  readonly cpuMs: number;
}

const nothing: Start = { tookMs: 0, cpuMs: 0 };

interface Starter<Kind> {
  startProcess(kind: Kind): Promise<{ readonly pid: number; stop(deadlineMs: number): Promise<unknown> }>;
}

async function timeStart<Kind>(stack: Starter<Kind>, kind: Kind): Promise<Start> {
  const begun = performance.now();
  const started = await stack.startProcess(kind);
  const start = { tookMs: performance.now() - begun, cpuMs: readCpuMs(started.pid) };
  await started.stop(5_000);
  return start;
}
