import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { releaseHeld } from '../../src/gate/holds.ts';
import { type OperatorApi, seededAddresses, startOperatorApi } from '../support/operator-api.ts';

let api: OperatorApi;
beforeAll(async () => {
  api = await startOperatorApi();
});
afterAll(() => api.stop());
beforeEach(async () => {
  await api.ask('POST', '/api/held/discard', { filter: {}, preview: false, reason: 'clean' });
});

describe('a release while sending is stopped', () => {
  const release = { filter: {}, preview: false, reason: 'mended' };
  const turn = async (enabled: boolean, scope: string): Promise<void> => {
    const { body } = await api.ask('GET', '/api/control');
    const order = { enabled, scope, reason: 'test', ...(enabled ? { epoch: body.epoch } : {}) };
    expect((await api.ask('PUT', '/api/control/send', order)).status).toBe(200);
  };

  test.each([
    ['all', 2],
    ['sms', 1],
    ['promotional', 1],
  ])(
    'of %s leaves held what would be held again at once, unless that is asked for',
    async (scope, skipped) => {
      await api.seedHeld('stopped');
      await api.seedHeld('promo', { channel: 'sms', category: 'promotional' });
      await turn(false, scope);
      const first = await api.ask('POST', '/api/held/release', { ...release, preview: true });
      expect(first.body).toMatchObject({ matched: 2, skipped: { stopped: skipped } });
      expect((await api.ask('POST', '/api/held/release', release)).body).toMatchObject({
        released: 2 - skipped,
        skipped: { stopped: skipped },
      });
      const all = { ...release, while_stopped: true };
      expect((await api.ask('POST', '/api/held/release', all)).body).toMatchObject({ released: skipped });
      await turn(true, scope);
    },
  );

  test('what was accepted in another mode stays held too', async () => {
    const id = await api.seedHeld('other-mode', { mode: 'production' });
    expect((await api.ask('POST', '/api/held/release', release)).body).toMatchObject({
      released: 0,
      skipped: { other_mode: 1 },
    });
    expect((await api.read(id)).state).toBe('held');
  });
});

describe('listing', () => {
  test('what is held is counted by reason and shown masked, the longest held first', async () => {
    const first = await api.seedHeld('stopped');
    const second = await api.seedHeld('promo', { channel: 'sms', category: 'promotional' });
    const { body } = await api.ask('GET', '/api/held');
    expect(body.counts).toEqual({ stopped: 1, promo: 1 });
    expect(body.items.map((item: { message_id: string }) => item.message_id)).toEqual([first, second]);
    expect(body.items[0]).toMatchObject({ to: 's***@example.com', reason: 'stopped', planned_in: 'testing' });
    expect(body.items[1]).toMatchObject({ to: '+1555****0123', category: 'promotional' });
  });

  test('pages meet every message once, also when the filter leaves out most', async () => {
    const ids: string[] = [];
    for (let count = 0; count < 7; count += 1) {
      ids.push(await api.seedHeld('stopped'));
      await api.seedHeld('promo');
    }
    const met: string[] = [];
    let cursor = '';
    do {
      const { body } = await api.ask('GET', `/api/held?reason=stopped&limit=2${cursor}`);
      met.push(...body.items.map((item: { message_id: string }) => item.message_id));
      cursor = body.next_cursor === undefined ? '' : `&cursor=${body.next_cursor}`;
    } while (cursor !== '');
    expect(met).toEqual(ids);
  });

  test('an unknown filter, a bad limit and a foreign cursor are 422, each with its place', async () => {
    for (const [query, pointer] of [
      ['colour=red', '/colour'],
      ['limit=0', '/limit'],
      ['reason=whim', '/reason'],
      ['cursor=nonsense', '/cursor'],
    ]) {
      const { status, body } = await api.ask('GET', `/api/held?${query}`);
      expect([status, body.errors?.[0]?.pointer]).toEqual([422, pointer]);
    }
  });

  test('one held message is shown with its draft; what is not held is 404', async () => {
    const held = await api.seedHeld('stopped');
    const queued = await api.seedMessage();
    expect((await api.ask('GET', `/api/held/${held}`)).body).toMatchObject({
      message_id: held,
      state: 'held',
      draft: { subject: 'Welcome' },
    });
    expect((await api.ask('GET', `/api/held/${queued}`)).status).toBe(404);
    expect((await api.ask('GET', `/api/held/msg_ff${'0'.repeat(24)}`)).status).toBe(404);
  });
});

describe('releasing', () => {
  test('a preview is the default: it counts, and changes nothing', async () => {
    const id = await api.seedHeld('stopped');
    await api.seedHeld('stopped', { mode: 'dry_run', type: 'receipt' });
    const { body } = await api.ask('POST', '/api/held/release', { filter: {}, reason: 'mended' });
    expect(body).toMatchObject({ preview: true, matched: 2, released: 0, dry_run: 1 });
    expect(body.by_type).toEqual({ welcome: 1, receipt: 1 });
    expect((await api.read(id)).state).toBe('held');
  });

  test('a release queues exactly what the filter means, with a new job, reason and actor in the history', async () => {
    const before = await api.readJobs();
    const wanted = await api.seedHeld('stopped');
    const other = await api.seedHeld('promo');
    const order = { filter: { reason: 'stopped' }, preview: false, reason: 'mended' };
    expect((await api.ask('POST', '/api/held/release', order)).body).toMatchObject({
      released: 1,
      more: false,
    });
    const record = await api.read(wanted);
    expect(record).toMatchObject({ state: 'queued', generation: 2 });
    expect(record.history.at(-1)).toMatchObject({ from: 'held', to: 'queued', reason: 'mended', by: 'boss' });
    expect((await api.read(other)).state).toBe('held');
    expect((await api.readJobs()).waiting).toBe(before.waiting + 1);
  });

  test('a rate spreads the turns evenly, and the last one is told', async () => {
    const ids = [await api.seedHeld('stopped'), await api.seedHeld('stopped'), await api.seedHeld('stopped')];
    const order = { filter: {}, per_minute: 2, preview: false, reason: 'slowly' };
    const { body } = await api.ask('POST', '/api/held/release', order);
    const [first, second, third] = await Promise.all(ids.map((id) => api.read(id)));
    expect(first?.sendAt).toBeUndefined();
    expect((third?.sendAt ?? 0) - (second?.sendAt ?? 0)).toBe(30_000);
    expect(body.last_due_at).toBe(new Date(third?.sendAt ?? 0).toISOString());
  });

  test('what is too old, or would be too late at its turn, stays held', async () => {
    const old = await api.seedHeld('stopped', { createdAt: Date.now() - 7_200_000 });
    const late = await api.seedHeld('stopped', { notAfter: Date.now() - 1 });
    const fresh = await api.seedHeld('stopped');
    const order = { filter: {}, max_age_seconds: 3_600, preview: false, reason: 'fresh ones only' };
    const preview = await api.ask('POST', '/api/held/release', { ...order, preview: true });
    expect(preview.body).toMatchObject({ matched: 3, released: 0, skipped: { too_old: 1, expired: 1 } });
    const { body } = await api.ask('POST', '/api/held/release', order);
    expect(body).toMatchObject({ matched: 3, released: 1, skipped: { too_old: 1, expired: 1 } });
    const states = await Promise.all([old, late, fresh].map(async (id) => (await api.read(id)).state));
    expect(states).toEqual(['held', 'held', 'queued']);
  });

  test('ids that are not held are reported, and the limit says that there is more', async () => {
    const held = await api.seedHeld('stopped');
    const queued = await api.seedMessage();
    const byId = { filter: { ids: [held, queued] }, preview: false, reason: 'these' };
    expect((await api.ask('POST', '/api/held/release', byId)).body).toMatchObject({
      released: 1,
      skipped: { not_found: 1 },
    });
    await api.seedHeld('stopped');
    await api.seedHeld('stopped');
    const one = { filter: {}, limit: 1, preview: false, reason: 'one' };
    expect((await api.ask('POST', '/api/held/release', one)).body).toMatchObject({
      released: 1,
      more: true,
    });
  });

  test('a message that is held again while the release runs is not released twice', async () => {
    const id = await api.seedHeld('stopped');
    let releases = 0;
    const report = await releaseHeld(
      {
        ...api,
        now: Date.now,
        decisions: api.gate.decisions,
        reportError: () => undefined,
        jobs: {
          addMessageJob: async () => {
            releases += 1;
            if (releases > 3) throw new Error('the release does not end');
            await waitForNextMs(api);
            await api.gate.decisions.hold(id, 'stopped', '{}');
          },
        },
      },
      { filter: {}, preview: false, limit: 1_000, actor: 'boss', reason: 'still stopped' },
    );
    expect([report.done, releases]).toEqual([1, 1]);
    expect((await api.read(id)).state).toBe('held');
  });

  test('two releases at the same instant release each message once', async () => {
    for (let count = 0; count < 20; count += 1) await api.seedHeld('stopped');
    const order = { filter: {}, preview: false, reason: 'twice' };
    const answers = await Promise.all([1, 2].map(() => api.ask('POST', '/api/held/release', order)));
    expect(answers.reduce((sum, { body }) => sum + Number(body.released), 0)).toBe(20);
  });
});

test('a discard ends what it means, for good', async () => {
  const id = await api.seedHeld('promo');
  const order = { filter: { ids: [id] }, preview: false, reason: 'out of date' };
  expect((await api.ask('POST', '/api/held/discard', order)).body).toMatchObject({ discarded: 1 });
  expect((await api.read(id)).state).toBe('discarded');
  const again = await api.ask('POST', '/api/held/release', { ...order, reason: 'back' });
  expect(again.body).toMatchObject({ released: 0, skipped: { not_found: 1 } });
});

describe('the audit', () => {
  test('has the order before and what came of it after, with actor and request id, and the chain is whole', async () => {
    await api.seedHeld('stopped');
    const reason = `asked by ${seededAddresses[0]}`;
    await api.ask('POST', '/api/held/release', { filter: {}, preview: false, reason });
    const { body } = await api.ask('GET', '/api/audit?limit=2');
    expect(body.lines.map((line: { action: string }) => line.action)).toEqual([
      'release held: done',
      'release held',
    ]);
    expect(body.lines[0]).toMatchObject({
      actor: 'boss',
      detail: { done: 1 },
      reason: 'asked by s***@example.com',
    });
    expect(body.lines[0].requestId).toMatch(/^[\w-]{36}$/);
    expect((await api.ask('GET', '/api/audit/verify')).body.ok).toBe(true);
  });

  test('an action that cannot be audited does not happen', async () => {
    const id = await api.seedHeld('stopped');
    const { audit } = api.keys.shard(0);
    await api.redis.rename(audit, `${audit}:aside`);
    await api.redis.set(audit, 'not a stream');
    const order = { filter: {}, preview: false, reason: 'unseen' };
    expect((await api.ask('POST', '/api/held/release', order)).status).toBe(500);
    expect((await api.read(id)).state).toBe('held');
    await api.redis.rename(`${audit}:aside`, audit);
    expect((await api.ask('GET', '/api/audit/verify')).body.ok).toBe(true);
  });

  test('a change without a reason is refused', async () => {
    for (const reason of [undefined, '', '   ', 'x'.repeat(501)]) {
      const { status, body } = await api.ask('POST', '/api/held/release', { filter: {}, reason });
      expect([status, body.errors[0].pointer]).toEqual([422, '/reason']);
    }
  });
});

test('no answer ever held an address', () => {
  expect(api.seen.length).toBeGreaterThan(20);
  for (const address of seededAddresses)
    expect(api.seen.filter((text) => text.includes(address))).toEqual([]);
});

async function waitForNextMs({ redis }: OperatorApi): Promise<void> {
  const read = async (): Promise<number> => {
    const [seconds, micros] = await redis.time();
    return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
  };
  const begun = await read();
  while ((await read()) <= begun);
}
