import { cp, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type MessageState, messageStates } from '../../src/domain/message.ts';
import { countMembers } from '../../src/store/count-members.ts';
import { waitForRest } from '../faults/invariants.ts';
import { testShards } from '../support/test-shards.ts';
import { waitFor } from '../support/wait-for.ts';
import { type FaultContext, faults } from './faults.ts';
import { describeHistories } from './histories.ts';
import { judge } from './judge.ts';
import { createRandom, type Random } from './random.ts';
import { releaseUntouched, type StoreRestore, settleRestoredMessages } from './restore-store.ts';
import { openWorld, textsPerMinute, type World } from './world.ts';

export interface StormOptions {
  readonly durationMs: number;
  /** Repeats the choices; the timing of a machine never repeats. */
  readonly seed: number;
  /** Of the store. */
  readonly shards?: number;
  /** Called every few seconds with a line of progress. */
  readonly print?: (line: string) => void;
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
  /** Processes that ended although the storm did not kill them: by a poison message, or by their own exit on an error. */
  readonly unexpectedExits: ReadonlyMap<string, number>;
  /** Responses after which a client had to retry, by status; 0 is none at all. */
  readonly retriedResponses: ReadonlyMap<number, number>;
  /** What of REL-1 is broken. */
  readonly breaches: readonly string[];
  /** Of each message and event that is named there; and where the logs are. */
  readonly histories: readonly string[];
}

/** Storms shorter than this leave out faults that take minutes to recover from. */
const shortMs = 120_000;
const printEveryMs = 10_000;

/**
 * Breaks everything that REL-2 names, in random order, under traffic and with stops and starts through all of it. Then
 * every fault has ended, what was held is released, and REL-1 is judged by what the providers have counted.
 */
export async function runStorm(options: StormOptions): Promise<StormReport> {
  const { durationMs, seed, shards = testShards, print = () => undefined } = options;
  const world = await openWorld(shards);
  const restores: StoreRestore[] = [];
  const faultCounts = new Map<string, number>();
  const failures: string[] = [];
  const life = AbortSignal.timeout(durationMs);
  const watching = watch(world, { faultCounts, print, durationMs });
  try {
    const context = { world, random: createRandom(seed), restores, nextNumber: createCounter() };
    await Promise.all([
      world.traffic.keepPosting(life),
      breakThings(context, { life, durationMs, faultCounts, failures }),
      keepStopping(world, createRandom(seed + 1), life),
    ]);
    print('all faults have ended; waiting for what is open');
    const atRest = await settle(world, durationMs < shortMs ? 120_000 : 600_000);
    const breaches = [...failures, ...atRest, ...(await judge(world, restores))];
    return {
      seed,
      acknowledged: world.traffic.acknowledged.size,
      lostWithTheStore: restores.reduce((sum, { eventsLost }) => sum + eventsLost, 0),
      mails: world.providers.listMails().length,
      texts: world.providers.texts.length,
      messages: await countMessages(world),
      faults: faultCounts,
      stops: world.sending.closedTimes.length,
      unexpectedExits: world.processes.unexpectedExits,
      retriedResponses: world.traffic.retriedResponses,
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
  context: FaultContext,
  run: {
    readonly life: AbortSignal;
    readonly durationMs: number;
    readonly faultCounts: Map<string, number>;
    readonly failures: string[];
  },
): Promise<void> {
  const fitting = faults.filter(({ isSlow }) => isSlow === undefined || run.durationMs >= shortMs);
  while (!run.life.aborted) {
    const { name, act } = context.random.pick(fitting);
    run.faultCounts.set(name, (run.faultCounts.get(name) ?? 0) + 1);
    try {
      await act(context);
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
async function settle(world: World, deadlineMs: number): Promise<string[]> {
  const { service, sending } = world;
  try {
    await waitFor(
      'nothing in quarantine any more',
      () => countMembers(service.redis, service.keys, ({ eventsQuarantined }) => [eventsQuarantined]),
      (count) => count === 0,
      { deadlineMs, everyMs: 100 },
    );
    for (let isQuiet = false; !isQuiet; ) {
      await sending.start();
      await waitForRest(service, deadlineMs);
      await settleRestoredMessages(world);
      const released = await releaseUntouched(world);
      const texts = released.filter(({ channel }) => channel === 'sms').length;
      await waitForRest(service, deadlineMs + (texts / textsPerMinute) * 60_000);
      isQuiet = released.length === 0;
    }
    return [];
  } catch (error) {
    return [`it does not settle: ${(error as Error).message}`];
  }
}

async function countMessages({ service: { redis, keys } }: World): Promise<StormReport['messages']> {
  const counts = await Promise.all(keys.all.map(({ messageCounts }) => redis.hgetall(messageCounts)));
  return Object.fromEntries(
    messageStates
      .filter((state) => counts.some((one) => one[state] !== undefined))
      .map((state) => [state, counts.reduce((sum, one) => sum + Number(one[state] ?? 0), 0)]),
  );
}

async function keepEvidence(world: World, breaches: readonly string[]): Promise<readonly string[]> {
  const dir = await mkdtemp(join(tmpdir(), 'storm-logs-'));
  await cp(world.service.dir, dir, { recursive: true });
  return [...(await describeHistories(world.service, breaches, dir)), `the logs are in ${dir}`];
}

function minutes(ms: number): string {
  return (ms / 60_000).toFixed(1);
}

function watch(
  { traffic, providers, sending, service }: World,
  run: {
    readonly faultCounts: ReadonlyMap<string, number>;
    readonly print: (line: string) => void;
    readonly durationMs: number;
  },
): NodeJS.Timeout {
  const begun = performance.now();
  const look = async (): Promise<void> => {
    const faultCount = [...run.faultCounts.values()].reduce((sum, count) => sum + count, 0);
    const { redis, keys } = service;
    const open =
      redis.status === 'ready'
        ? await countMembers(redis, keys, ({ messagesOpen }) => [messagesOpen])
        : 'unknown';
    run.print(
      `${minutes(performance.now() - begun)} of ${minutes(run.durationMs)} min: ${traffic.acknowledged.size} events, ` +
        `${providers.listMails().length + providers.texts.length} received, ${open} open, ${faultCount} faults, ${sending.closedTimes.length} stops`,
    );
  };
  return setInterval(() => void look().catch(() => undefined), printEveryMs);
}
