import { alternate, pick, type Rounds } from '../alternate.ts';
import type { Benchmark, Measurement, Scale } from '../benchmark.ts';
import { type Load, type LoadResult, postLoad } from '../load.ts';
import { toCpuFigures, type Worked, withCpuTimes } from '../processes.ts';
import { signTokens } from '../sign-tokens.ts';
import { durablePlain, makeEvent, type Stacks, withStacks } from '../start-stacks.ts';

/** With fewer than 32 no target: few callers wait for one another's fsync and for nothing else. */
const widths = [16, 32, 64] as const;
const freshWidths = [32, 64] as const;
/** Each is used once: a service that remembers tokens has nothing of it. */
const freshTokens = 1_000;
const targetRatio = 2;
const targetRatioFresh = 1.3;

type Side = 'ours' | 'plain' | 'durable';
type Round = LoadResult & Worked;

/** One event a request, nothing behind the API: what a `202` costs, on disk here and in memory there. */
export const singleIntake: Benchmark = {
  name: 'single-intake',
  measure: (scale) =>
    withStacks({ ours: ['api'], plain: ['api'], durable: ['api'] }, async (stacks) => {
      await warmUp(stacks, scale);
      const figures: Measurement[] = [];
      for (const connections of widths) {
        const rounds = await measureWithOneToken(stacks, scale, connections);
        const limit = connections === 16 ? undefined : targetRatio;
        figures.push(...toFigures(`single intake, ${connections} connections`, rounds, limit));
      }
      for (const connections of freshWidths) {
        const rounds = await measureWithFreshTokens(stacks, scale, connections);
        const what = `single intake, ${connections} connections, fresh tokens`;
        figures.push(...toFigures(what, rounds, targetRatioFresh));
      }
      return figures;
    }),
};

async function warmUp(stacks: Stacks, { warmUpRequests }: Scale): Promise<void> {
  const tokens = [await stacks.ours.token('upstream')];
  const load = { tokens, until: { requests: warmUpRequests } };
  for (const side of ['ours', 'plain', 'durable'] as const) await post(stacks[side], load);
}

async function measureWithOneToken(
  stacks: Stacks,
  { rounds, roundSeconds }: Scale,
  connections: number,
): Promise<Rounds<Side, Round>> {
  const until = { seconds: roundSeconds };
  const measure = (side: Side) => async () =>
    await post(stacks[side], { tokens: [await stacks.ours.token('upstream')], connections, until });
  return await alternate(
    { rounds, warmUps: 0 },
    { ours: measure('ours'), plain: measure('plain'), durable: measure('durable') },
  );
}

/** A side has never seen the tokens of a round: each side gets its own. */
async function measureWithFreshTokens(
  stacks: Stacks,
  { name, rounds, roundEvents }: Scale,
  connections: number,
): Promise<Rounds<Side, Round>> {
  const count = name === 'full' ? freshTokens : roundEvents;
  const measure = (side: Side) => async () => {
    const tokens = await signTokens(stacks.ours, count);
    return await post(stacks[side], { tokens, connections, until: { requests: count } });
  };
  return await alternate(
    { rounds, warmUps: 1 },
    { ours: measure('ours'), plain: measure('plain'), durable: measure('durable') },
  );
}

async function post(
  stack: Stacks[Side],
  load: Pick<Load, 'tokens' | 'until' | 'connections'>,
): Promise<Round> {
  return await withCpuTimes(stack, async () => {
    const result = await postLoad({ url: `${stack.url}/api/events`, makeBody: makeEvent, ...load });
    return { ...result, count: result.requests };
  });
}

function toFigures(
  what: string,
  { ours, plain, durable }: Rounds<Side, Round>,
  limit: number | undefined,
): readonly Measurement[] {
  const besidePlain = { ours, theirs: plain };
  const rate = { what, unit: 'events/s', better: 'more' } as const;
  const perSecond = (round: Round): number => round.perSecond;
  return [
    {
      ...rate,
      ...pick(besidePlain, perSecond),
      ...(limit === undefined ? {} : { target: { on: 'ratio', limit } as const }),
    },
    { ...rate, ...pick({ ours, theirs: durable }, perSecond), against: durablePlain },
    { what: `${what}, p50`, unit: 'ms', better: 'less', ...pick(besidePlain, ({ p50Ms }) => p50Ms) },
    { what: `${what}, p99`, unit: 'ms', better: 'less', ...pick(besidePlain, ({ p99Ms }) => p99Ms) },
    ...toCpuFigures(what, 'event', besidePlain),
  ];
}
