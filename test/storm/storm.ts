import { cp, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type MessageState, messageStates } from '../../src/domain/message.ts';
import { waitForRest } from '../faults/invariants.ts';
import { waitFor } from '../support/wait-for.ts';
import { faults, type Scene } from './faults.ts';
import { tellHistories } from './histories.ts';
import { judge } from './judge.ts';
import { type PutBack, releaseUntouched, settleRestored } from './put-back.ts';
import { createRandom, type Random } from './random.ts';
import { openWorld, textsPerMinute, type World } from './world.ts';

export interface StormOptions {
  readonly durationMs: number;
  /** Repeats the choices; the timing of a machine never repeats. */
  readonly seed: number;
  /** Called every few seconds with a line to show. */
  readonly tell?: (line: string) => void;
}

export interface StormReport {
  readonly seed: number;
  readonly acknowledged: number;
  readonly lostWithTheStore: number;
  readonly mails: number;
  readonly texts: number;
  readonly messages: Readonly<Partial<Record<MessageState, number>>>;
  readonly faults: ReadonlyMap<string, number>;
  /** Stops that were confirmed. */
  readonly stops: number;
  /** Processes that died although nobody had killed them: of a poison, or because it is their way out. */
  readonly deaths: ReadonlyMap<string, number>;
  /** Answers after which a client had to ask again, by status; 0 is none at all. */
  readonly setbacks: ReadonlyMap<number, number>;
  /** What of REL-1 is broken. */
  readonly breaches: readonly string[];
  /** Of each message and event that is named there; and where the logs are. */
  readonly histories: readonly string[];
}

/** Storms shorter than this leave out what takes minutes to become well. */
const shortMs = 120_000;
const tellEveryMs = 10_000;

/**
 * Breaks everything that REL-2 names, in random order, under traffic and with stops and starts through all of it. Then
 * everything is mended, what was held is released, and REL-1 is judged by what the providers have counted.
 */
export async function runStorm(options: StormOptions): Promise<StormReport> {
  const { durationMs, seed, tell = () => undefined } = options;
  const world = await openWorld();
  const putBacks: PutBack[] = [];
  const happened = new Map<string, number>();
  const failures: string[] = [];
  const life = AbortSignal.timeout(durationMs);
  const watching = watch(world, { happened, tell, durationMs });
  try {
    const scene = { world, random: createRandom(seed), putBacks, nextNumber: createCounter() };
    await Promise.all([
      world.traffic.keepPosting(life),
      breakThings(scene, { life, durationMs, happened, failures }),
      keepStopping(world, createRandom(seed + 1), life),
    ]);
    tell('everything is mended; what is open comes to its end');
    const atRest = await rest(world, durationMs < shortMs ? 120_000 : 600_000);
    const breaches = [...failures, ...atRest, ...(await judge(world, putBacks))];
    return {
      seed,
      acknowledged: world.traffic.acknowledged.size,
      lostWithTheStore: putBacks.reduce((sum, { eventsLost }) => sum + eventsLost, 0),
      mails: world.providers.listMails().length,
      texts: world.providers.texts.length,
      messages: await countMessages(world),
      faults: happened,
      stops: world.sending.closedTimes.length,
      deaths: world.processes.deaths,
      setbacks: world.traffic.setbacks,
      breaches,
      histories: breaches.length === 0 ? [] : await keepEvidence(world, breaches),
    };
  } finally {
    clearInterval(watching);
    await world.close();
  }
}

function createCounter(): () => number {
  let count = 0;
  return () => (count += 1);
}

async function breakThings(
  scene: Scene,
  run: {
    readonly life: AbortSignal;
    readonly durationMs: number;
    readonly happened: Map<string, number>;
    readonly failures: string[];
  },
): Promise<void> {
  const fitting = faults.filter(({ lingers }) => lingers === undefined || run.durationMs >= shortMs);
  while (!run.life.aborted) {
    const { name, act } = scene.random.pick(fitting);
    run.happened.set(name, (run.happened.get(name) ?? 0) + 1);
    try {
      await act(scene);
    } catch (error) {
      run.failures.push(`after "${name}": ${(error as Error).message}`);
    }
  }
}

async function keepStopping(world: World, random: Random, life: AbortSignal): Promise<void> {
  while (!life.aborted) {
    await sleep(1_000 + random.next() * 5_000);
    await world.sending.alone(async () => {
      if (await world.sending.stop()) await sleep(200 + random.next() * 1_000);
      await world.sending.start();
    });
  }
}

/** Everything that waits for the service alone has come to its end, and what a stop has held was released. */
async function rest(world: World, deadlineMs: number): Promise<string[]> {
  const { service, sending } = world;
  try {
    await waitFor(
      'nothing in quarantine any more',
      () => service.redis.zcard(service.keys.shard(0).eventsQuarantined),
      (count) => count === 0,
      { deadlineMs, everyMs: 100 },
    );
    for (let isQuiet = false; !isQuiet; ) {
      await sending.start();
      await waitForRest(service, deadlineMs);
      await settleRestored(world);
      const released = await releaseUntouched(world);
      const texts = released.filter(({ channel }) => channel === 'sms').length;
      await waitForRest(service, deadlineMs + (texts / textsPerMinute) * 60_000);
      isQuiet = released.length === 0;
    }
    return [];
  } catch (error) {
    return [`it does not come to rest: ${(error as Error).message}`];
  }
}

async function countMessages({ service: { redis, keys } }: World): Promise<StormReport['messages']> {
  const counts = await redis.hgetall(keys.shard(0).messageCounts);
  return Object.fromEntries(
    messageStates
      .filter((state) => counts[state] !== undefined)
      .map((state) => [state, Number(counts[state])]),
  );
}

async function keepEvidence(world: World, breaches: readonly string[]): Promise<readonly string[]> {
  const dir = await mkdtemp(join(tmpdir(), 'storm-logs-'));
  await cp(world.service.dir, dir, { recursive: true });
  return [...(await tellHistories(world.service, breaches, dir)), `the logs are in ${dir}`];
}

function minutes(ms: number): string {
  return (ms / 60_000).toFixed(1);
}

function watch(
  { traffic, providers, sending, service }: World,
  run: {
    readonly happened: ReadonlyMap<string, number>;
    readonly tell: (line: string) => void;
    readonly durationMs: number;
  },
): NodeJS.Timeout {
  const begun = performance.now();
  const look = async (): Promise<void> => {
    const faultCount = [...run.happened.values()].reduce((sum, count) => sum + count, 0);
    const { redis, keys } = service;
    const open = redis.status === 'ready' ? await redis.zcard(keys.shard(0).messagesOpen) : 'unknown';
    run.tell(
      `${minutes(performance.now() - begun)} of ${minutes(run.durationMs)} min: ${traffic.acknowledged.size} events, ` +
        `${providers.listMails().length + providers.texts.length} received, ${open} open, ${faultCount} faults, ${sending.closedTimes.length} stops`,
    );
  };
  return setInterval(() => void look().catch(() => undefined), tellEveryMs);
}
