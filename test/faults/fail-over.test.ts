import { afterAll, beforeAll, expect, test } from 'vitest';
import { findFreePort } from '../../local/loopback.ts';
import { type ScriptedSmtp, startScriptedSmtp } from '../support/scripted-smtp.ts';
import { type Service, startService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';
import { askEvent, findBreaches, postBatch, waitForRest } from './invariants.ts';

const senders = 3;

let fallback: ScriptedSmtp;
let service: Service;
const acknowledged: string[] = [];

beforeAll(async () => {
  fallback = await startScriptedSmtp();
  service = await startService({
    environment: {
      // Nobody listens there.
      SMTP_URL: `smtp://127.0.0.1:${await findFreePort()}`,
      SMTP_FALLBACK_URL: `smtp://127.0.0.1:${fallback.port}`,
    },
  });
  for (let count = 1; count < senders; count += 1) await service.startProcess('sender');
}, 60_000);
afterAll(async () => {
  await service?.stop();
  await fallback?.close();
});

interface Report {
  readonly provider: string;
  readonly ok: boolean;
  readonly breaker?: string;
  readonly since?: string;
  readonly senders: readonly { sender: string; breaker: string }[];
}

async function readReports(path: string): Promise<readonly Report[]> {
  return (await service.call(path)).body['providers'] as readonly Report[];
}

test('DLV-1: one message alone, on many senders, leaves by the second provider with its second attempt', async () => {
  const eventId = await service.post(askEvent('alone'));
  acknowledged.push(eventId);
  const [message] = await service.waitForMessages(eventId, ['sent', 'dead'], 30_000);
  const { body } = await service.call(`/api/messages/${message?.message_id}`);
  const attempts = body['attempts'] as { provider: string; outcome: string }[];
  expect(attempts.map(({ provider, outcome }) => [provider, outcome])).toEqual([
    ['smtp-primary', 'unreachable'],
    ['smtp-fallback', 'accepted'],
  ]);
}, 60_000);

test.each(['/api/diagnostics', '/api/providers/health'])(
  'DLV-4: %s shows what every sender knows of each provider, the worst first',
  async (path) => {
    const before = await readReports(path);
    expect(before.map(({ provider, ok }) => [provider, ok])).toEqual([
      ['smtp-primary', false],
      ['smtp-fallback', true],
    ]);
    await waitFor(
      'every sender reports',
      async () => (await readReports(path)).map(({ senders: views }) => views.length),
      (counts) => counts.every((count) => count === senders),
      { deadlineMs: 10_000 },
    );
    const events = Array.from({ length: 40 }, (_, index) => askEvent(`${path.split('/').at(-1)}-${index}`));
    acknowledged.push(...(await postBatch(service, events)));
    const reports = await waitFor(
      'a breaker opens',
      () => readReports(path),
      ([primary]) => primary?.breaker === 'open',
      { deadlineMs: 20_000 },
    );
    expect(reports[0]?.senders.map(({ breaker }) => breaker)).toContain('open');
    const openForMs = Date.now() - Date.parse(reports[0]?.since ?? '');
    expect(openForMs).toBeGreaterThan(-1_000);
    expect(openForMs).toBeLessThan(120_000);
    expect(reports[1]).not.toHaveProperty('since');
    expect(reports[1]).toMatchObject({ provider: 'smtp-fallback', breaker: 'closed' });
    await waitForRest(service, 40_000);
  },
  90_000,
);

test('DLV-4: a sender that was killed is shown no longer than its word counts', async () => {
  service.processes.get('sender-2')?.signal('SIGKILL');
  const counts = await waitFor(
    'the dead sender is gone',
    async () => (await readReports('/api/providers/health')).map(({ senders: views }) => views.length),
    (seen) => seen.every((count) => count === senders - 1),
    { deadlineMs: 30_000, everyMs: 200 },
  );
  expect(counts).toHaveLength(2);
}, 40_000);

test('REL-1: with the first provider away, everything was sent exactly once', async () => {
  await waitForRest(service, 40_000);
  expect(await findBreaches(service, { acknowledged, received: fallback.messages })).toEqual([]);
  expect(fallback.messages).toHaveLength(acknowledged.length);
}, 60_000);
