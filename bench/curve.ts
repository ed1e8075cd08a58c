import type { Service } from '../test/support/service.ts';
import { waitFor } from '../test/support/wait-for.ts';
import { alternate, pick } from './alternate.ts';
import type { Benchmark, Measurement, Scale } from './benchmark.ts';
import { postLoad } from './load.ts';
import { type MailSink, startMailSink } from './mail-sink.ts';
import { signTokens } from './sign-tokens.ts';
import { makeEvent, startOurs, withReleases } from './start-stacks.ts';

/** How fast a service of ours is while one thing grows. Each point is measured in turn with another service at `base`. */
export interface Curve {
  readonly name: string;
  /** What grows. */
  readonly over: string;
  readonly base: number;
  readonly points: Readonly<Record<Scale['name'], readonly number[]>>;
  /** One when absent. */
  readonly senders?: (at: number) => number;
  readonly environment?: (at: number) => Readonly<Record<string, string>>;
  /** Brings a service, whose workers are paused, to its point. What it does not return is as usual. */
  readonly arrange?: (service: Service, at: number) => Promise<Partial<Traffic>>;
  /** The least share of the rates at `base` that is to be left at one point. */
  readonly target?: { readonly at: number; readonly limit: number };
}

interface Traffic {
  /** In turn, one a request. */
  readonly tokens: readonly string[];
  readonly makeBody: () => string;
  /** Bytes of Redis that one event took while it was brought there. */
  readonly bytesPerEvent?: number;
}

interface World {
  readonly service: Service;
  readonly traffic: Traffic;
  readonly sink: MailSink;
}

const warmUps = 2;
/** Of the mails of a round. A job that a worker took up while it was being paused comes a second later than the others. */
const countedShare = 0.9;

export function createCurve(curve: Curve): Benchmark {
  return {
    name: curve.name,
    measure: async (scale) => {
      const figures: Measurement[] = [];
      for (const at of curve.points[scale.name]) figures.push(...(await measurePoint(curve, at, scale)));
      return figures;
    },
  };
}

async function measurePoint(curve: Curve, at: number, scale: Scale): Promise<readonly Measurement[]> {
  return await withReleases(async (keep) => {
    const sink = await keep(startMailSink());
    const open = async (point: number): Promise<World> => {
      const senders = Array<'sender'>(curve.senders?.(point) ?? 1).fill('sender');
      const environment = curve.environment?.(point) ?? {};
      const service = await keep(startOurs({ processes: ['planner', 'api', ...senders], sink, environment }));
      for (const queue of ['events', 'email'] as const) await pause(service, queue);
      const usual = { tokens: await signTokens(service, 1), makeBody: () => makeEvent() };
      return { service, sink, traffic: { ...usual, ...(await curve.arrange?.(service, point)) } };
    };
    const [ours, theirs] = [await open(at), await open(curve.base)];
    const rounds = await alternate(
      { rounds: scale.rounds, warmUps: scale.name === 'full' ? warmUps : 0 },
      {
        ours: () => measureRound(ours, scale.roundEvents),
        theirs: () => measureRound(theirs, scale.roundEvents),
      },
    );
    return toMeasurements(curve, at, {
      rate: (read) => pick(rounds, read),
      bytes: [ours.traffic.bytesPerEvent, theirs.traffic.bytesPerEvent],
    });
  });
}

interface Round {
  readonly intake: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly planned: number;
  readonly sent: number;
}

function toMeasurements(
  { over, base, target }: Curve,
  at: number,
  given: {
    readonly rate: (
      read: (round: Round) => number,
    ) => Pick<Measurement, 'ours'> & { theirs: readonly number[] };
    readonly bytes: readonly (number | undefined)[];
  },
): readonly Measurement[] {
  const common = { point: { over, at, base }, against: `at ${base.toLocaleString('en-US')}` };
  const rate = (what: string, unit: string, read: (round: Round) => number): Measurement => ({
    ...common,
    what,
    unit,
    better: 'more',
    ...given.rate(read),
    ...(target?.at === at ? { target: { on: 'ratio', limit: target.limit } } : {}),
  });
  const less = { ...common, better: 'less' } as const;
  const [bytes, bytesAtBase] = given.bytes;
  return [
    rate('intake', 'events/s', ({ intake }) => intake),
    { ...less, what: 'intake p50', unit: 'ms', ...given.rate(({ p50Ms }) => p50Ms) },
    { ...less, what: 'intake p99', unit: 'ms', ...given.rate(({ p99Ms }) => p99Ms) },
    rate('planning', 'events/s', ({ planned }) => planned),
    rate('mails', 'mails/s', ({ sent }) => sent),
    ...(bytes === undefined || bytesAtBase === undefined
      ? []
      : [{ ...less, what: 'Redis per event', unit: 'bytes', ours: [bytes], theirs: [bytesAtBase] }]),
  ];
}

/** Takes, plans and sends as many events one after the other; so it leaves as many waiting as it found. */
async function measureRound(world: World, events: number): Promise<Round> {
  const { service, traffic, sink } = world;
  const { tokens, makeBody } = traffic;
  const until = { requests: events };
  const intake = await postLoad({ url: `${service.url}/api/events`, tokens, makeBody, until });
  const { p50Ms, p99Ms, perSecond } = intake;
  const planned = await planSome(service, events);
  sink.clear();
  await whileRunning(service, 'email', () => sink.waitForMails(events));
  const { inflight } = service.keys.shard(0);
  await waitFor(
    'nothing is under way',
    () => service.redis.zcard(inflight),
    (left) => left === 0,
  );
  const counted = Math.ceil(events * countedShare);
  const [first, last] = [sink.mails[0], sink.mails[counted - 1]];
  if (first === undefined || last === undefined) throw new Error('mails are missing');
  return { intake: perSecond, p50Ms, p99Ms, planned, sent: toRate(counted - 1, first.atMs, last.atMs) };
}

/** Lets the planner run until it has planned that many events, or all there are; tells how many a second, from its first to its last. */
export async function planSome(service: Service, events: number): Promise<number> {
  const { eventsOpen, messagesOpen } = service.keys.shard(0);
  const count = async () => ({
    unplanned: await service.redis.zcard(eventsOpen),
    messages: await service.redis.zcard(messagesOpen),
    atMs: performance.now(),
  });
  const before = await count();
  return await whileRunning(service, 'events', async () => {
    const options = { everyMs: 2, deadlineMs: 600_000 };
    const first = await waitFor('planning', count, ({ messages }) => messages > before.messages, options);
    const enough = before.messages + events;
    const isEnough = ({ messages, unplanned }: typeof first) => messages >= enough || unplanned === 0;
    const last = await waitFor('planned', count, isEnough, options);
    return toRate(last.messages - first.messages, first.atMs, last.atMs);
  });
}

function toRate(count: number, fromMs: number, toMs: number): number {
  return (count * 1_000) / (toMs - fromMs);
}

type Queue = 'events' | 'email';

/** The workers of the queue run while `work` does, and are paused before and after. */
async function whileRunning<T>(service: Service, queue: Queue, work: () => Promise<T>): Promise<T> {
  const { epoch } = (await service.call('/api/control')).body;
  await orderConsumers(service, { paused: false, queue, epoch });
  const result = await work();
  await pause(service, queue);
  return result;
}

async function pause(service: Service, queue: Queue): Promise<void> {
  await orderConsumers(service, { paused: true, queue });
}

async function orderConsumers(service: Service, order: object): Promise<void> {
  const json = { ...order, reason: 'bench' };
  const { status, body } = await service.call('/api/control/consumers', { method: 'PUT', json });
  if (status !== 200) throw new Error(`the switch answered ${status}: ${JSON.stringify(body)}`);
}
