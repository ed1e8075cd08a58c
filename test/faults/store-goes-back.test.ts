import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Redis, startRedis } from '../../local/redis.ts';
import { readDepths } from '../../src/queue/count-jobs.ts';
import { type ScriptedSmtp, startScriptedSmtp } from '../support/scripted-smtp.ts';
import { type Service, startService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';
import { askEvent, countCopies, postBatch } from './invariants.ts';
import { stopAndQuiesce } from './switch-sending.ts';

/**
 * LIN: a store that is put back in time in every way that happens, under a service that goes on running or is started
 * anew. A provider counts: nothing goes out twice, and nothing after an acknowledged stop. Each scenario leaves the
 * store adopted and sending; the next one begins there.
 */
const kinds = ['api', 'planner', 'sender', 'guard'] as const;
let dir = '';
let redis: Redis;
let service: Service;
let smtp: ScriptedSmtp;
let posted = 0;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'went-back-'));
  redis = await startRedis({ dir: join(dir, 'store'), port: 0 });
  smtp = await startScriptedSmtp();
  service = await startService({
    redisUrl: redis.url,
    environment: { SMTP_URL: `smtp://127.0.0.1:${smtp.port}` },
  });
}, 60_000);
afterAll(async () => {
  await service?.stop();
  await smtp?.close();
  await redis?.stop();
  await rm(dir, { recursive: true, force: true });
});

test('a copy restored after further sending and a stop: nothing twice, nothing after the stop', async () => {
  await sendSome(20);
  await pauseSenders();
  const ids = await post(10);
  await waitForState(ids, 'queued');
  // With their jobs: what has none yet is held only when the reconciler has come by.
  await waitFor(
    'their jobs wait',
    async () => (await readDepths(service)).email.waiting,
    (waiting) => waiting === 10,
  );
  await copyStore('before');
  await resumeSenders();
  const sent = await Promise.all(ids.map((id) => service.waitForMessages(id, ['sent'])));
  const attempts = sent.flat().map((message) => ({ message_id: message.message_id }));
  await sendSome(10);
  await stopAndQuiesce(service);
  await restoreCopy('before');
  await expectWentBack();
  const late = await post(5);
  await waitForState(late, 'held', 'store-went-back');
  expect(smtp.messages).toHaveLength(40);

  // A person adopts it, with the logs of the senders at hand.
  const adopted = await adopt();
  expect(adopted).toMatchObject({
    from: expect.stringMatching(/^1\./),
    lineage: expect.stringMatching(/^2\./),
  });
  await start(adopted.epoch);
  expect(await held()).toMatchObject({ restored: 10, 'store-went-back': 5 });
  expect(await call('/api/control/adopt/attempts', { attempts, reason: 'logs' })).toEqual({
    marked: 10,
    known: 0,
    missing: 0,
  });
  await release('store-went-back');
  await waitForState(late, 'sent');
  expect(countMail()).toEqual({ mails: 45, copiesMax: 1 });
});

test('a store put back although nobody turned a flag, under processes that go on running', async () => {
  await copyStore('again');
  await sendSome(6);
  await restoreCopy('again');
  await expectWentBack();
  const adopted = await adopt();
  expect(adopted.open).toBe(0);
  await start(adopted.epoch);
  await sendSome(1);
  expect(countMail()).toEqual({ mails: 52, copiesMax: 1 });
});

test('and under processes that were all started anew: the witness knows', async () => {
  await copyStore('third');
  await sendSome(4);
  await Promise.all([...service.processes.values()].map((one) => one.stop()));
  await restoreCopy('third');
  await Promise.all(kinds.map((kind) => service.startProcess(kind, kind)));
  await expectWentBack();
  await start((await adopt()).epoch);
  await sendSome(1);
  expect(countMail()).toEqual({ mails: 57, copiesMax: 1 });
});

test('an old volume, of before an adoption', async () => {
  await restoreCopy('before');
  await expectWentBack();
  const adopted = await adopt();
  await start(adopted.epoch);
  // What lay open in it was sent long ago: it is held, and says that it may have left.
  await waitFor('held again', held, (counts) => counts['restored'] === 10);
  const page = await call('/api/held');
  expect((page['items'] as { may_have_left?: true }[]).every((item) => item.may_have_left === true)).toBe(
    true,
  );
  expect(countMail()).toEqual({ mails: 57, copiesMax: 1 });
  await call('/api/held/discard', { filter: {}, preview: false, reason: 'sent in another life' });
});

test('an empty store behind a witness that knows more', async () => {
  await restoreCopy('nothing');
  await expectWentBack();
  const late = await post(3);
  await waitForState(late, 'held', 'store-went-back');
  await start((await adopt()).epoch);
  await release('store-went-back');
  await waitForState(late, 'sent');
  expect(countMail()).toEqual({ mails: 60, copiesMax: 1 });
});

test('a witness that is lost: said, and a person adopts; one that is only away stops nothing that runs', async () => {
  await rm(join(service.dir, 'witness'), { recursive: true, force: true });
  await sendSome(2);
  await Promise.all([...service.processes.values()].map((one) => one.stop()));
  await rm(join(service.dir, 'witness'), { recursive: true, force: true });
  await Promise.all(kinds.map((kind) => service.startProcess(kind, kind)));
  expect(await expectWentBack()).toContain('lost its mark');
  await start((await adopt()).epoch);
  await sendSome(1);
  expect(countMail()).toEqual({ mails: 63, copiesMax: 1 });
});

test('a process that is pointed at another store sends nothing from it, and the others go on', async () => {
  const other = await startRedis({ dir: join(dir, 'other'), port: 0 });
  const strays = ['api', 'planner', 'sender'] as const;
  const port = { PORT: '0', REDIS_URL: other.url };
  const [api] = await Promise.all(strays.map((kind) => service.startProcess(kind, `stray-${kind}`, port)));
  const url = (
    JSON.parse(api?.lastLines().find((line) => line.includes('"ready"')) ?? '{}') as { url: string }
  ).url;
  const answer = await fetch(`${url}/api/send/status`, {
    headers: { authorization: `Bearer ${await service.token()}` },
  });
  expect(((await answer.json()) as { reason: string }).reason).toContain('store-went-back');
  await sendSome(2);
  expect(countMail()).toEqual({ mails: 65, copiesMax: 1 });
  for (const kind of strays) await service.processes.get(`stray-${kind}`)?.stop();
  await other.stop();
});

async function post(count: number): Promise<string[]> {
  const events = Array.from({ length: count }, () => askEvent(`event-${(posted += 1)}`));
  const ids = await postBatch(service, events);
  expect(ids).toHaveLength(count);
  return ids;
}

async function sendSome(count: number): Promise<void> {
  await waitForState(await post(count), 'sent');
}

async function waitForState(ids: readonly string[], state: string, reason?: string): Promise<void> {
  for (const id of ids) {
    const messages = await service.waitForMessages(id, [state], 30_000);
    expect(messages.every((message) => reason === undefined || message.reason === reason)).toBe(true);
  }
}

async function call(path: string, json?: unknown): Promise<Record<string, unknown>> {
  const { status, body } = await service.call(path, json === undefined ? {} : { method: 'POST', json });
  if (status !== 200) throw new Error(`${path} answered ${status}: ${JSON.stringify(body)}`);
  return body;
}

async function pauseSenders(): Promise<void> {
  await service.processes.get('sender')?.stop();
}

async function resumeSenders(): Promise<void> {
  await service.startProcess('sender', 'sender');
}

/** As a backup does: the folder of a store that has just synced. */
async function copyStore(name: string): Promise<void> {
  await cp(join(dir, 'store'), join(dir, `copy-${name}`), { recursive: true });
}

/** The store dies, and comes back with the data of the copy; without one it is empty. */
async function restoreCopy(name: string): Promise<void> {
  process.kill(redis.pid, 'SIGKILL');
  await redis.exited;
  await rm(join(dir, 'store'), { recursive: true });
  await cp(join(dir, `copy-${name}`), join(dir, 'store'), { recursive: true }).catch(() => undefined);
  redis = await startRedis({ dir: join(dir, 'store'), port: redis.port });
}

/** Status, metric and log say so; nothing leaves. Answers the reason. */
async function expectWentBack(): Promise<string> {
  const { body } = await waitFor(
    'the store is seen to be behind',
    () => service.call('/api/send/status'),
    (answer) => String(answer.body['reason']).startsWith('store-went-back'),
    { deadlineMs: 20_000, everyMs: 50 },
  );
  expect(body['sending']).toBe(false);
  const metrics = await (await fetch(`${service.url}/metrics`)).text();
  expect(metrics).toMatch(/^acc_store_went_back 1$/m);
  return String(body['reason']);
}

async function adopt(): Promise<{ epoch: number; open: number }> {
  const { lineage } = await call('/api/control');
  const order = { lineage, reason: 'restored on purpose' };
  const adopted = (await call('/api/control/adopt', order)) as { epoch: number; open: number };
  const again = await service.call('/api/control/adopt', { method: 'POST', json: order });
  expect(again.status).toBe(409);
  return adopted;
}

async function start(epoch: number): Promise<void> {
  const json = { enabled: true, reason: 'looked at', epoch };
  const { body } = await service.call('/api/control/send', { method: 'PUT', json });
  expect(body).toMatchObject({ state: 'started', witnessed: true });
  await waitFor(
    'sending again',
    () => service.call('/api/send/status'),
    (answer) => answer.body['sending'] === true,
  );
}

async function held(): Promise<Record<string, number>> {
  return (await call('/api/held'))['counts'] as Record<string, number>;
}

async function release(reason: string): Promise<void> {
  await call('/api/held/release', { filter: { reason }, preview: false, reason: 'looked at' });
}

function countMail(): { mails: number; copiesMax: number } {
  const copies = [...countCopies(smtp.messages).values()];
  return { mails: copies.length, copiesMax: Math.max(...copies) };
}
