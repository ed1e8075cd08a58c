import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { askProviderHealth, createHealthAnswers } from '../../src/deliver/provider-health.ts';
import { keepLive, readRehearsals, recordRehearsals } from '../../src/deliver/rehearsals.ts';
import { senderReports } from '../../src/deliver/sender-reports.ts';
import { createPreflightWatch } from '../../src/deliver/watch-preflight.ts';
import type { ProviderHealth } from '../../src/providers/provider.ts';
import type { Keys } from '../../src/store/keys.ts';
import { preflightReports } from '../../src/store/preflight-reports.ts';
import { type GateServer, startGateServer } from '../support/gate-store.ts';

const dayMs = 86_400_000;

let server: GateServer;
let redis: Redis;
let keys: Keys;
beforeAll(async () => {
  server = await startGateServer();
  redis = server.connect();
});
afterAll(() => server.stop());
beforeEach(async () => {
  keys = await server.openStore();
});

describe('the record of rehearsals', () => {
  const release = { templates: 't1', settings: 's1' };

  test('says which types were rehearsed with which release, the newest time of each', async () => {
    await recordRehearsals({ redis, keys }, release, ['welcome', 'weekly_digest']);
    await recordRehearsals({ redis, keys }, { ...release, templates: 't2' }, ['welcome']);
    const { rehearsals, isLive, atMs } = await readRehearsals({ redis, keys });
    expect(isLive).toBe(false);
    expect(rehearsals).toHaveLength(3);
    for (const { at } of rehearsals) expect(atMs - at).toBeLessThan(60_000);
    expect(rehearsals).toContainEqual({ ...release, type: 'weekly_digest', at: expect.any(Number) });
  });

  test('nothing rehearsed writes nothing', async () => {
    await recordRehearsals({ redis, keys }, release, []);
    expect(await redis.exists(keys.shard(0).rehearsals)).toBe(0);
  });

  test('forgets what is long past, so that it does not grow with every release', async () => {
    await redis.hset(keys.shard(0).rehearsals, 't0 s0 welcome', Date.now() - 31 * dayMs);
    await recordRehearsals({ redis, keys }, release, ['welcome']);
    expect((await readRehearsals({ redis, keys })).rehearsals).toMatchObject([{ templates: 't1' }]);
  });

  test('what is live is forgotten three days after the last sender said so', async () => {
    await keepLive({ redis, keys });
    expect((await readRehearsals({ redis, keys })).isLive).toBe(true);
    const leftMs = await redis.pttl(keys.shard(0).live);
    expect(leftMs).toBeGreaterThan(3 * dayMs - 60_000);
    expect(leftMs).toBeLessThanOrEqual(3 * dayMs);
  });
});

async function listReports(): Promise<object[]> {
  const reports = await preflightReports.read({ redis, keys });
  return reports.map(({ name, failing }) => ({ name, failing }));
}

test('a guard report counts while its process runs: it is replaced, taken back, and grows old', async () => {
  await preflightReports.write({ redis, keys }, 'api on a:1', { failing: ['one', 'two'] });
  await preflightReports.write({ redis, keys }, 'api on a:1', { failing: ['two'] });
  await preflightReports.write({ redis, keys }, 'guard on a:2', { failing: [] });
  expect(await listReports()).toEqual([
    { name: 'api on a:1', failing: ['two'] },
    { name: 'guard on a:2', failing: [] },
  ]);
  await preflightReports.drop({ redis, keys }, 'api on a:1');
  const old = JSON.stringify({ at: Date.now() - 60_000, failing: ['dead'] });
  await redis.hset(keys.shard(0).preflightReports, 'api on b:1', old, 'api on c:1', '{"v":2}');
  expect(await listReports()).toEqual([{ name: 'guard on a:2', failing: [] }]);
});

test('what a process reports while another reads its old report is not dropped with the old one', async () => {
  const name = 'api on a:1';
  await redis.hset(keys.shard(0).preflightReports, name, JSON.stringify({ at: 0, failing: [] }));
  const slow = Object.assign(Object.create(redis) as Redis, {
    hgetall: async (key: string) => {
      const read = await redis.hgetall(key);
      await preflightReports.write({ redis, keys }, name, { failing: ['new'] });
      return read;
    },
  });
  expect(await preflightReports.read({ redis: slow, keys })).toEqual([]);
  expect(await listReports()).toEqual([{ name, failing: ['new'] }]);
});

describe('how the providers are', () => {
  const well: ProviderHealth = {
    provider: 'smtp-primary',
    channel: 'email',
    ok: true,
    status: 'ok',
    latencyMs: 3,
    detail: 'NOOP',
  };
  const ill: ProviderHealth = { ...well, ok: false, status: 'unreachable', detail: 'refused' };

  /** A sender that looks, every few milliseconds until the end of `during`, whether somebody asks. */
  async function withSender<T>(
    name: string,
    health: readonly ProviderHealth[],
    during: () => Promise<T>,
  ): Promise<{ answer: T; checks: number }> {
    let checks = 0;
    const store = { redis, keys };
    const answer = createHealthAnswers(store, name, async () => {
      checks += 1;
      return health;
    });
    await senderReports.write({ redis, keys }, name, { providers: [] });
    const end = new AbortController();
    const looking = (async () => {
      while (!end.signal.aborted) {
        await answer();
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    try {
      const given = await during();
      return { answer: given, checks };
    } finally {
      end.abort();
      await looking;
      await senderReports.drop({ redis, keys }, name);
    }
  }

  test('is asked of the senders, and once for several who ask in a moment', async () => {
    const asked = await withSender('a', [well], async () => [
      await askProviderHealth({ redis, keys }, 5_000),
      await askProviderHealth({ redis, keys }, 5_000),
    ]);
    expect(asked).toEqual({ answer: [[well], [well]], checks: 1 });
  });

  test('is what the worst of them finds', async () => {
    const ask = () => askProviderHealth({ redis, keys }, 5_000);
    for (const [one, other] of [
      [well, ill],
      [ill, well],
    ] as const) {
      keys = await server.openStore();
      const asked = await withSender('a', [one], async () => (await withSender('b', [other], ask)).answer);
      expect(asked.answer).toEqual([ill]);
    }
  });

  test('is what the others find when one of them does not answer in time', async () => {
    await senderReports.write({ redis, keys }, 'silent', { providers: [] });
    const { answer } = await withSender('a', [well], () => askProviderHealth({ redis, keys }, 300));
    expect(answer).toEqual([well]);
  });

  test('is not known without a sender, and that is said at once', async () => {
    expect(await askProviderHealth({ redis, keys }, 60_000)).toEqual([]);
  });

  test('is not told from an answer of a version that writes it otherwise', async () => {
    await senderReports.write({ redis, keys }, 'a', { providers: [] });
    await redis.hset(keys.shard(0).providerHealth, 'a', '{"at":9999999999999,"health":"fine"}');
    expect(await askProviderHealth({ redis, keys }, 100)).toEqual([]);
  });
});

describe('the watch of the preflight', () => {
  const start = (name: string, failing: string[], isSender = false) => {
    const told: string[] = [];
    const watch = createPreflightWatch({
      redis,
      keys,
      name,
      isSender,
      listFailing: async () => failing,
      onFailing: (lines) => told.push(lines.join('; ')),
    });
    return { ...watch, told };
  };

  test('does not pass before its first look, nor while a line fails here or elsewhere, which is told once', async () => {
    const otherFails = ['b'];
    const own = start('api on a:1', []);
    const other = start('guard on b:2', otherFails);
    expect(own.isPassed()).toBe(false);
    await other.look();
    await own.look();
    await own.look();
    expect([own.isPassed(), own.told]).toEqual([false, ['guard on b:2: b']]);
    otherFails.splice(0);
    await other.look();
    await own.look();
    expect([own.isPassed(), other.isPassed()]).toEqual([true, true]);
    await other.drop();
    expect(await listReports()).toEqual([{ name: 'api on a:1', failing: [] }]);
  });

  test('does not pass while a newer program reports what cannot be read here, until that is old', async () => {
    const own = start('api on a:1', []);
    const report = (at: number) => JSON.stringify({ v: 2, at, lines: { b: 'fails' } });
    await redis.hset(keys.shard(0).preflightReports, 'guard on b:2', report(Date.now()));
    await own.look();
    expect([own.isPassed(), own.told]).toEqual([false, [expect.stringMatching(/^guard on b:2: .*newer/)]]);
    await redis.hset(keys.shard(0).preflightReports, 'guard on b:2', report(Date.now() - 60_000));
    await own.look();
    expect(own.isPassed()).toBe(true);
  });

  test('only a sender that passes keeps production live', async () => {
    await start('api on a:1', []).look();
    await start('send-messages on a:2', ['x'], true).look();
    expect((await readRehearsals({ redis, keys })).isLive).toBe(false);
    await start('send-messages on a:2', [], true).look();
    expect((await readRehearsals({ redis, keys })).isLive).toBe(true);
  });
});
