import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chooseShard } from '../../src/store/shards.ts';
import { type OperatorApi, seededAddresses, startOperatorApi } from '../support/operator-api.ts';
import { listMembers } from '../support/test-shards.ts';

let api: OperatorApi;
beforeAll(async () => {
  api = await startOperatorApi();
});
afterAll(() => api.stop());

const [email, phone] = seededAddresses;
const add = (entries: readonly object[]) =>
  api.ask('POST', '/api/suppressions', { entries, reason: 'ticket 7' });
const askPermit = async () => {
  const message = await api.read(await api.seedMessage());
  return await api.gate.permits.ask({ message, provider: 'smtp-1', segments: 1, rehearse: false });
};

test('a suppressed address gets no permit, however it was written; once lifted it does', async () => {
  await add([{ address: 'SEEDED.Person@Example.COM', reason: 'asked by letter' }]);
  expect(await askPermit()).toEqual({ kind: 'suppressed', reason: 'asked by letter' });
  const removal = { address: email, reason: 'asked to come back' };
  expect((await api.ask('POST', '/api/suppressions/remove', removal)).body).toEqual({ removed: 1 });
  expect((await askPermit()).kind).toBe('go');
  expect((await api.ask('POST', '/api/suppressions/remove', removal)).body).toEqual({ removed: 0 });
});

test('good entries count although others have faults, which are named by index and place', async () => {
  const { status, body } = await add([
    { address: phone, reason: 'STOP' },
    { address: 'two@example.com, three@example.com', reason: 'list' },
    { address: '+15555550199', channel: 'email', reason: 'mixed up' },
    { reason: 'nobody' },
    { hash: 'f'.repeat(32), reason: 'of which channel?' },
  ]);
  expect([status, body.added]).toEqual([200, 1]);
  expect(
    body.faults.map(({ index, pointer }: { index: number; pointer: string }) => [index, pointer]),
  ).toEqual([
    [1, '/entries/1/address'],
    [2, '/entries/2/channel'],
    [3, '/entries/3'],
    [4, '/entries/4/channel'],
  ]);
});

test('an export gives hashes and masks, and can be imported as it is', async () => {
  await add([{ address: email, reason: 'asked', source: 'letter', at: '2026-01-02T03:04:05Z' }]);
  const exported = (await api.ask('GET', '/api/suppressions')).body.items;
  expect(exported).toContainEqual(
    expect.objectContaining({
      channel: 'email',
      masked: 's***@example.com',
      reason: 'asked',
      source: 'letter',
      at: '2026-01-02T03:04:05.000Z',
      by: 'boss',
    }),
  );
  for (const { channel, hash } of exported)
    await api.ask('POST', '/api/suppressions/remove', { channel, hash, reason: 'moving' });
  expect((await askPermit()).kind).toBe('go');
  expect((await add(exported)).body).toEqual({ added: exported.length, renewed: 0, faults: [] });
  expect((await askPermit()).kind).toBe('suppressed');
  expect((await api.ask('GET', '/api/suppressions')).body.items).toEqual(exported);
  expect((await add(exported)).body).toMatchObject({ added: 0, renewed: exported.length });
});

test('pages of a long list meet each entry once', async () => {
  await add(
    Array.from({ length: 450 }, (_, index) => ({
      hash: index.toString(16).padStart(32, '0'),
      channel: 'sms',
      reason: 'import',
      at: '2026-01-01T00:00:00Z',
    })),
  );
  const met = new Set<string>();
  let count = 0;
  let cursor = '';
  do {
    const { body } = await api.ask('GET', `/api/suppressions?limit=70${cursor}`);
    for (const { channel, hash } of body.items) met.add(`${channel}:${hash}`);
    count += body.items.length;
    cursor = body.next_cursor === undefined ? '' : `&cursor=${body.next_cursor}`;
  } while (cursor !== '');
  const written = await listMembers(api.redis, api.keys, ({ suppressions }) => suppressions);
  expect(met.size).toBe(written.length);
  expect([count, met.size >= 450]).toEqual([met.size, true]);
});

describe('an address in the clear', () => {
  test('is refused where a mask belongs, and is in no answer, no audit line and no key', async () => {
    const smuggled = { hash: 'a'.repeat(32), channel: 'email', masked: email, reason: 'x' };
    expect((await add([smuggled])).body.faults[0].pointer).toBe('/entries/0/masked');
    await add([{ address: email, reason: `found ${email}`, source: `list of ${phone}` }]);
    await api.ask('GET', '/api/suppressions');
    await api.ask('GET', '/api/audit?limit=1000');
    for (const address of seededAddresses)
      expect(api.seen.filter((text) => text.includes(address))).toEqual([]);
    const stored = await readSuppressionsWhole();
    for (const address of seededAddresses) expect(stored).not.toContain(address);
  });
});

async function readSuppressionsWhole(): Promise<string> {
  const members = await listMembers(api.redis, api.keys, ({ suppressions }) => suppressions);
  const records = await Promise.all(
    members.map((member) => {
      const [channel, hash = ''] = member.split(':');
      const { suppression } = api.keys.shard(chooseShard(hash, api.keys.shards));
      return api.redis.hgetall(suppression(channel === 'sms' ? 'sms' : 'email', hash));
    }),
  );
  return JSON.stringify([members, records]);
}
