import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findFreePort } from '../../local/loopback.ts';
import type { MessageId } from '../../src/domain/ids.ts';
import { bucketMs, triggerTable } from '../../src/domain/thresholds.ts';
import { type CuttableProxy, startCuttableProxy } from '../support/cuttable-proxy.ts';
import { listAlerts, listUsedMetrics } from '../support/monitoring-files.ts';
import { isInstalled, type PrometheusServer, startPrometheus } from '../support/prometheus.ts';
import { playSegments } from '../support/recorded-series.ts';
import { type ScriptedSmtp, startScriptedSmtp } from '../support/scripted-smtp.ts';
import { anEvent, type ProcessKind, type Service, startService } from '../support/service.ts';
import { type ApiResponse, createServiceClient, type ServiceClient } from '../support/service-client.ts';
import { waitFor } from '../support/wait-for.ts';

/**
 * A real Prometheus scrapes every process of a running service, and every alert fires, each by a real fault. The tests
 * go on from one another: what is broken stays broken. The spans of the rules are squeezed, the longer the more, and
 * keep their order: 10 s → 1 s, 1 min → 3 s, 5 min → 4 s, 1 h → 11 s, a day → 38 s, three days → 59 s. The service itself
 * keeps its own pace: its guard looks every ten seconds.
 */
const rules = {
  squeeze: (ms: number) => 1_000 * Math.ceil((ms / bucketMs) ** 0.4),
  clockedSamplesMin: 1,
};
const hasPrometheus = isInstalled('prometheus', 'prometheus');

const kinds: readonly ProcessKind[] = ['planner', 'sender', 'api', 'guard'];
/** A second API, which reaches no issuer and has never seen a key, and a third whose way to the store can be cut. */
const outlyingApi = 'api-outlying';
const cutOffApi = 'api-cut-off';
/** Known only after ten minutes of judging, and no alert rests on it: test/integration/guard.test.ts sees it set. */
const notSoSoon = ['acc_slo_error_budget_remaining_ratio'];

let smtp: ScriptedSmtp;
let service: Service;
let prometheus: PrometheusServer;
let wayToStore: CuttableProxy;
let outlying: ServiceClient;
let cutOff: ServiceClient;

beforeAll(async () => {
  if (!hasPrometheus) return;
  smtp = await startScriptedSmtp();
  service = await startService({
    processes: [],
    environment: {
      SMTP_URL: `smtp://127.0.0.1:${smtp.port}`,
      PROOF_OF_LIFE_SECONDS: '1',
      GUARD_TOKENS: 'act',
      GUARD_DEPTH_FLOOR: '5',
      QUARANTINE_KEYS: `test:${Buffer.alloc(32, 7).toString('base64')}`,
    },
  });
  await rememberQuietQueue();
  wayToStore = await startCuttableProxy(Number(new URL(service.redisUrl).port));
  prometheus = await startPrometheus({ targets: await startProcesses(), rules });
}, 120_000);
afterAll(async () => {
  await prometheus?.stop();
  await wayToStore?.close();
  await service?.stop();
  await smtp?.close();
});

/** Starts every process and answers where its figures are. */
async function startProcesses(): Promise<string[]> {
  const noIssuer = { AUTH_JWKS_URL: `http://127.0.0.1:${await findFreePort()}/jwks` };
  const [outlyingPort, cutOffPort] = await Promise.all([findFreePort(), findFreePort()]);
  outlying = createServiceClient(`http://127.0.0.1:${outlyingPort}`, service.issuer);
  cutOff = createServiceClient(`http://127.0.0.1:${cutOffPort}`, service.issuer);
  const ports = await Promise.all([...kinds, outlyingApi, cutOffApi].map(() => findFreePort()));
  const metricsAt = (index: number) => ({ METRICS_PORT: String(ports[index]) });
  // The guard would else judge what the outlying API puts into quarantine.
  const own = (kind: ProcessKind) => (kind === 'guard' ? noIssuer : {});
  await Promise.all([
    ...kinds.map((kind, index) => service.startProcess(kind, kind, { ...metricsAt(index), ...own(kind) })),
    service.startProcess('api', outlyingApi, {
      ...metricsAt(kinds.length),
      ...noIssuer,
      PORT: String(outlyingPort),
    }),
    service.startProcess('api', cutOffApi, {
      ...metricsAt(kinds.length + 1),
      PORT: String(cutOffPort),
      REDIS_URL: `redis://127.0.0.1:${wayToStore.port}`,
      // A scrape, which waits for the store, has a second.
      REDIS_COMMAND_TIMEOUT_MS: '500',
    }),
  ]);
  return ports.map((port) => `127.0.0.1:${port}`);
}

/** The ten quiet minutes without which a guard knows no usual depth, as a guard would have written them. */
async function rememberQuietQueue(): Promise<void> {
  const buckets = triggerTable.depth.baselineSamplesMin;
  const fromMs = (Math.floor(Date.now() / bucketMs) - buckets) * bucketMs;
  for (const { startMs, figures } of playSegments([{ buckets, each: { depth: 0, 'depth-held': 0 } }], fromMs))
    await service.redis.hset(service.keys.shard(0).fleetCounters(startMs), figures);
}

function burnsOf(slo: string): readonly string[] {
  return ['Fast', 'Steadily', 'Slowly'].map((speed) => `BudgetBurns${speed}{${slo}}`);
}

/** Calls that many times at the same moment. */
function inParallel<T>(count: number, call: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => call(index)));
}

function kill(name: string): void {
  service.processes.get(name)?.signal('SIGKILL');
}

/** What the status notes lie in is of another type now: reading them is a fault of ours, and nobody else's. */
async function spoilNotes(): Promise<void> {
  const { statusNotes } = service.keys.shard(0);
  await service.redis.rename(statusNotes, `${statusNotes}-aside`).catch(() => undefined);
  await service.redis.set(statusNotes, 'spoilt');
}

async function mendNotes(): Promise<void> {
  const { statusNotes } = service.keys.shard(0);
  await service.redis.del(statusNotes);
  await service.redis.rename(`${statusNotes}-aside`, statusNotes).catch(() => undefined);
}

/** Tokens of two clients that were good, until their key was withdrawn. */
const lostTokens: string[] = [];

async function shutOutClients(): Promise<void> {
  const [upstream, other] = await Promise.all([
    service.newTokens('upstream', 100),
    service.newTokens('other', 100),
  ]);
  lostTokens.push(...upstream.flatMap((token, index) => [token, other[index] ?? token]));
  const answers = await Promise.all(lostTokens.map((token) => service.call('/api/send/status', { token })));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  await service.issuer.rotateKeys({ dropOld: true });
  service.forgetTokens();
  // A key that it does not know makes the API ask for the keys that there are.
  expect((await service.call('/api/send/status')).status).toBe(200);
}

/** Posts a good event, whatever the answer. The same key twice is one event. */
function postTo(client: ServiceClient, key: string = randomUUID()): Promise<ApiResponse> {
  return client.call('/api/events', { json: anEvent(), headers: { 'idempotency-key': key } });
}

interface Fault {
  readonly fault: string;
  readonly fires: readonly string[];
  /** Must not fire meanwhile. */
  readonly spares?: readonly string[];
  readonly begin?: () => Promise<unknown>;
  /** Done again and again, until all of them have fired. */
  readonly goOn?: () => Promise<unknown>;
}

const faults: readonly Fault[] = [
  {
    fault: 'the issuer away for an API that never saw a key',
    fires: ['KeysUnavailable'],
    begin: () =>
      waitFor(
        'an event in quarantine',
        async () => (await postTo(outlying)).body,
        (body) => body['status'] === 'quarantined',
        { deadlineMs: 20_000, everyMs: 100 },
      ),
    goOn: () => postTo(outlying),
  },
  {
    fault:
      'a recipient who is not allowed, a provider that never answers, and one that refuses whatever comes',
    fires: ['OutcomesUnknown', 'DeadLettersWaiting', ...burnsOf('dead-letters')],
    begin: async () => {
      await service.waitForMessages(await service.post(anEvent({ email: 'ada@example.test' })), ['held']);
      smtp.play({ dot: 'drop' });
      await service.waitForMessages(await service.post(anEvent()), ['unknown']);
      smtp.play({ rcpt: { reply: '550 5.7.1 we do not want this' } });
    },
    goOn: () => inParallel(10, () => postTo(service)),
  },
  {
    fault: 'an account that is over its quota at the provider',
    fires: ['ProviderRefusesAccount'],
    begin: async () => smtp.play({ mail: { reply: '550 5.4.5 Daily user sending quota exceeded' } }),
    goOn: () => inParallel(5, () => postTo(service)),
  },
  {
    fault: 'a store whose writes stall under posts',
    fires: ['RollbackSlowAnswers{p95}', ...burnsOf('p95')],
    begin: async () => smtp.play({}),
    goOn: async () => {
      await service.redis.client('PAUSE', 600, 'WRITE');
      await inParallel(20, (index) => postTo(service, `slow-${index}`));
    },
  },
  {
    fault: 'a store that falls silent under posts of clients that are known: an outage fires no trigger',
    fires: ['StoreUnavailable', 'FiguresIncomplete', ...burnsOf('5xx')],
    spares: ['RollbackServerErrors{5xx}', 'StoreNotDurable', 'TriggerLatched{5xx}'],
    begin: async () => wayToStore.freeze(),
    goOn: () => inParallel(20, () => postTo(cutOff)),
  },
  {
    fault: 'a fault of ours that all requests of the one client meet who is there',
    fires: ['RollbackServerErrors{5xx}', 'ClientFailing'],
    begin: () => spoilNotes(),
    goOn: async () => {
      const token = await service.token('upstream');
      const answers = await inParallel(20, () => service.call('/api/status/notes', { token }));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([500]));
    },
  },
  {
    fault: 'a dead planner under posts',
    fires: ['ProofOfLifeOld', 'QueueTooOld{events}', 'RollbackQueueDepth{depth}', ...burnsOf('depth')],
    begin: async () => {
      await mendNotes();
      kill(outlyingApi);
      kill(cutOffApi);
      kill('planner');
      await inParallel(30, () => postTo(service));
    },
  },
  {
    fault:
      'a rotation that shuts every client out: the rule and the guard agree, and what the guard does is seen',
    fires: [
      'RollbackBadTokens{tokens}',
      'TriggerLatched{tokens}',
      'IngestionPaused',
      'NoTokenGood',
      ...burnsOf('auth'),
    ],
    begin: () => shutOutClients(),
    goOn: async () => {
      // Some more of the lost tokens each time; when all are known, they are sent again.
      const tokens = lostTokens.splice(0, 40);
      lostTokens.push(...tokens);
      const answers = await Promise.all(tokens.map((token) => service.call('/api/send/status', { token })));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
    },
  },
  {
    fault: 'a stop, paused consumers, a store that lost its durability',
    fires: ['StoreNotDurable', 'SendingStopped', 'ConsumersPaused'],
    begin: async () => {
      const reason = 'a test of the alerts';
      const put = (path: string, json: object) => service.call(path, { method: 'PUT', json });
      await service.redis.config('SET', 'appendfsync', 'everysec');
      const stopped = await put('/api/control/send', { enabled: false, reason });
      expect(stopped.status, JSON.stringify(stopped.body)).toBeLessThan(300);
      const paused = await put('/api/control/consumers', { paused: true, reason });
      expect(paused.status, JSON.stringify(paused.body)).toBeLessThan(300);
    },
  },
  {
    fault: 'what has waited since the first faults: for a person, and for the issuer',
    fires: ['HeldTooLong', 'QuarantineTooOld'],
  },
  {
    fault:
      'a record that a newer program wrote, a witness that is away, and a store that is put back in time',
    fires: ['RecordsParked', 'WitnessAway', 'StoreWentBack'],
    begin: async () => {
      const { keys, redis, dir } = service;
      const { message, messagesOpen, messageCounts } = keys.shard(0);
      const id = `msg_00${'7'.repeat(24)}` as MessageId;
      await redis.hset(message(id), { v: '99', id, state: 'queued' });
      await redis.zadd(messagesOpen, Date.now() - 60_000, id);
      await rm(join(dir, 'witness'), { recursive: true });
      await writeFile(join(dir, 'witness'), 'no folder any more');
      await redis.hset(messageCounts, 'changes', '1');
    },
  },
  { fault: 'a dead guard', fires: ['GuardAbsent'], begin: async () => kill('guard') },
  { fault: 'no API', fires: ['FiguresAbsent', ...burnsOf('uptime')], begin: async () => kill('api') },
];
/** Fires without one. */
const watchdog = 'Watchdog';

test('every alert of the rules has a fault here that makes it fire', () => {
  const named = [watchdog, ...faults.flatMap(({ fires }) => fires)];
  const isNamed = (alert: string) => named.some((name) => name === alert || name.startsWith(`${alert}{`));
  expect(listAlerts().length).toBeGreaterThan(30);
  expect(listAlerts().filter((alert) => !isNamed(alert))).toEqual([]);
});

describe.skipIf(!hasPrometheus)('a real Prometheus', { timeout: 120_000 }, () => {
  test('loads every rule and evaluates each without a fault', async () => {
    const answer = await fetch(`${prometheus.url}/api/v1/rules`);
    const { data } = (await answer.json()) as {
      data: { groups: readonly { rules: readonly { health: string; name: string; lastError?: string }[] }[] };
    };
    const loaded = data.groups.flatMap((group) => group.rules);
    expect(loaded.length).toBeGreaterThan(50);
    expect(loaded.filter(({ health }) => health === 'err')).toEqual([]);
  });

  test('sees a healthy service: a message leaves, and nothing fires but the watchdog', async () => {
    const event = await service.post(anEvent());
    await service.waitForMessages(event, ['sent']);
    const seen = await waitFor(
      'only the watchdog',
      async () => ({
        firing: [...(await prometheus.listFiring())],
        sent: await prometheus.query('max(acc_messages{state="sent"})'),
        proofs: await prometheus.query('max(acc_proof_of_life_age_seconds) < 3'),
      }),
      ({ firing, sent, proofs }) =>
        firing.join() === watchdog && (sent[0]?.value ?? 0) >= 1 && proofs.length === 1,
      { deadlineMs: 90_000, everyMs: 200 },
    );
    expect(seen.firing).toEqual([watchdog]);
  });

  test.each(faults.map((row) => [row.fault, row] as const))(
    'sees %s',
    async (_, { fires, spares = [], begin, goOn }) => {
      await begin?.();
      const fired = new Set<string>();
      const missing = await waitFor(
        `${fires.join(', ')} firing`,
        async () => {
          await goOn?.();
          for (const name of await prometheus.listFiring()) fired.add(name);
          return fires.filter((name) => !fired.has(name));
        },
        (names) => names.length === 0,
        { deadlineMs: 80_000, everyMs: 200 },
      );
      expect(missing).toEqual([]);
      expect(spares.filter((name) => fired.has(name))).toEqual([]);
    },
  );

  test('has seen every metric that rules, dashboard and scaler name', async () => {
    const seen = await prometheus.query('count by (__name__) (last_over_time({job="acc"}[10m]))');
    expect(seen.length).toBeGreaterThan(0);
    const exported = new Set(
      seen.map(({ metric }) => (metric['__name__'] ?? '').replace(/_(bucket|count|sum)$/, '')),
    );
    expect(listUsedMetrics().filter((name) => !exported.has(name) && !notSoSoon.includes(name))).toEqual([]);
  });
});
