import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findFreePort } from '../../local/loopback.ts';
import { listUsedMetrics } from '../support/monitoring-files.ts';
import { isInstalled, type PrometheusServer, startPrometheus } from '../support/prometheus.ts';
import { type ScriptedSmtp, startScriptedSmtp } from '../support/scripted-smtp.ts';
import { anEvent, type ProcessKind, type Service, startService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

/**
 * A real Prometheus scrapes every process of a running service, with the rules at sixty times their pace: five
 * minutes are five seconds. Each fault is a real one. The tests go on from one another: what is broken stays broken.
 */
const timeScale = 1 / 60;
const hasPrometheus = isInstalled('prometheus', 'prometheus');

const kinds: readonly ProcessKind[] = ['planner', 'sender', 'guard', 'api'];
const coldApi = 'api-cold';
/** Known only after a minute, or ten, of judging: test/integration/guard.test.ts sees them set. */
const notSoSoon = ['acc_queue_depth_baseline', 'acc_slo_error_budget_remaining_ratio'];

let smtp: ScriptedSmtp;
let service: Service;
let prometheus: PrometheusServer;
const metricsPorts = new Map<string, number>();

beforeAll(async () => {
  if (!hasPrometheus) return;
  smtp = await startScriptedSmtp();
  for (const name of [...kinds, coldApi]) metricsPorts.set(name, await findFreePort());
  service = await startService({
    processes: [],
    environment: {
      SMTP_URL: `smtp://127.0.0.1:${smtp.port}`,
      PROOF_OF_LIFE_SECONDS: '1',
      GUARD_TOKENS: 'act',
    },
  });
  await Promise.all(kinds.map((kind) => service.startProcess(kind, kind, portOf(kind))));
  prometheus = await startPrometheus({
    targets: [...metricsPorts.values()].map((port) => `127.0.0.1:${port}`),
    timeScale,
  });
});
afterAll(async () => {
  await prometheus?.stop();
  await service?.stop();
  await smtp?.close();
});

function portOf(name: string): Record<string, string> {
  return { METRICS_PORT: String(metricsPorts.get(name)) };
}

/** Resolves, with all that fire, when these do at the same moment. */
function waitForFiring(...names: string[]): Promise<string[]> {
  return waitFor(
    `${names.join(', ')} firing`,
    async () => [...(await prometheus.listFiring())],
    (firing) => names.every((name) => firing.includes(name)),
    { deadlineMs: 30_000, everyMs: 200 },
  );
}

describe.skipIf(!hasPrometheus)('a real Prometheus', () => {
  test('loads every rule and evaluates each without a fault', async () => {
    const answer = await fetch(`${prometheus.url}/api/v1/rules`);
    const { data } = (await answer.json()) as {
      data: { groups: readonly { rules: readonly { health: string; name: string; lastError?: string }[] }[] };
    };
    const rules = data.groups.flatMap((group) => group.rules);
    expect(rules.length).toBeGreaterThan(50);
    expect(rules.filter(({ health }) => health === 'err')).toEqual([]);
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
        firing.join() === 'Watchdog' && (sent[0]?.value ?? 0) >= 1 && proofs.length === 1,
      { deadlineMs: 30_000, everyMs: 200 },
    );
    expect(seen.firing).toEqual(['Watchdog']);
  });

  test('a provider that refuses, and one that never answers: dead letters and unknown outcomes', async () => {
    smtp.play({ rcpt: { reply: '550 5.7.1 we do not want this' } });
    await service.waitForMessages(await service.post(anEvent({ email: 'bob@example.com' })), ['dead']);
    smtp.play({ dot: 'drop' });
    await service.waitForMessages(await service.post(anEvent({ email: 'cy@example.com' })), ['unknown']);
    smtp.play({});
    expect(await waitForFiring('DeadLettersWaiting', 'OutcomesUnknown')).not.toContain('SendingStopped');
  });

  test('bad tokens of our issuer: the rule and the guard agree, and the guard’s latch is seen', async () => {
    const token = await service.token();
    const [head, body] = token.split('.');
    const forged = `${head}.${body}.${Buffer.alloc(256, 7).toString('base64url')}`;
    const answers = await Promise.all(
      Array.from({ length: 60 }, () => service.call('/api/queue/status', { token: forged })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
    await waitForFiring('RollbackBadTokens{tokens}');
    await waitForFiring('TriggerLatched{tokens}');
  });

  test('the issuer away for an API that never saw a key, a stop, a store that lost its durability', async () => {
    const token = await service.token();
    const port = await findFreePort();
    await service.issuer.stop();
    await service.startProcess('api', coldApi, { ...portOf(coldApi), PORT: String(port) });
    await service.redis.config('SET', 'appendfsync', 'everysec');
    const stopped = await service.call('/api/control/send', {
      method: 'PUT',
      token,
      json: { enabled: false, reason: 'a test of the alerts' },
    });
    expect(stopped.status, JSON.stringify(stopped.body)).toBeLessThan(300);
    await waitFor(
      'a token that nobody can judge is counted, again and again',
      async () => {
        await fetch(`http://127.0.0.1:${port}/api/queue/status`, {
          headers: { authorization: `Bearer ${token}` },
        });
        return [...(await prometheus.listFiring())];
      },
      (firing) => firing.includes('KeysUnavailable'),
      { deadlineMs: 15_000, everyMs: 500 },
    );
    await waitForFiring('StoreNotDurable', 'SendingStopped', 'IngestionPaused');
  });

  test('a dead sender, a dead guard, no API: old proof, nobody who judges, nothing to see', async () => {
    service.processes.get('sender')?.signal('SIGKILL');
    await waitForFiring('ProofOfLifeOld');
    service.processes.get('guard')?.signal('SIGKILL');
    await waitForFiring('GuardAbsent');
    const named = listUsedMetrics();
    const seen = await prometheus.query('count by (__name__) (last_over_time({job="acc"}[10m]))');
    expect(seen.length).toBeGreaterThan(0);
    const exported = new Set(
      seen.map(({ metric }) => (metric['__name__'] ?? '').replace(/_(bucket|count|sum)$/, '')),
    );
    expect(named.filter((name) => !exported.has(name) && !notSoSoon.includes(name))).toEqual([]);
    for (const name of ['api', coldApi]) service.processes.get(name)?.signal('SIGKILL');
    expect(await waitForFiring('FiguresAbsent')).toContain('Watchdog');
  });
});
