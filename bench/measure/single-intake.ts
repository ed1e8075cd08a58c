import { alternate, pick } from '../alternate.ts';
import type { Benchmark, Measurement } from '../benchmark.ts';
import { type Load, postLoad } from '../load.ts';
import { hasCpuTimes, pidOf, withCpuTime } from '../processes.ts';
import { makeEvent, type Stacks, withStacks } from '../start-stacks.ts';

/** One event a request, nothing behind the API: what a `202` costs, on disk here and in memory there. */
export const singleIntake: Benchmark = {
  name: 'single-intake',
  measure: ({ rounds, roundSeconds, warmUpRequests }) =>
    withStacks({ ours: ['api'], plain: ['api'] }, async ({ ours, plain }) => {
      const post = async (stack: Stacks['ours' | 'plain'], until: Load['until']) => {
        const token = await ours.token('upstream');
        return await withCpuTime(pidOf(stack.processes, 'api'), () =>
          postLoad({ url: `${stack.url}/api/events`, token, makeBody: makeEvent, until }),
        );
      };
      for (const stack of [ours, plain]) await post(stack, { requests: warmUpRequests });
      const measured = await alternate(
        { rounds, warmUps: 0 },
        () => post(ours, { seconds: roundSeconds }),
        () => post(plain, { seconds: roundSeconds }),
      );
      const cpu: Measurement = {
        what: 'single intake, processor time of the API',
        unit: 'µs/event',
        better: 'less',
        ...pick(measured, ({ cpuMs, requests }) => (cpuMs * 1_000) / requests),
      };
      return [
        {
          what: 'single intake',
          unit: 'events/s',
          better: 'more',
          ...pick(measured, ({ perSecond }) => perSecond),
          target: { on: 'ratio', limit: 1 },
        },
        { what: 'single intake p50', unit: 'ms', better: 'less', ...pick(measured, ({ p50Ms }) => p50Ms) },
        { what: 'single intake p99', unit: 'ms', better: 'less', ...pick(measured, ({ p99Ms }) => p99Ms) },
        ...(hasCpuTimes ? [cpu] : []),
      ];
    }),
};
