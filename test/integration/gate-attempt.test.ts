import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { attemptMessage } from '../../src/deliver/attempt-message.ts';
import type { SendDeps } from '../../src/deliver/send-deps.ts';
import { createTurns } from '../../src/deliver/take-turns.ts';
import type { EnvironmentFlags } from '../../src/domain/judge-environment.ts';
import type { AttemptOutcome } from '../../src/domain/outcome.ts';
import type { GateWatch } from '../../src/gate/gate-watch.ts';
import type { Limits } from '../../src/gate/limits.ts';
import { createMessageDecisions } from '../../src/gate/message-decisions.ts';
import { createPermits } from '../../src/gate/permits.ts';
import { createLog } from '../../src/observe/log.ts';
import { createMetrics } from '../../src/observe/metrics.ts';
import { createProviderSet } from '../../src/providers/choose-provider.ts';
import { type OutgoingEmail, type Provider, ProviderUnavailable } from '../../src/providers/provider.ts';
import type { JobEnd } from '../../src/queue/queue-host.ts';
import type { Keys } from '../../src/store/keys.ts';
import { type MessageRecord, readMessageRecord } from '../../src/store/message-record.ts';
import { readStoreClock } from '../../src/store/store-clock.ts';
import {
  createMessage,
  createWatch,
  type GateServer,
  noLimits,
  readMessage,
  startGateServer,
} from '../support/gate-store.ts';
import { waitFor } from '../support/wait-for.ts';

let server: GateServer;
let redis: Redis;
let keys: Keys;
let watch: GateWatch;
const watches: GateWatch[] = [];

beforeAll(async () => {
  server = await startGateServer();
  redis = server.connect();
});
afterAll(async () => {
  await Promise.all(watches.map((one) => one.stop()));
  await server.stop();
});
beforeEach(async () => {
  keys = await server.openStore();
  watch = createWatch(server, { redis, keys, now: Date.now });
  watches.push(watch);
  await watch.start();
});

const accepted: AttemptOutcome = { kind: 'accepted', providerRef: 'ref', detail: '' };
const notSent: AttemptOutcome = { kind: 'not-sent', code: 'down', detail: '' };
const slow: AttemptOutcome = { kind: 'slow-down', code: '429', detail: '', retryAfterMs: 600_000 };
const unknown: AttemptOutcome = { kind: 'unknown', phase: 'answer', detail: '' };
const live = new AbortController().signal;

interface Given {
  readonly limits?: Partial<Limits>;
  /** What each provider answers, in order of preference. */
  readonly outcomes?: readonly AttemptOutcome[];
  readonly onUnknown?: 'ask' | 'resend-once';
  readonly retriesEnabled?: boolean;
  readonly environment?: () => EnvironmentFlags;
  /** How long a connection is waited for. */
  readonly connect?: (signal: AbortSignal) => Promise<void>;
}

const environment: EnvironmentFlags = {
  emergencyStop: false,
  disableSend: false,
  mode: 'production',
  promoSends: true,
  preflightPassed: true,
};

/** One sender in this process: everything real but the provider and the template. */
function createSender(given: Given = {}) {
  const sends: string[] = [];
  const asks: string[] = [];
  const steps: string[] = [];
  const permits = createPermits({
    redis,
    keys,
    limits: noLimits(given.limits),
    claimMs: 20_000,
    retentionMs: 3_600_000,
    now: Date.now,
  });
  const providers = (given.outcomes ?? [accepted]).map((outcome, index): Provider<OutgoingEmail> => {
    const name = `p${index + 1}`;
    return {
      name,
      channel: 'email',
      reserve: async (signal) => {
        await given.connect?.(signal);
        steps.push('connection');
        return {
          send: (_message, fence) => {
            if (!fence.mayWrite('envelope')) return Promise.resolve({ kind: 'aborted', detail: '' });
            sends.push(name);
            steps.push('sent');
            return Promise.resolve(outcome);
          },
          release: () => void steps.push('released'),
        };
      },
      checkHealth: () => Promise.reject(new Error('not asked here')),
      close: () => Promise.resolve(),
    };
  });
  const deps: SendDeps = {
    readMessage: (id) => readMessageRecord(redis, keys.of(id), id),
    parkMessage: () => Promise.resolve(false),
    storeNow: () => readStoreClock(redis),
    findTemplate: () => ({
      retry: { attemptsMax: 4, backOff: { baseMs: 1, capMs: 1 }, horizonMs: 60_000 },
      onUnknown: given.onUnknown ?? 'ask',
    }),
    renderer: {
      render: () => ({ channel: 'email', subject: 's', html: 'h', text: 't' }),
      templateVersion: () => 'v',
    },
    permits: {
      ...permits,
      ask: async (request) => {
        const answer = await permits.ask(request);
        asks.push(answer.kind);
        steps.push('permit');
        return answer;
      },
      commit: (claim, end) => {
        steps.push('commit');
        return permits.commit(claim, end);
      },
      giveBack: (claim, reason) => {
        steps.push('give-back');
        return permits.giveBack(claim, reason);
      },
    },
    decisions: createMessageDecisions({ redis, keys, retentionMs: 3_600_000 }),
    noteDecision: () => undefined,
    watch,
    providers: createProviderSet({
      providers: { email: providers, sms: [] },
      breaker: { failuresInRowMax: 5, failureShareMax: 0.5, samplesMax: 20, openMs: 15_000, probeMs: 60_000 },
      slowDownMs: 30_000,
      healthTimeoutMs: 100,
    }),
    turns: createTurns({ paceMs: 30_000, spreadMsMax: 300_000 }),
    noteRehearsal: () => undefined,
    outbox: { writeDraft: () => Promise.reject(new Error('nothing is rehearsed here')) },
    senders: { mailFrom: { name: 'Us', address: 'us@example.com' as never }, smsFrom: '+15555550100' },
    environment: given.environment ?? (() => environment),
    recipients: { kind: 'everyone' },
    retriesEnabled: given.retriesEnabled ?? true,
    permitDeadlineMs: 5_000,
    attemptTimeoutMs: 10_000,
    metrics: createMetrics({ processMetrics: false }),
    log: createLog({ level: 'fatal', service: 'sender', version: 'test' }),
    now: Date.now,
    monotonicNow: () => performance.now(),
    random: () => 0.5,
  };
  const attempt = (message: MessageRecord): Promise<JobEnd> => attemptMessage(deps, message.id, live);
  return { deps, sends, asks, steps, attempt };
}

const make = (to?: string): Promise<MessageRecord> =>
  createMessage(redis, keys, to === undefined ? {} : { to });
const reread = (message: MessageRecord): Promise<MessageRecord> => readMessage(redis, keys, message.id);

async function attemptUntilSent(
  attempt: (message: MessageRecord) => Promise<JobEnd>,
  message: MessageRecord,
): Promise<void> {
  await waitFor(
    'the retry is due and sent',
    async () => {
      await attempt(message);
      return (await reread(message)).state;
    },
    (state) => state === 'sent',
  );
}

describe('fail-over', () => {
  test('DLV-1: a message that was not sent for sure goes to the other provider with its next attempt', async () => {
    const { attempt, sends } = createSender({ outcomes: [notSent, accepted] });
    const message = await make();
    await attempt(message);
    await attemptUntilSent(attempt, message);
    expect(sends).toEqual(['p1', 'p2']);
  });

  test('DLV-2: a provider that asks for less is left alone, and its message goes to the other one at once', async () => {
    const { attempt, sends } = createSender({ outcomes: [slow, accepted] });
    const message = await make();
    const end = await attempt(message);
    expect(end.kind === 'later' ? end.inMs : Infinity).toBeLessThan(1_000);
    await attemptUntilSent(attempt, message);
    expect(sends).toEqual(['p1', 'p2']);
  });

  test('DLV-3: an attempt without an answer never fails over', async () => {
    const { attempt, sends } = createSender({ outcomes: [unknown, accepted] });
    const message = await make();
    await attempt(message);
    await attempt(message);
    expect([(await reread(message)).state, sends]).toEqual(['unknown', ['p1']]);
  });
});

describe('what a worker read long ago', () => {
  test('DLV-3: two workers with the same old record send once more between them, not once each', async () => {
    const one = createSender({ outcomes: [unknown], onUnknown: 'resend-once' });
    const message = await make();
    await one.attempt(message);
    expect(await reread(message)).toMatchObject({ state: 'queued', resends: 1 });
    // The other read it before that, and waited for a limit since.
    const other = createSender({ outcomes: [unknown], onUnknown: 'resend-once' });
    await attemptMessage({ ...other.deps, readMessage: async () => message }, message.id, live);
    expect(await reread(message)).toMatchObject({ state: 'unknown', resends: 1 });
    expect([...one.sends, ...other.sends]).toEqual(['p1', 'p1']);
  });

  test('ENV-3: whoever waits for a limit asks the environment again before it asks for a permit', async () => {
    let preflightPassed = true;
    const sender = createSender({
      limits: { perMinute: 1 },
      environment: () => ({ ...environment, preflightPassed }),
    });
    await sender.attempt(await make());
    const message = await make();
    const attempting = sender.attempt(message);
    await waitFor(
      'it waits',
      () => sender.asks,
      (asks) => asks.includes('wait-here'),
    );
    preflightPassed = false;
    // Any change of the gate wakes it up, long before there is room.
    await redis.hset(keys.shard(0).gate, 'epoch', '2', 'ingest', 'off');
    expect(await attempting).toEqual({ kind: 'done' });
    expect(await reread(message)).toMatchObject({ state: 'held', reason: 'guard' });
    expect(sender.asks).toEqual(['go', 'wait-here']);
  });
});

describe('more messages in hand than connections', () => {
  test('GAT-3: connection, permit, bytes; and the connection is free again before the end is written down', async () => {
    const { attempt, steps } = createSender();
    await attempt(await make());
    expect(steps.slice(0, 5)).toEqual(['connection', 'permit', 'sent', 'released', 'commit']);
  });

  test('a permit that is given back has let its connection go before', async () => {
    const stopped: AttemptOutcome = { kind: 'aborted', detail: 'stopped' };
    const { attempt, steps } = createSender({ outcomes: [stopped] });
    const message = await make();
    await attempt(message);
    expect(steps.slice(-3)).toEqual(['released', 'give-back', 'released']);
    expect((await reread(message)).state).toBe('queued');
  });

  test('ENV-3: whoever waits for a connection asks the environment again before it asks for a permit', async () => {
    const connected = Promise.withResolvers<void>();
    let preflightPassed = true;
    const { attempt, asks } = createSender({
      connect: () => connected.promise,
      environment: () => ({ ...environment, preflightPassed }),
    });
    const message = await make();
    const attempting = attempt(message);
    await waitFor(
      'it waits for a connection, with nothing claimed',
      async () => (await reread(message)).state,
      (state) => state === 'queued',
    );
    preflightPassed = false;
    connected.resolve();
    expect(await attempting).toEqual({ kind: 'done' });
    expect(await reread(message)).toMatchObject({ state: 'held', reason: 'guard' });
    expect(asks).toEqual([]);
  });

  test('a worker that ends while a message waits for a connection leaves it as it was', async () => {
    const ended = new AbortController();
    const waiting = Promise.withResolvers<void>();
    const { deps, asks } = createSender({
      connect: (signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new ProviderUnavailable('gave-up-waiting', '')));
          waiting.resolve();
        }),
    });
    const message = await make();
    const attempting = attemptMessage(deps, message.id, ended.signal);
    await waiting.promise;
    ended.abort();
    await expect(attempting).rejects.toThrow(ProviderUnavailable);
    expect(await reread(message)).toMatchObject({ state: 'queued', attempts: 0 });
    expect(asks).toEqual([]);
  });
});

test('GAT-4: without retries a message that may have left waits for a person, whatever its template says', async () => {
  const { attempt } = createSender({ outcomes: [unknown], onUnknown: 'resend-once', retriesEnabled: false });
  const message = await make();
  await attempt(message);
  expect((await reread(message)).state).toBe('unknown');
});

test('GAT-4: messages that wait for a full domain come back one after the other', async () => {
  const { attempt, asks } = createSender({ limits: { perMinuteByDomain: 2 } });
  const messages = await Promise.all(
    Array.from({ length: 12 }, (_, index) => make(`person-${index}@example.com`)),
  );
  const ends: JobEnd[] = [];
  for (const message of messages) ends.push(await attempt(message));
  const turns = ends.flatMap((end) => (end.kind === 'later' ? [end.inMs] : []));
  expect(asks.filter((kind) => kind === 'go')).toHaveLength(2);
  expect(turns).toHaveLength(10);
  // Two a minute, as the window admits them, and not ten at the instant when it has room for one.
  const inFirstMinute = turns.filter((ms) => ms < 60_000 + 60_250);
  expect(inFirstMinute.length).toBeLessThanOrEqual(3);
});
