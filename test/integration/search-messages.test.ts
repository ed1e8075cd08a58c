import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { reconcile } from '../../src/deliver/reconcile.ts';
import type { MessageId } from '../../src/domain/ids.ts';
import { hashAddress } from '../../src/observe/address-hash.ts';
import { createLog } from '../../src/observe/log.ts';
import { readStoreClock } from '../../src/store/store-clock.ts';
import { type OperatorApi, startOperatorApi } from '../support/operator-api.ts';
import { hashKey } from '../support/seed-messages.ts';

let api: OperatorApi;
beforeAll(async () => {
  api = await startOperatorApi();
});
afterAll(() => api.stop());
beforeEach(async () => {
  // Not the counts: a store whose count of changes falls has gone back in time.
  const keys = (await api.redis.keys('*:message*')).filter((key) => !key.endsWith('counts'));
  if (keys.length > 0) await api.redis.del(...keys);
});

interface Found {
  readonly message_id: string;
  readonly state: string;
  readonly waits_for?: string;
  readonly to: string;
}

async function search(query: string): Promise<Found[]> {
  const found: Found[] = [];
  for (let cursor = ''; ; ) {
    const { status, body } = await api.ask('GET', `/api/messages?${query}${cursor}`);
    expect(status, JSON.stringify(body)).toBe(200);
    found.push(...body.items);
    if (body.next_cursor === undefined) return found;
    cursor = `&cursor=${body.next_cursor}`;
  }
}
const idsOf = (found: readonly Found[]): string[] => found.map(({ message_id }) => message_id);

/** A message to somebody of the tests' own. */
/** Each in a millisecond of its own: what came in the same one is in the order of its id. */
async function seedFor(address: string, fields: Record<string, string | number> = {}): Promise<MessageId> {
  const channel = address.includes('@') ? 'email' : 'sms';
  const toHash = hashAddress(hashKey, channel, address);
  const id = await api.seedMessage({ channel, to: address, toHash, ...fields });
  const seededAt = await readStoreClock(api.redis);
  while ((await readStoreClock(api.redis)) === seededAt);
  return id;
}
const end = (id: MessageId, to: 'expired' | 'cancelled'): Promise<unknown> =>
  api.gate.decisions.end(id, { to, from: ['queued'], reason: 'test' });

describe('did this person get it?', () => {
  test('every message to an address is found, in whatever state, and nobody else’s', async () => {
    const queued = await seedFor('jo@example.com');
    const held = await seedFor('jo@example.com');
    await api.gate.decisions.hold(held, 'stopped', '{}');
    const ended = await seedFor('jo@example.com');
    await end(ended, 'expired');
    await seedFor('joan@example.com');
    const found = await search(`to=${encodeURIComponent('jo@EXAMPLE.com')}`);
    expect(new Set(idsOf(found))).toEqual(new Set([queued, held, ended]));
    expect(found.map(({ to }) => to)).toEqual(['j***@example.com', 'j***@example.com', 'j***@example.com']);
    expect(await search('to=jo@example.com&state=held')).toMatchObject([{ message_id: held }]);
    expect(api.seen.join()).not.toContain('jo@example.com');
  });

  test('a number is found, and the hash of a log line finds the same', async () => {
    const id = await seedFor('+15555550177');
    expect(idsOf(await search('to=%2B15555550177'))).toEqual([id]);
    expect(idsOf(await search(`to=${hashAddress(hashKey, 'sms', '+15555550177')}`))).toEqual([id]);
  });

  test.each([
    ['to=nobody', '/to'],
    ['to=12345', '/to'],
    ['state=gone', '/state'],
    ['since=yesterday', '/since'],
    ['colour=red', '/colour'],
    ['cursor=nonsense', '/cursor'],
  ])('%s is 422, names the place and repeats no value', async (query, pointer) => {
    const { status, body } = await api.ask('GET', `/api/messages?${query}`);
    expect([status, body.errors[0].pointer]).toEqual([422, pointer]);
    expect(JSON.stringify(body.errors)).not.toContain(query.split('=')[1]);
  });

  test('the list of a person goes with the last record, and not before', async () => {
    const [first, second] = [await seedFor('jo@example.com'), await seedFor('jo@example.com')];
    const key = api.keys.of(first).messagesTo(hashAddress(hashKey, 'email', 'jo@example.com'));
    expect(await api.redis.pttl(key)).toBe(-1);
    await end(first, 'cancelled');
    expect(await api.redis.pttl(key)).toBe(-1);
    await end(second, 'cancelled');
    const [list, record] = [
      await api.redis.pttl(key),
      await api.redis.pttl(api.keys.of(second).message(second)),
    ];
    expect(Math.abs(list - record)).toBeLessThan(1_000);
    // A person who is written to again has a list without end again.
    await seedFor('jo@example.com');
    expect(await api.redis.pttl(key)).toBe(-1);
  });
});

describe('searching everything', () => {
  test('type, client, state and time are joined; open ones come first', async () => {
    const old = await seedFor('a@example.com', { createdAt: Date.parse('2026-01-01T00:00:00Z') });
    const other = await seedFor('b@example.com', { client: 'other' });
    const done = await seedFor('c@example.com');
    await end(done, 'expired');
    expect(idsOf(await search(''))).toEqual([old, other, done]);
    expect(idsOf(await search('since=2026-06-01T00:00:00Z'))).toEqual([other, done]);
    expect(idsOf(await search('until=2026-06-01T00:00:00Z'))).toEqual([old]);
    expect(idsOf(await search('client=other'))).toEqual([other]);
    expect(idsOf(await search('state=expired&type=welcome'))).toEqual([done]);
    expect(idsOf(await search('state=expired&type=nope'))).toEqual([]);
  });

  test('pages meet every message once', async () => {
    const ids: string[] = [];
    for (let count = 0; count < 9; count += 1) ids.push(await seedFor(`p${count}@example.com`));
    await end(ids[4] as MessageId, 'cancelled');
    const found = idsOf(await search('limit=2'));
    expect(found.toSorted()).toEqual(ids.toSorted());
  });

  test('what has ended leaves the search when its record goes', async () => {
    const id = await seedFor('jo@example.com');
    await end(id, 'cancelled');
    const { message, messagesEnded } = api.keys.of(id);
    expect(await api.redis.zcard(messagesEnded)).toBe(1);
    await api.redis.del(message(id));
    expect(await search('state=cancelled')).toEqual([]);
    const { redis, keys, jobs, gate } = api;
    await reconcile({
      redis,
      keys,
      jobs,
      permits: gate.permits,
      decisions: gate.decisions,
      log: createLog({ level: 'error', service: 'test', version: '0' }),
      findPolicy: () => 'ask',
      ageMs: 0,
      retentionMs: -1_000,
      walkMs: 1_000,
      places: new Map(),
    });
    expect(await api.redis.zcard(messagesEnded)).toBe(0);
  });
});

describe('what waits', () => {
  test('is counted by why and says it of each message', async () => {
    const later = Date.now() + 600_000;
    const turn = await seedFor('a@example.com');
    const due = await seedFor('b@example.com', { sendAt: later });
    const limited = await seedFor('c@example.com');
    await api.gate.decisions.postpone(limited, later, 'domain:example.com');
    const away = await seedFor('d@example.com');
    await api.gate.decisions.postpone(away, later, 'provider-back-off');
    const claimed = await api.seedMessage();
    await api.claim(claimed);
    const { body } = await api.ask('GET', '/api/messages?state=queued');
    expect(body.waits).toEqual({
      turn: 1,
      'not-due': 1,
      limit: 1,
      'provider-back-off': 1,
      'under-way': 1,
    });
    const why = new Map(body.items.map((item: Found) => [item.message_id, item.waits_for]));
    expect(why).toEqual(
      new Map([
        [turn, 'turn'],
        [due, 'not-due'],
        [limited, 'limit'],
        [away, 'provider-back-off'],
      ]),
    );
  });

  test('is shown with its draft, rendered now or as it was kept', async () => {
    const data = { student_id: 'stu_1', scholarship_id: 'sch_1', match_score: 90 };
    const id = await seedFor('jo@example.com', { type: 'new_match_found', data: JSON.stringify(data) });
    const { body } = await api.ask('GET', `/api/messages/${id}/draft`);
    expect(body).toMatchObject({ message_id: id, state: 'queued', draft: { channel: 'email' } });
    const held = await api.seedHeld('stopped');
    expect((await api.ask('GET', `/api/messages/${held}/draft`)).body.draft).toEqual({ subject: 'Welcome' });
    const broken = await seedFor('jo@example.com', { type: 'no_such_type' });
    expect((await api.ask('GET', `/api/messages/${broken}/draft`)).body).toMatchObject({ draft: null });
    await end(id, 'cancelled');
    expect((await api.ask('GET', `/api/messages/${id}/draft`)).status).toBe(404);
  });

  test('is cancelled in bulk: a preview first, then those that may be', async () => {
    const [first, second] = [await seedFor('a@example.com'), await seedFor('b@example.com')];
    const other = await seedFor('c@example.com', { client: 'other' });
    const claimed = await api.seedMessage();
    await api.claim(claimed);
    const order = { filter: { client: 'upstream' }, reason: 'posted twice' };
    const preview = await api.ask('POST', '/api/messages/cancel', order);
    expect(preview.body).toMatchObject({
      preview: true,
      matched: 3,
      cancelled: 0,
      skipped: { under_way: 1 },
    });
    const { body } = await api.ask('POST', '/api/messages/cancel', { ...order, preview: false });
    expect(body).toMatchObject({ cancelled: 2, skipped: { under_way: 1 } });
    expect(
      await Promise.all([first, second, other, claimed].map(async (id) => (await api.read(id)).state)),
    ).toEqual(['cancelled', 'cancelled', 'queued', 'claimed']);
    const { body: audit } = await api.ask('GET', '/api/audit?limit=2');
    expect(audit.lines[1]).toMatchObject({ action: 'cancel waiting', reason: 'posted twice' });
  });
});
