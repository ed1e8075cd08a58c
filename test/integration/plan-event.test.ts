import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseEmailAddress } from '../../src/domain/address.ts';
import type { IncomingEvent } from '../../src/domain/event.ts';
import type { ClientId, EventId } from '../../src/domain/ids.ts';
import type { DirectoryAnswer } from '../../src/domain/recipient.ts';
import { createAcceptEvent } from '../../src/ingest/accept-event.ts';
import { hashAddress } from '../../src/observe/address-hash.ts';
import { createLog } from '../../src/observe/log.ts';
import { loadCatalog } from '../../src/plan/catalog.ts';
import { type Planner, planEvent } from '../../src/plan/plan-event.ts';
import { createJobAdder, type JobAdder } from '../../src/queue/job-adder.ts';
import { readEventRecord } from '../../src/store/event-record.ts';
import { readMessageRecord } from '../../src/store/message-record.ts';
import { type GateServer, startGateServer } from '../support/gate-store.ts';

const catalog = loadCatalog(fileURLToPath(new URL('../../templates', import.meta.url)));
const adders: JobAdder[] = [];
let store: GateServer;
beforeAll(async () => {
  store = await startGateServer();
});
afterAll(async () => {
  await Promise.all(adders.map((adder) => adder.close(1_000)));
  await store.stop();
});

test('a plan that was cut short is finished with the messages it had, also when the directory has changed since', async () => {
  const desk = await openDesk();
  const id = await desk.accept({ type: 'welcome', data: { student_id: 'stu_1' } });
  const record = await desk.readEvent(id);
  await desk.plan(id, found('old@example.com'));
  // As a worker leaves it that dies between the message and the end of the event.
  await desk.redis.hset(desk.keys.of(id).event(id), { state: 'accepted', messages: '' });
  await desk.redis.zadd(desk.keys.of(id).eventsOpen, record.receivedAt, id);

  await desk.plan(id, found('new@example.com'));

  const { messages } = await desk.readEvent(id);
  expect(await desk.listOpenMessages()).toEqual([...messages]);
  const [message] = messages;
  expect(message).toBeDefined();
  if (message === undefined) return;
  expect(await readMessageRecord(desk.redis, desk.keys.of(message), message)).toMatchObject({
    to: 'old@example.com',
  });
});

test.each<[DirectoryAnswer, string]>([
  [{ kind: 'not-found' }, 'recipient-not-found'],
  [{ kind: 'refused', detail: 'the directory answered 403' }, 'recipient-refused'],
  [{ kind: 'found', recipient: { locale: 'en', timeZone: 'UTC' } }, 'no-address'],
])(
  'a directory that answers %j ends the event dead, with that reason and no message',
  async (answer, reason) => {
    const desk = await openDesk();
    const id = await desk.accept({ type: 'welcome', data: { student_id: 'stu_1' } });
    await desk.plan(id, answer);
    expect(await desk.readEvent(id)).toMatchObject({ state: 'dead', reason, messages: [] });
    expect(await desk.listOpenMessages()).toEqual([]);
  },
);

function found(address: string): DirectoryAnswer {
  const email = parseEmailAddress(address);
  if (!email.ok) throw new Error(`${address}: ${email.fault}`);
  return { kind: 'found', recipient: { email: email.value, locale: 'en', timeZone: 'UTC' } };
}

async function openDesk() {
  const redis = store.connect();
  const keys = await store.openStore();
  const jobs = createJobAdder({ redis, keys, onError: () => undefined });
  adders.push(jobs);
  const accept = createAcceptEvent({
    redis,
    keys,
    jobs,
    mode: 'testing',
    idempotencyMs: 60_000,
    now: Date.now,
  });
  const planner: Omit<Planner, 'directory'> = {
    redis,
    keys,
    jobs,
    catalog,
    hashAddress: (channel, address) => hashAddress('k'.repeat(32), channel, address),
    defaults: { locale: 'en', timeZone: 'UTC' },
    retentionMs: 60_000,
    directoryHorizonMs: 60_000,
    log: createLog({ level: 'fatal', service: 'test', version: '0' }),
    now: Date.now,
    random: Math.random,
  };
  return {
    redis,
    keys,
    accept: async (event: IncomingEvent): Promise<EventId> => {
      const idempotencyKey = `key-${Math.random()}`;
      const { eventId } = await accept({ client: 'test' as ClientId, idempotencyKey, event, requestId: 'r' });
      return eventId;
    },
    plan: (id: EventId, answer: DirectoryAnswer) =>
      planEvent(
        { ...planner, directory: { lookUpRecipient: async () => answer } },
        id,
        new AbortController().signal,
      ),
    readEvent: async (id: EventId) => {
      const record = await readEventRecord(redis, keys, id);
      if (record === undefined) throw new Error(`${id} has no record`);
      return record;
    },
    listOpenMessages: () => redis.zrange(keys.shard(0).messagesOpen, '0', '-1'),
  };
}
