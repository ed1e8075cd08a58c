import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Counts } from '../../src/domain/fleet-counters.ts';
import { toEventId, toMessageId } from '../../src/domain/ids.ts';
import { bucketMs, type TriggerMode } from '../../src/domain/thresholds.ts';
import { readAudit } from '../../src/gate/audit-chain.ts';
import { readGate, setFlag } from '../../src/gate/flags.ts';
import { createLog } from '../../src/observe/log.ts';
import { createMetrics } from '../../src/observe/metrics.ts';
import { readDepths, sampleWaiting } from '../../src/queue/count-jobs.ts';
import { createJobAdder } from '../../src/queue/job-adder.ts';
import type { Keys } from '../../src/store/keys.ts';
import { createLease } from '../../src/store/lease.ts';
import { createWindowAdder, toBucketStart, type WindowAdder } from '../../src/watchdog/add-to-windows.ts';
import { createFleetClock } from '../../src/watchdog/fleet-clock.ts';
import { listIncidents, openIncident, readIncident, releaseIncident } from '../../src/watchdog/incidents.ts';
import { actOnIncidents, judgeFleet, type WatchdogDeps } from '../../src/watchdog/judge-fleet.ts';
import { readSlots } from '../../src/watchdog/keep-slots.ts';
import { readWatchdog } from '../../src/watchdog/read-watchdog.ts';
import { createWindowReader } from '../../src/watchdog/read-windows.ts';
import { reportSlos } from '../../src/watchdog/report-slos.ts';
import { createWatch } from '../../src/watchdog/watch-fleet.ts';
import { readWatchdogMemory } from '../../src/watchdog/watchdog-memory.ts';
import { type GateServer, startGateServer } from '../support/gate-store.ts';
import { playSegments, recordedAtMs, type Segment } from '../support/recorded-series.ts';
import { waitFor } from '../support/wait-for.ts';

let server: GateServer;
let redis: Redis;
let keys: Keys;
let nowMs: number;
let depth: number;
let waitingOf: ReadonlyMap<string, number>;
const now = (): number => nowMs;

beforeAll(async () => {
  server = await startGateServer();
  redis = server.connect();
});
afterAll(() => server.stop());
beforeEach(async () => {
  keys = await server.openStore();
  nowMs = recordedAtMs;
  depth = 0;
  waitingOf = new Map();
});

/** A guard process: its own memory, its own connection, the shared store. */
function startGuardDesk(over: Partial<WatchdogDeps> = {}): WatchdogDeps & { readonly faults: string[] } {
  const own = server.connect();
  const faults: string[] = [];
  return {
    redis: own,
    keys,
    windows: createWindowReader(own, keys, now),
    countWaiting: async () => depth,
    sampleWaiting: async () => waitingOf,
    modes: { '5xx': 'act', tokens: 'act', depth: 'act', p95: 'act' },
    samplesMin: { '5xx': 50, tokens: 50, depth: 60, p95: 50 },
    depthFloor: 500,
    metrics: createMetrics({ processMetrics: false }),
    log: createLog({ level: 'fatal', service: 'guard', version: 'test' }),
    reportError: (what) => void faults.push(what),
    now,
    monotonicNow: () => performance.now(),
    faults,
    ...over,
  };
}

/** What one API process counts with. */
function startAdder(own = server.connect()): WindowAdder {
  return createWindowAdder({ redis: own, keys, now, nameClient: (client) => client });
}

/** Writes a recorded series as processes would have, and sets the clock to its end. */
async function record(segments: readonly Segment[]): Promise<void> {
  const writes = redis.pipeline();
  for (const { startMs, figures, clients = {} } of playSegments(segments, nowMs)) {
    writes.hset(keys.shard(0).fleetCounters(startMs), figures as Record<string, number>);
    for (const [client, part] of Object.entries(clients))
      for (const [figure, count] of Object.entries(part))
        writes.hset(keys.shard(0).clientCounters(startMs), `${figure} ${client}`, count);
  }
  await writes.exec();
  nowMs += segments.reduce((sum, { buckets }) => sum + buckets, 0) * bucketMs;
}

const answered = { route: '/api/events', status: 202, ms: 120, aborted: false } as const;
const failing: readonly Segment[] = [{ buckets: 30, each: { alive: 5, requests: 100, errors: 1 } }];
const bad: Counts = { 'tokens-good': 98, 'tokens-bad': 2 };
const noSamplesMin = { uptime: 0, '5xx': 0, p95: 0, auth: 0, 'dead-letters': 0, depth: 0 };
const order = { actor: 'ada', reason: 'rolled back' };

async function readOff(): Promise<string[]> {
  const gate = await readGate(redis, keys);
  return Object.entries(gate?.flags ?? {}).flatMap(([flag, { value }]) => (value === 'off' ? [flag] : []));
}

describe('the fleet’s figures', () => {
  test('of many processes that flush at the same time add up', async () => {
    const adders = Array.from({ length: 8 }, () => startAdder());
    for (let turn = 0; turn < 5; turn += 1) {
      for (const adder of adders) {
        adder.countRequest({ ...answered, clientId: 'scholar' });
        adder.countRequest({ ...answered, status: 500, ms: 301, clientId: 'ada', isOperator: true });
        adder.countRequest({ ...answered, status: 401, tokenFault: 'missing' });
      }
      await Promise.all(adders.map((adder) => adder.flush()));
    }
    const [bucket] = await createWindowReader(redis, keys, now).read(nowMs, nowMs);
    expect(bucket?.figures).toEqual({
      requests: 80,
      errors: 40,
      'ms:120': 40,
      'ms:500': 40,
      'tokens-good': 80,
      strangers: 40,
      'tokens-garbage': 40,
      alive: 40,
    });
    expect(bucket?.clients).toEqual({ scholar: { requests: 40, 'ms:120': 40, 'tokens-good': 40 } });
    expect(await redis.pttl(keys.shard(0).fleetCounters(nowMs))).toBeGreaterThan(2.9 * 3_600_000);
    const keptMs = await redis.pttl(keys.shard(0).clientCounters(nowMs));
    expect(keptMs, 'for as long as a trigger looks back').toBeGreaterThan(600_000);
    expect(keptMs).toBeLessThan(700_000);
  });

  test('of a process whose clock is wrong, or is set meanwhile, lie where those of all others do', async () => {
    let clockMs = Date.now() - 3_600_000;
    const own = server.connect();
    const monotonicNow = () => performance.now();
    const clock = createFleetClock({ redis: own, now: () => clockMs, monotonicNow });
    await clock.set();
    clockMs += 7_200_000;
    expect(Math.abs(clock.now() - Date.now())).toBeLessThan(1_000);
    own.disconnect();
    await expect(clock.set()).rejects.toThrow('read clock');
    expect(Math.abs(clock.now() - Date.now()), 'from the last look, while the store is away').toBeLessThan(
      1_000,
    );
  });

  test('that the store did not take are written later, into the bucket they belong to', async () => {
    const broken = server.connect();
    const adder = startAdder(broken);
    adder.countRequest({ ...answered, ms: 1, clientId: 'scholar' });
    broken.disconnect();
    await expect(adder.flush()).rejects.toThrow('Connection is closed');
    await broken.connect();
    nowMs += bucketMs;
    await adder.flush();
    const series = await createWindowReader(redis, keys, now).read(recordedAtMs, nowMs);
    expect(series).toEqual([
      {
        startMs: recordedAtMs,
        figures: { requests: 1, 'ms:5': 1, 'tokens-good': 1 },
        clients: { scholar: { requests: 1, 'ms:5': 1, 'tokens-good': 1 } },
      },
      { startMs: nowMs, figures: { alive: 1 } },
    ]);
  });
});

describe('a trigger that fires', () => {
  test('stops sending and pauses consumers, with an incident that says why and what it did', async () => {
    await record(failing);
    await judgeFleet(startGuardDesk());
    expect(await readOff()).toEqual(['send', 'consume']);
    const [incident] = await listIncidents({ redis, keys }, 10);
    expect(incident).toMatchObject({
      trigger: '5xx',
      mode: 'act',
      value: 100,
      line: 100,
      samples: 3_000,
      action: {
        effects: [
          { action: 'stop-sending', state: 'quiesced', inFlightAtStop: 0, inFlight: 0 },
          { action: 'pause-consumers', state: 'paused' },
        ],
      },
    });
    expect(incident?.series).toHaveLength(31);
    expect(incident?.series[0]?.figures).toMatchObject({ requests: 100, errors: 1 });
    const [last, first] = await readAudit(redis, keys.shard(0), 2);
    expect([first?.actor, first?.action, last?.action]).toEqual(['guard', 'set send', 'set consume']);
    expect(first?.reason).toContain(incident?.id);
  });

  test('one that may only observe opens an incident and touches nothing; one that is off does neither', async () => {
    await record(failing);
    const modes = (mode: TriggerMode) => ({ ...startGuardDesk().modes, '5xx': mode });
    await judgeFleet(startGuardDesk({ modes: modes('off') }));
    expect(await listIncidents({ redis, keys }, 10)).toEqual([]);
    await judgeFleet(startGuardDesk({ modes: modes('observe') }));
    expect(await listIncidents({ redis, keys }, 10)).toMatchObject([{ trigger: '5xx', mode: 'observe' }]);
    expect(await readOff()).toEqual([]);
    await judgeFleet(startGuardDesk());
    expect(await readOff(), 'switched to act while it still fails').toEqual(['send', 'consume']);
  });

  test('bad tokens pause intake and nothing else', async () => {
    await record([{ buckets: 30, each: bad }]);
    await judgeFleet(startGuardDesk());
    expect(await readOff()).toEqual(['ingest']);
  });

  test('does not, when one client alone brings it there: the others are well', async () => {
    const segment = {
      buckets: 30,
      each: { alive: 5, requests: 100, errors: 50, 'tokens-bad': 2, 'tokens-good': 98 },
      clients: {
        mallory: { requests: 50, errors: 50, 'tokens-bad': 2, 'tokens-good': 48 },
        scholar: { requests: 50, 'tokens-good': 50 },
      },
    };
    await record([segment]);
    await judgeFleet(startGuardDesk());
    expect(await readOff()).toEqual([]);
    const { judgement } = await readWatchdog(redis, keys, nowMs);
    expect(judgement?.triggers['5xx']).toMatchObject({
      verdict: 'pass',
      detail:
        '1500 of 3000 (50.00 %); 50.00 % when a client counts for 500 at most; 0.00 % without one client',
    });
    const { each, clients } = segment;
    await record([
      {
        ...segment,
        each: { ...each, errors: 51 },
        clients: { ...clients, scholar: { requests: 50, errors: 1 } },
      },
    ]);
    await judgeFleet(startGuardDesk());
    expect(await readOff()).toEqual(['send', 'consume']);
  });

  test('stays latched over a restart, however the figures are by then, and is one incident', async () => {
    await record(failing);
    await Promise.all([judgeFleet(startGuardDesk()), judgeFleet(startGuardDesk())]);
    await record([{ buckets: 60, each: { requests: 100 } }]);
    const metrics = createMetrics({ processMetrics: false });
    await judgeFleet(startGuardDesk({ metrics }));
    expect((await metrics.render()).body).toContain('acc_trigger_latched{trigger="5xx"} 1');
    expect((await readWatchdogMemory(redis, keys)).latches.has('5xx')).toBe(true);
    expect(await listIncidents({ redis, keys }, 10)).toHaveLength(1);
    expect(await readOff()).toEqual(['send', 'consume']);
  });

  test('is acted for by the next guard when the first one died between its words and its deeds', async () => {
    await record(failing);
    const dying = startGuardDesk();
    const died = new Error('killed');
    const killed: Redis = new Proxy(dying.redis, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]): unknown =>
          name === 'evalsha' && String(args[2]).endsWith(':gate')
            ? Promise.reject(died)
            : Reflect.apply(member, target, args);
      },
    });
    await expect(judgeFleet({ ...dying, redis: killed })).rejects.toThrow('set-flag');
    expect(await readOff()).toEqual([]);
    await actOnIncidents(startGuardDesk());
    expect(await readOff()).toEqual(['send', 'consume']);
    expect(await listIncidents({ redis, keys }, 10)).toMatchObject([{ action: { effects: [{}, {}] } }]);
  });
});

test('a trigger has one open incident at most, whatever two guards call theirs', async () => {
  const opening = { trigger: '5xx', mode: 'act', openedAt: new Date(nowMs).toISOString() } as const;
  const rest = { says: '', detail: '', samples: 1, samplesMin: 1, series: [] };
  expect(await openIncident({ redis, keys }, { id: 'inc-1', ...opening, ...rest }, 0)).toBe('opened');
  expect(await openIncident({ redis, keys }, { id: 'inc-2', ...opening, ...rest }, 0)).toBe('latched');
  expect(await listIncidents({ redis, keys }, 10)).toMatchObject([{ id: 'inc-1' }]);
});

describe('a release', () => {
  test('is a person’s word with a reason, starts nothing, and lets later figures fire again', async () => {
    await record(failing);
    await judgeFleet(startGuardDesk());
    const [{ id } = { id: '' }] = await listIncidents({ redis, keys }, 1);
    expect(await releaseIncident({ redis, keys, now }, id, order)).toMatchObject({
      kind: 'released',
      incident: { release: { by: 'ada', reason: 'rolled back' } },
    });
    expect(await readOff(), 'starting is a word of its own').toEqual(['send', 'consume']);
    await judgeFleet(startGuardDesk());
    expect(await listIncidents({ redis, keys }, 10), 'what was before does not count').toHaveLength(1);
    await record([{ buckets: 1, each: { requests: 100, errors: 1 } }]);
    await judgeFleet(startGuardDesk());
    expect(await listIncidents({ redis, keys }, 10)).toMatchObject([{}, { id, release: {} }]);
    const lines = await readAudit(redis, keys.shard(0), 10);
    expect(lines.map(({ actor, action }) => `${actor}: ${action}`)).toContain('ada: release incident: done');
  });

  test('is not undone by a guard that judged before it and was frozen until after', async () => {
    await record(failing);
    const frozen = startGuardDesk();
    let thaw = (): void => undefined;
    const thawed = new Promise<void>((resolve) => {
      thaw = resolve;
    });
    let isHeld = false;
    const late = judgeFleet({
      ...frozen,
      countWaiting: async () => {
        isHeld = true;
        await thawed;
        return 0;
      },
    });
    await waitFor(
      'the guard is half-way',
      () => Promise.resolve(isHeld),
      (yes) => yes,
    );
    await judgeFleet(startGuardDesk());
    const [{ id } = { id: '' }] = await listIncidents({ redis, keys }, 1);
    expect((await releaseIncident({ redis, keys, now }, id, order)).kind).toBe('released');
    thaw();
    await late;
    expect((await readWatchdogMemory(redis, keys)).latches.size).toBe(0);
    expect(await listIncidents({ redis, keys }, 10)).toMatchObject([{ id, release: { by: 'ada' } }]);
  });

  test('of what is released already, or never was, changes nothing', async () => {
    await record(failing);
    await judgeFleet(startGuardDesk());
    const [{ id } = { id: '' }] = await listIncidents({ redis, keys }, 1);
    const both = await Promise.all([order, order].map((by) => releaseIncident({ redis, keys, now }, id, by)));
    expect(both.map(({ kind }) => kind).toSorted()).toEqual(['not-open', 'released']);
    const lines = await readAudit(redis, keys.shard(0), 100);
    expect(await releaseIncident({ redis, keys, now }, id, order)).toEqual({ kind: 'not-open' });
    expect(await readAudit(redis, keys.shard(0), 100)).toEqual(lines);
    expect(await releaseIncident({ redis, keys, now }, 'inc-none', order)).toEqual({ kind: 'not-found' });
    expect((await readIncident({ redis, keys }, id))?.release?.by).toBe('ada');
    expect(await redis.pttl(keys.shard(0).incident(id))).toBeGreaterThan(30 * 86_400_000);
  });
});

describe('the queue depth', () => {
  test('is sampled once in each bucket, fires at ten minutes, and is no verdict while we hold it back', async () => {
    const deps = startGuardDesk();
    depth = 1_000;
    for (let turn = 0; turn < 60; turn += 1) {
      await judgeFleet(deps);
      nowMs += bucketMs;
    }
    depth = 2_001;
    for (let turn = 0; turn < 60; turn += 1) {
      await judgeFleet(deps);
      nowMs += bucketMs;
    }
    expect(await readOff(), 'ten seconds short').toEqual([]);
    await judgeFleet(deps);
    expect(await readOff()).toEqual(['consume']);
    nowMs += bucketMs;
    await judgeFleet(deps);
    const standing = await readWatchdog(redis, keys, nowMs);
    expect(standing.judgement?.triggers.depth).toMatchObject({
      verdict: 'no-data',
      value: 2_001,
      line: 2_000,
    });
  });

  test('keeps its baseline through a hold that outlasts the samples', async () => {
    const deps = startGuardDesk();
    depth = 1_000;
    for (let turn = 0; turn < 61; turn += 1) {
      await judgeFleet(deps);
      nowMs += bucketMs;
    }
    const hold = { flag: 'consume', value: 'off', actor: 'ada', reason: 'maintenance' } as const;
    await setFlag({ redis, keys, now }, hold);
    depth = 50_000;
    await judgeFleet(deps);
    // The hours of the hold, each bucket as the guard has just written it.
    const sample = await redis.hgetall(keys.shard(0).fleetCounters(toBucketStart(nowMs)));
    const writes = redis.pipeline();
    for (let turn = 0; turn < 1_081; turn += 1) {
      nowMs += bucketMs;
      writes.hset(keys.shard(0).fleetCounters(toBucketStart(nowMs)), sample);
    }
    await writes.exec();
    await setFlag(
      { redis, keys, now },
      { ...hold, value: 'on', seenEpoch: (await readGate(redis, keys))?.epoch ?? 0 },
    );
    await judgeFleet(deps);
    expect((await readWatchdog(redis, keys, nowMs)).judgement?.triggers.depth).toMatchObject({
      verdict: 'pass',
      value: 50_000,
      line: 2_000,
    });
  });

  test('that one client alone brought does not fire, and one that is over without it too does', async () => {
    const metrics = createMetrics({ processMetrics: false });
    const deps = startGuardDesk({ metrics });
    const play = async (turns: number): Promise<void> => {
      for (let turn = 0; turn < turns; turn += 1) {
        const key = keys.shard(0).clientCounters(nowMs);
        await redis.hset(key, { 'requests mallory': 100, 'requests scholar': 1 });
        await judgeFleet(deps);
        nowMs += bucketMs;
      }
    };
    depth = 1_000;
    await play(60);
    depth = 20_000;
    waitingOf = new Map([
      ['mallory', 19_000],
      ['scholar', 1_000],
    ]);
    await play(62);
    expect(await readOff()).toEqual([]);
    const series = await createWindowReader(redis, keys, now).read(nowMs - bucketMs, nowMs);
    expect(series[0]?.figures).toMatchObject({ depth: 20_000, 'depth-others': 1_000, 'depth-over': 0 });
    expect((await metrics.render()).body).toContain('acc_queue_backlog_judged 1000\n');
    waitingOf = new Map([
      ['mallory', 17_000],
      ['scholar', 3_000],
    ]);
    await play(62);
    expect(await readOff()).toEqual(['consume']);
  });

  test('is looked through for whose jobs they are, over all queues, whatever the mixture', async () => {
    const faults: unknown[] = [];
    const jobs = createJobAdder({ redis, keys, onError: (_what, error) => faults.push(error) });
    const writes = redis.pipeline();
    const client = (index: number) => (index % 4 === 0 ? 'scholar' : 'mallory');
    for (let index = 0; index < 400; index += 1) {
      const id = toEventId(0, String(index).padStart(24, '0'));
      writes.hset(keys.of(id).event(id), 'client', client(index));
      jobs.addEventJob(id);
    }
    const message = toMessageId(0, '0'.repeat(24));
    writes.hset(keys.of(message).message(message), 'client', 'ledger');
    await writes.exec();
    await jobs.addMessageJob({ id: message, channel: 'email', generation: 1, dueAt: 0 });
    await jobs.addMessageJob({
      id: toMessageId(0, '1'.repeat(24)),
      channel: 'sms',
      generation: 1,
      dueAt: 0,
    });
    await waitFor(
      'all waiting',
      () => readDepths({ redis, keys }),
      ({ events }) => events.waiting === 400,
    );
    const { mallory = 0, scholar = 0, ...others } = Object.fromEntries(await sampleWaiting(redis, keys));
    // By a sample: five standard deviations to either side of 300 of 400.
    expect(Math.abs(mallory - 300)).toBeLessThan(87);
    expect(mallory + scholar).toBeCloseTo(400);
    expect(others).toEqual({ ledger: 1 });
    await jobs.close(1_000);
    expect(faults).toEqual([]);
  });

  test('that cannot be counted has no verdict, and keeps nobody else from having one', async () => {
    await record(failing);
    const deps = startGuardDesk({ countWaiting: () => Promise.reject(new Error('no queue')) });
    await judgeFleet(deps);
    expect(deps.faults).toEqual(['sample depth']);
    expect(await readOff()).toEqual(['send', 'consume']);
  });
});

describe('the budgets', () => {
  const samplesMin = { uptime: 50, '5xx': 50, p95: 50, auth: 50, 'dead-letters': 50, depth: 50 };

  test('are counted from the first judgement, rolled up once however often, and what nobody proved is down', async () => {
    const metrics = createMetrics({ processMetrics: false });
    const modes = { '5xx': 'off', tokens: 'off', depth: 'off', p95: 'off' } as const;
    const deps = { ...startGuardDesk({ modes }), metrics };
    await judgeFleet(deps);
    await record([
      { buckets: 45, each: { alive: 5, requests: 100, errors: 1, 'ms:80': 95, 'ms:200': 5 } },
      { buckets: 15, each: null },
    ]);
    for (let turn = 0; turn < 2; turn += 1)
      await reportSlos({ redis, keys, now, metrics, samplesMin }, await judgeFleet(deps));
    const { slos } = await readWatchdog(redis, keys, nowMs);
    expect(slos?.slos).toMatchObject({
      uptime: { bad: 15, total: 60, verdict: 'missed', measured: 0.75, since: '2026-11-20T09:00:00.000Z' },
      '5xx': { bad: 45, total: 4_500, verdict: 'missed', budgetLeft: -1, burnRates: { '5m': 2, '3d': 2 } },
      p95: { bad: 225, total: 4_500, verdict: 'met', budgetLeft: 0 },
      auth: { verdict: 'no-data' },
    });
    expect((await metrics.render()).body).toContain('acc_slo_error_budget_remaining_ratio{slo="5xx"} -1');
    const slots = await readSlots(redis, keys, 0, nowMs);
    expect(slots.map(({ up, figures }) => [up, figures.requests])).toEqual([
      [30, 3_000],
      [15, 1_500],
    ]);
  });

  test('of uptime begin with the first API that was seen: a start spends nothing', async () => {
    const deps = startGuardDesk();
    await judgeFleet(deps);
    const report = async () => {
      const metrics = createMetrics({ processMetrics: false });
      await reportSlos({ redis, keys, now, metrics, samplesMin }, await judgeFleet(deps));
      return (await readWatchdog(redis, keys, nowMs)).slos?.slos.uptime;
    };
    await record([{ buckets: 6, each: { depth: 0 } }]);
    expect(await report()).toMatchObject({ verdict: 'no-data', bad: 0, total: 0 });
    await record([{ buckets: 50, each: { alive: 5 } }]);
    expect(await report()).toMatchObject({ verdict: 'met', bad: 0, total: 50, budgetLeft: 1 });
    await record([{ buckets: 1, each: null }]);
    const missed = await report();
    expect(missed).toMatchObject({ bad: 1, total: 51, since: '2026-11-20T09:01:00.000Z' });
    expect(missed?.budgetLeft).toBeCloseTo(1 - 10 / 2_592, 10);
  });

  test('know the messages that ended from the store’s own counts, once each', async () => {
    const deps = startGuardDesk();
    const { messageCounts } = keys.shard(0);
    await redis.hset(messageCounts, { sent: 1_000, dead: 10 });
    await judgeFleet(deps);
    await redis.hset(messageCounts, { sent: 1_090, delivered: 5, dead: 15 });
    nowMs += bucketMs;
    await judgeFleet(deps);
    await judgeFleet(startGuardDesk());
    nowMs += bucketMs;
    const series = await judgeFleet(deps);
    await reportSlos(
      { redis, keys, now, metrics: createMetrics({ processMetrics: false }), samplesMin },
      series,
    );
    const { slos } = await readWatchdog(redis, keys, nowMs);
    expect(slos?.slos['dead-letters']).toMatchObject({ bad: 5, total: 100, verdict: 'missed' });
  });
});

test('the guard only ever switches off: a switch that a person turned off stays as it is', async () => {
  const change = { flag: 'ingest', value: 'off', actor: 'ada', reason: 'maintenance' } as const;
  await setFlag({ redis, keys, now }, change);
  await record(failing);
  await judgeFleet(startGuardDesk());
  expect(await readOff()).toEqual(['send', 'ingest', 'consume']);
  expect((await readGate(redis, keys))?.flags.ingest.change?.actor).toBe('ada');
});

test('a judgement that is old is shown as such: nobody is watching', async () => {
  await judgeFleet(startGuardDesk());
  expect(await readWatchdog(redis, keys, nowMs + 39_999)).toMatchObject({ isFresh: true });
  expect(await readWatchdog(redis, keys, nowMs + 40_000)).toMatchObject({ isFresh: false });
});

test('a guard that cannot judge, because the store is away, soon shows no verdict any more', async () => {
  const own = server.connect();
  let steadyMs = 0;
  const metrics = createMetrics({ processMetrics: false });
  const deps = startGuardDesk({ redis: own, metrics, monotonicNow: () => steadyMs });
  const clock = createFleetClock({ redis: own, now, monotonicNow: () => steadyMs });
  const budgets = { redis: own, keys, now, metrics, samplesMin: noSamplesMin };
  const turn = createWatch({ deps, budgets, lease: { hold: async () => true }, clock });
  const shows = async () => (await metrics.render()).body.includes('acc_trigger_verdict{');
  await turn();
  expect(await shows()).toBe(true);
  own.disconnect();
  await expect(turn()).rejects.toThrow('read clock');
  steadyMs = 40_000;
  await expect(turn()).rejects.toThrow('read clock');
  expect(await shows()).toBe(true);
  steadyMs = 40_001;
  await expect(turn()).rejects.toThrow('read clock');
  expect(await shows()).toBe(false);
});

test('of two guards one holds the lease, and the other gets it when the first lets go', async () => {
  const key = keys.shard(0).lease('watch');
  const [first, second] = [createLease(redis, key, 5_000), createLease(server.connect(), key, 5_000)];
  expect([await first.hold(), await second.hold(), await first.hold()]).toEqual([true, false, true]);
  await first.release();
  expect(await second.hold()).toBe(true);
});
