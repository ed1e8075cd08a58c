import { afterAll, beforeAll, expect, test } from 'vitest';
import type { MessageId } from '../../src/domain/ids.ts';
import { setFlag } from '../../src/gate/flags.ts';
import { createMessageDecisions } from '../../src/gate/message-decisions.ts';
import { stopSending } from '../../src/gate/stop-sending.ts';
import { countMembers } from '../../src/store/count-members.ts';
import { readMessageRecord } from '../../src/store/message-record.ts';
import { type ScriptedSmtp, startScriptedSmtp } from '../support/scripted-smtp.ts';
import { type Service, startService } from '../support/service.ts';
import { listMembers } from '../support/test-shards.ts';
import { waitFor } from '../support/wait-for.ts';
import { askEvent, countCopies, findBreaches, postBatch, waitForRest } from './invariants.ts';

const senderCount = 8;
const stopCount = 100;
const batchSize = 10;
/** More than this many open messages, and the post waits: what counts here is stops, not throughput. */
const backlogMax = 40;

/** One closed time of the gate; ms of `performance.now()` and, in brackets of Redis's own clock, epoch ms. */
interface ClosedTime {
  readonly epoch: number;
  readonly stopMs: number;
  readonly quiescedMs: number;
  readonly inFlightAtStop: number;
  readonly quiescedAt: number;
  readonly startedAt: number;
  readonly acknowledgedAtRedisMs: number;
  readonly startedAtRedisMs: number;
}

let smtp: ScriptedSmtp;
let service: Service;
const acknowledged: string[] = [];
const closedTimes: ClosedTime[] = [];

beforeAll(async () => {
  // A provider that takes its time, so that every stop meets attempts under way.
  smtp = await startScriptedSmtp({ dot: { reply: '250 2.0.0 Ok: queued as Q1000', afterMs: 15 } });
  service = await startService({
    environment: { SMTP_URL: `smtp://127.0.0.1:${smtp.port}`, SEND_CONCURRENCY: '4' },
    processes: ['planner', 'guard', 'api'],
  });
  await Promise.all(Array.from({ length: senderCount }, () => service.startProcess('sender')));
  const life = new AbortController();
  const posting = keepPosting(life.signal);
  try {
    for (let count = 0; count < stopCount; count += 1) closedTimes.push(await stopAndStart(count));
  } finally {
    life.abort();
    await posting;
  }
}, 120_000);
afterAll(async () => {
  await service?.stop();
  await smtp?.close();
});

test('GAT-3: after a confirmed stop no body begins before the next start, a hundred times, on eight senders', () => {
  const broken = closedTimes.flatMap(({ epoch, quiescedAt, startedAt }) =>
    smtp.bodiesBegunAtMs
      .filter((at) => at > quiescedAt && at < startedAt)
      .map((at) => `epoch ${epoch}: a body began ${at - quiescedAt} ms after quiesced`),
  );
  expect(broken).toEqual([]);
  // It was under load: most stops met attempts that already had their permit.
  expect(closedTimes.filter(({ inFlightAtStop }) => inFlightAtStop > 0).length).toBeGreaterThan(
    stopCount / 4,
  );
});

test('GAT-3: no permit is granted between the acknowledgement of a stop and the next start', async () => {
  const claims = await readClaimTimes();
  expect(claims.length).toBeGreaterThan(stopCount);
  const broken = closedTimes.flatMap(({ epoch, acknowledgedAtRedisMs, startedAtRedisMs }) =>
    claims
      .filter((at) => at > acknowledgedAtRedisMs && at < startedAtRedisMs)
      .map((at) => `epoch ${epoch}: a permit ${at - acknowledgedAtRedisMs} ms after the acknowledgement`),
  );
  expect(broken).toEqual([]);
});

test('REL-1: every message is accounted for, and after a release each was sent exactly once', async () => {
  await waitForRest(service, 30_000);
  expect(await findBreaches(service, { acknowledged, received: smtp.messages })).toEqual([]);
  await releaseHeld();
  await waitForRest(service, 60_000);
  expect(await findBreaches(service, { acknowledged, received: smtp.messages })).toEqual([]);
  expect(countCopies(smtp.messages).size).toBe(acknowledged.length);
}, 120_000);

test('PRF-2: a stop is acknowledged and confirmed at once', () => {
  const stop = closedTimes.map(({ stopMs }) => stopMs);
  const quiesced = closedTimes.map(({ quiescedMs }) => quiescedMs);
  process.stdout.write(
    `stop under load: ${senderCount} senders, ${stopCount} stops, ${acknowledged.length} messages; ` +
      `acknowledged ${describe(stop)} ms, quiesced ${describe(quiesced)} ms (p50/p99/max)\n`,
  );
  expect(Math.max(...stop)).toBeLessThan(1_000);
});

async function stopAndStart(count: number): Promise<ClosedTime> {
  const { redis, keys } = service;
  const sentBefore = smtp.messages.length;
  // A stop is tried at any phase of the load: after a random number of messages, with some under way.
  const wanted = sentBefore + 1 + Math.floor(Math.random() * 6);
  await waitFor(
    `messages flow before stop ${count}`,
    () => smtp.messages.length,
    (length) => length >= wanted,
    { deadlineMs: 20_000, everyMs: 1 },
  );
  const clocks = { now: () => Date.now(), monotonicNow: () => performance.now() };
  const begunAtMs = Date.now();
  const report = await stopSending(
    { redis, keys, ...clocks },
    { flag: 'send', actor: 'test', reason: `stop ${count}`, waitMs: 10_000 },
  );
  const quiescedAt = performance.now();
  expect(report.state).toBe('quiesced');
  // With more shards than one it is acknowledged when the last has it; Redis has the clock of this machine.
  const acknowledgedAtRedisMs =
    keys.shards === 1 ? await readAcknowledgedAt(report.epoch) : Math.ceil(begunAtMs + report.stopMs);
  // What was queued meets the closed gate and is held, not lost.
  const countHeld = (): Promise<number> => countMembers(redis, keys, ({ messagesHeld }) => [messagesHeld]);
  const held = await countHeld();
  await waitFor(
    'the closed gate is met',
    async () => ({ held: await countHeld(), open: await countOpen() }),
    (seen) => seen.held > held || seen.open === 0,
    { deadlineMs: 10_000, everyMs: 1 },
  );
  const startedAtRedisMs = await readRedisMs();
  const startedAt = performance.now();
  const answer = await setFlag(
    { redis, keys, now: clocks.now },
    { flag: 'send', value: 'on', actor: 'test', reason: `start ${count}`, seenEpoch: report.epoch },
  );
  expect(answer.kind).toBe('done');
  return {
    epoch: report.epoch,
    stopMs: report.stopMs,
    quiescedMs: report.quiescedMs ?? Number.NaN,
    inFlightAtStop: report.inFlightAtStop,
    quiescedAt,
    startedAt,
    acknowledgedAtRedisMs,
    startedAtRedisMs,
  };
}

async function keepPosting(signal: AbortSignal): Promise<void> {
  for (let batch = 0; !signal.aborted; batch += 1) {
    const events = Array.from({ length: batchSize }, (_, index) => askEvent(`load-${batch}-${index}`));
    acknowledged.push(...(await postBatch(service, events)));
    await waitFor(
      'an open gate and room for more',
      async () => ({
        gate: await service.redis.hget(service.keys.central.gate, 'send'),
        open: await countOpen(),
      }),
      ({ gate, open }) => signal.aborted || (gate === 'on' && open < backlogMax),
      { deadlineMs: 30_000 },
    );
  }
}

async function countOpen(): Promise<number> {
  const { redis, keys } = service;
  return await countMembers(redis, keys, ({ eventsOpen, messagesOpen }) => [eventsOpen, messagesOpen]);
}

/** The stop's line in the audit stream carries the time of the very script that closed the gate, on Redis's clock. */
async function readAcknowledgedAt(epoch: number): Promise<number> {
  const [last] = await service.redis.xrevrange(service.keys.central.audit, '+', '-', 'COUNT', 1);
  const [at] = last?.[0].split('-') ?? [];
  if (at === undefined) throw new Error(`the stop of epoch ${epoch} left no audit line`);
  return Number(at);
}

async function readRedisMs(): Promise<number> {
  const [seconds, microseconds] = await service.redis.time();
  return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
}

/** Every permit that was ever granted leaves its line in the message's history, stamped by Redis. */
async function readClaimTimes(): Promise<number[]> {
  const claims: number[] = [];
  for (const id of await listMessages()) {
    const message = await readMessageRecord(service.redis, service.keys.of(id), id);
    claims.push(...(message?.history ?? []).filter(({ to }) => to === 'claimed').map(({ at }) => at));
  }
  return claims;
}

async function listMessages(): Promise<MessageId[]> {
  const ids: MessageId[] = [];
  for (const { message } of service.keys.all) {
    const prefix = message('' as MessageId);
    for await (const keys of service.redis.scanStream({ match: `${prefix}*`, count: 1_000 }))
      ids.push(...(keys as string[]).map((key) => key.slice(prefix.length) as MessageId));
  }
  return ids;
}

async function releaseHeld(): Promise<void> {
  const { redis, keys } = service;
  const decisions = createMessageDecisions({ redis, keys, retentionMs: 3_600_000 });
  const held = await listMembers(redis, keys, ({ messagesHeld }) => messagesHeld);
  for (const id of held as MessageId[]) {
    const answer = await decisions.release(id, {
      from: 'held',
      reason: 'the test is over',
      by: 'test',
      dueAt: Date.now(),
    });
    expect(answer.kind).toBe('done');
  }
}

function describe(times: readonly number[]): string {
  const sorted = [...times].sort((one, other) => one - other);
  const at = (share: number): string => (sorted[Math.ceil(share * sorted.length) - 1] ?? 0).toFixed(1);
  return `${at(0.5)}/${at(0.99)}/${at(1)}`;
}
