import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PhoneNumber, parseEmailAddress } from '../../src/domain/address.ts';
import type { IncomingEvent } from '../../src/domain/event.ts';
import type { ClientId, EventId, MessageId } from '../../src/domain/ids.ts';
import type { DirectoryResult, Recipient } from '../../src/domain/recipient.ts';
import { createAcceptEvent } from '../../src/ingest/accept-event.ts';
import { hashAddress } from '../../src/observe/address-hash.ts';
import { createLog } from '../../src/observe/log.ts';
import { viewEvent } from '../../src/operator/events.ts';
import { viewMessage } from '../../src/operator/message.ts';
import { loadCatalog } from '../../src/plan/catalog.ts';
import { settleDeadEvent } from '../../src/plan/finish-event.ts';
import { endPoisonEvent, type Planner, planEvent } from '../../src/plan/plan-event.ts';
import { createJobAdder, type JobAdder } from '../../src/queue/job-adder.ts';
import { readEventRecord } from '../../src/store/event-record.ts';
import { type MessageRecord, readMessageRecord } from '../../src/store/message-record.ts';
import { type GateServer, startGateServer } from '../support/gate-store.ts';
import { someMessageId } from '../support/some-ids.ts';
import { listMembers } from '../support/test-shards.ts';

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
  const deps = await openDesk();
  const id = await deps.accept({ type: 'welcome', data: { student_id: 'stu_1' } });
  const record = await deps.readEvent(id);
  await deps.plan(id, found('old@example.com'));
  // As a worker leaves it that dies between the message and the end of the event.
  await deps.redis.hset(deps.keys.of(id).event(id), { state: 'accepted', messages: '' });
  await deps.redis.zadd(deps.keys.of(id).eventsOpen, record.receivedAt, id);

  await deps.plan(id, found('new@example.com'));

  const { messages } = await deps.readEvent(id);
  expect(await deps.listOpenMessages()).toEqual([...messages]);
  const [message] = messages;
  expect(message).toBeDefined();
  if (message === undefined) return;
  expect(await readMessageRecord(deps.redis, deps.keys.of(message), message)).toMatchObject({
    to: 'old@example.com',
  });
});

test.each([
  ['student_id', 'dead'],
  ['applicant_ref', 'planned'],
])(
  'with %s as the field of the directory, an event that brings applicant_ref alone ends %s',
  async (field, state) => {
    const deps = await openDesk();
    const id = await deps.accept({ type: 'welcome', data: { applicant_ref: 'a1' } });
    await deps.plan(id, found('jo@example.com'), field);
    expect(await deps.readEvent(id)).toMatchObject({ state });
  },
);

test.each<[DirectoryResult, string]>([
  [{ kind: 'not-found' }, 'recipient-not-found'],
  [{ kind: 'refused', detail: 'the directory answered 403' }, 'recipient-refused'],
  [{ kind: 'found', recipient: { locale: 'en', timeZone: 'UTC' } }, 'no-address'],
])(
  'a directory that answers %j ends the event dead, with that reason and no message',
  async (answer, reason) => {
    const deps = await openDesk();
    const id = await deps.accept({ type: 'welcome', data: { student_id: 'stu_1' } });
    await deps.plan(id, answer);
    expect(await deps.readEvent(id)).toMatchObject({ state: 'dead', reason, messages: [] });
    expect(await deps.listOpenMessages()).toEqual([]);
  },
);

/** The day that the calendar shows where it is day the longest. */
function readLatestDay(): string {
  return new Date(Date.now() - 12 * 3_600_000).toISOString().slice(0, 10);
}

describe('a deadline that is a day', () => {
  const deadline = () => ({
    type: 'deadline_approaching',
    data: { student_id: 's', scholarship_id: 'c', hours_remaining: 3, deadline: readLatestDay() },
  });

  test('stands until the day is over where the reader is', async () => {
    const deps = await openDesk();
    const event = deadline();
    const id = await deps.accept(event);
    await deps.plan(id, found('la@example.com', { timeZone: 'Etc/GMT+12' }));
    const { state, messages } = await deps.readEvent(id);
    expect(state).toBe('planned');
    // Noon in UTC of the next day: no other zone is later.
    expect(await deps.readMessages(messages)).toMatchObject([
      { notAfter: Date.parse(event.data.deadline) + 36 * 3_600_000 },
    ]);
  });

  test('has passed for a reader whose day is over', async () => {
    const deps = await openDesk();
    const id = await deps.accept(deadline());
    await deps.plan(id, found('ki@example.com', { timeZone: 'Pacific/Kiritimati' }));
    expect(await deps.readEvent(id)).toMatchObject({ state: 'expired', reason: 'not-after', messages: [] });
  });
});

describe('an address that cannot be used', () => {
  const remark = { channel: 'sms', detail: 'phone in the directory is not usable (not-e164): …' } as const;
  const match = { type: 'new_match_found', data: { student_id: 's', scholarship_id: 'c', match_score: 9 } };

  test('leaves its channel out, and the event and its view say so', async () => {
    const deps = await openDesk();
    const id = await deps.accept(match);
    await deps.plan(id, { ...found('jo@example.com'), remarks: [remark] });
    const record = await deps.readEvent(id);
    expect(record).toMatchObject({ state: 'planned', reason: '', remarks: [remark] });
    const messages = await deps.readMessages(record.messages);
    expect(messages.map(({ channel }) => channel)).toEqual(['email']);
    expect(viewEvent(record, messages)).toMatchObject({ remarks: [remark] });
  });

  test('is no matter of an event that does not ask for its channel', async () => {
    const deps = await openDesk();
    const id = await deps.accept({ ...match, channels: ['email'] });
    await deps.plan(id, { ...found('jo@example.com'), remarks: [remark] });
    const record = await deps.readEvent(id);
    expect(record).toMatchObject({ state: 'planned', remarks: [] });
    expect(viewEvent(record, [])).not.toHaveProperty('remarks');
  });

  test('ends an event that asks for nothing else, and a replay after it was mended forgets it', async () => {
    const deps = await openDesk();
    const id = await deps.accept({ ...match, channels: ['sms'] });
    await deps.plan(id, { ...found('jo@example.com'), remarks: [remark] });
    expect(await deps.readEvent(id)).toMatchObject({
      state: 'dead',
      reason: 'recipient-refused',
      remarks: [remark],
      messages: [],
    });
    await settleDeadEvent({ ...deps, retentionMs: 60_000 }, id, 'accepted', {
      reason: 'has a number now',
      by: 'boss',
    });
    const mended = found('jo@example.com', { phone: '+15555550123' as PhoneNumber });
    await deps.plan(id, mended);
    const record = await deps.readEvent(id);
    expect(record).toMatchObject({ state: 'planned', remarks: [] });
    expect(
      viewEvent(record, []).history.map(({ what, ...more }) => [what, 'detail' in more && more.detail]),
    ).toEqual([
      ['accepted', false],
      ['dead', 'recipient-refused'],
      ['replayed', 'boss: has a number now'],
      ['planned', false],
    ]);
  });

  test('that dies again and again keeps how, and no more than twenty lines', async () => {
    const deps = await openDesk();
    const id = await deps.accept({ ...match, channels: ['sms'] });
    for (let time = 0; time < 15; time += 1) {
      await deps.plan(id, { ...found('jo@example.com'), remarks: [remark] });
      await settleDeadEvent({ ...deps, retentionMs: 60_000 }, id, 'accepted', {
        reason: `try ${time}`,
        by: 'boss',
      });
    }
    const { earlier } = await deps.readEvent(id);
    expect(earlier).toHaveLength(20);
    expect(earlier.at(-1)).toMatchObject({ what: 'replayed', detail: 'boss: try 14' });
    await deps.plan(id, { ...found('jo@example.com'), remarks: [remark] });
    await settleDeadEvent({ ...deps, retentionMs: 60_000 }, id, 'rejected', { reason: 'enough', by: 'boss' });
    const { history } = viewEvent(await deps.readEvent(id), []);
    expect(history.slice(-2)).toMatchObject([
      { what: 'dead', detail: 'recipient-refused' },
      { what: 'rejected', detail: 'enough' },
    ]);
  });
});

test.each([
  ['fr-CA', 'fr'],
  ['fr', 'fr'],
  ['de', 'en'],
  [`fr-x${'-a'.repeat(120_000)}`.slice(0, 240_000), 'en'],
])(
  'the language that a reader’s locale comes to is in the record and its view',
  async (locale, textLocale) => {
    const deps = await openDesk();
    const id = await deps.accept({ type: 'deadline_approaching', data: { ...someDeadline } });
    await deps.plan(id, found('jo@example.com', { locale }));
    const [message] = await deps.readMessages((await deps.readEvent(id)).messages);
    expect(message).toMatchObject({ locale, textLocale });
    expect(message && viewMessage(message)).toMatchObject({ locale: textLocale });
  },
);

test('the stored form of an event and of its message is as every program of version 1 knows it', async () => {
  const deps = await openDesk();
  const id = await deps.accept({ type: 'welcome', data: { student_id: 'stu_1' }, sendAt: 1_000 });
  const { eventsOpen, event } = deps.keys.of(id);
  const accepted = await deps.redis.hgetall(event(id));
  expect(accepted).toEqual({
    v: '1',
    era: '1',
    state: 'accepted',
    client: 'test',
    type: 'welcome',
    mode: 'testing',
    body: '{"data":{"student_id":"stu_1"},"sendAt":1000,"type":"welcome"}',
    receivedAt: expect.stringMatching(/^\d{13}$/),
    requestId: 'r',
    job: expect.stringMatching(/^[\w-]{12}$/),
  });
  expect(await deps.redis.zcard(eventsOpen)).toBe(1);
  await deps.plan(id, found('jo@example.com', { name: 'Jo', locale: 'fr-CA' }));
  const [messageId = someMessageId] = (await deps.readEvent(id)).messages;
  expect(await deps.redis.hgetall(deps.keys.of(messageId).message(messageId))).toEqual({
    v: '1',
    era: '1',
    id: messageId,
    event: id,
    client: 'test',
    type: 'welcome',
    channel: 'email',
    category: 'transactional',
    mode: 'testing',
    to: 'jo@example.com',
    toHash: hashAddress('k'.repeat(32), 'email', 'jo@example.com'),
    name: 'Jo',
    locale: 'fr-CA',
    textLocale: expect.stringMatching(/^[a-z]{2}$/),
    timeZone: 'UTC',
    data: '{"student_id":"stu_1"}',
    state: 'queued',
    generation: '1',
    sendAt: '1000',
    notAfter: expect.stringMatching(/^\d{13}$/),
    requestId: 'r',
    createdAt: expect.stringMatching(/^\d{13}$/),
    updatedAt: expect.stringMatching(/^\d{13}$/),
    history: expect.stringMatching(/^\{"at":\d{13},"to":"queued","by":"planner"\}$/),
  });
});

test('LIN-3: an event of a newer program that kills its workers, or that is dead, is not touched', async () => {
  const deps = await openDesk();
  const id = await deps.accept({ type: 'welcome', data: {} });
  const { event, eventsOpen, eventsDead } = deps.keys.of(id);
  const look = async () => [
    await deps.redis.hgetall(event(id)),
    await deps.redis.pttl(event(id)),
    await deps.redis.zcard(eventsOpen),
    await deps.redis.zcard(eventsDead),
  ];
  for (const state of ['accepted', 'dead']) {
    await deps.redis.hset(event(id), { v: '2', state });
    const before = await look();
    await deps.endPoison(id);
    const settled = await settleDeadEvent({ ...deps, retentionMs: 1_000 }, id, 'accepted', {
      reason: 'test',
      by: 'test',
    });
    expect([settled, await look()]).toEqual([false, before]);
  }
});

const someDeadline = {
  student_id: 's',
  scholarship_id: 'c',
  hours_remaining: 40,
  deadline: new Date(Date.now() + 40 * 3_600_000).toISOString(),
};

function found(address: string, more: Partial<Recipient> = {}): Extract<DirectoryResult, { kind: 'found' }> {
  const email = parseEmailAddress(address);
  if (!email.ok) throw new Error(`${address}: ${email.error}`);
  return { kind: 'found', recipient: { email: email.value, locale: 'en', timeZone: 'UTC', ...more } };
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
    retentionMs: 60_000,
    directoryIdField: 'student_id',
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
    plan: (id: EventId, answer: DirectoryResult, directoryIdField = 'student_id') =>
      planEvent(
        { ...planner, directoryIdField, directory: { lookUpRecipient: async () => answer } },
        id,
        new AbortController().signal,
      ),
    endPoison: (id: EventId) =>
      endPoisonEvent({ ...planner, directory: { lookUpRecipient: async () => ({ kind: 'not-found' }) } }, id),
    readEvent: async (id: EventId) => {
      const record = await readEventRecord(redis, keys, id);
      if (record === undefined) throw new Error(`${id} has no record`);
      return record;
    },
    readMessages: async (ids: readonly MessageId[]): Promise<MessageRecord[]> => {
      const records = await Promise.all(ids.map((one) => readMessageRecord(redis, keys.of(one), one)));
      return records.filter((record) => record !== undefined);
    },
    listOpenMessages: () => listMembers(redis, keys, ({ messagesOpen }) => messagesOpen),
  };
}
