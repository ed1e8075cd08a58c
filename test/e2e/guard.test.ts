import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Counts } from '../../src/domain/fleet-counters.ts';
import { bucketMs } from '../../src/domain/thresholds.ts';
import { toBucketStart } from '../../src/watchdog/add-to-windows.ts';
import { watchdogLeaseMs } from '../../src/watchdog/watch-fleet.ts';
import { signWithIssuerKeys } from '../support/crowd.ts';
import { type Service, type ServiceProcess, startService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

let service: Service;

beforeAll(async () => {
  service = await startService({
    processes: ['api', 'guard', 'guard'],
    environment: { GUARD_5XX: 'act', GUARD_P95: 'act' },
  });
});
afterAll(() => service?.stop());

/** Two judgements, and what a busy machine adds. */
const twoJudgementsMs = 2 * bucketMs + 4_000;

/** Adds figures to the buckets that begin in [fromMs, toMs], as another process of the fleet would. */
async function inject(fromMs: number, toMs: number, figures: Counts): Promise<void> {
  const writes = service.redis.pipeline();
  for (let start = Math.ceil(fromMs / bucketMs) * bucketMs; start <= toMs; start += bucketMs) {
    const key = service.keys.shard(0).fleetCounters(start);
    for (const [figure, count] of Object.entries(figures)) writes.hincrby(key, figure, count);
  }
  await writes.exec();
}

const get = async (path: string): Promise<Record<string, unknown>> => (await service.call(path)).body;

async function readFlags(): Promise<Record<string, string>> {
  const { flags } = (await get('/api/control')) as { flags: Record<string, { value: string }> };
  return Object.fromEntries(Object.entries(flags).map(([name, { value }]) => [name, value]));
}

interface Trigger {
  readonly trigger: string;
  readonly latched: boolean;
  readonly verdict: string;
  readonly incident?: string;
}
async function readTrigger(name: string): Promise<Trigger | undefined> {
  const { triggers } = (await get('/api/triggers')) as { triggers: Trigger[] };
  return triggers.find(({ trigger }) => trigger === name);
}

function findActor(): ServiceProcess | undefined {
  return [...service.processes.values()].find((one) =>
    one.lastLines().some((line) => line.includes('"the guard acted"')),
  );
}

describe('two guards and one fleet', () => {
  let incident: string;
  let survivor: ServiceProcess | undefined;

  test('what the API answers is in the fleet’s figures within seconds', async () => {
    const begunMs = toBucketStart(Date.now());
    await service.call('/api/send/status');
    const readFigure = async (name: string): Promise<number> => {
      const counts: number[] = [];
      for (let startMs = begunMs; startMs <= Date.now(); startMs += bucketMs)
        counts.push(
          Number((await service.redis.hget(service.keys.shard(0).fleetCounters(startMs), name)) ?? 0),
        );
      return counts.reduce((sum, count) => sum + count, 0);
    };
    const names = ['tokens-good', 'requests', 'alive'];
    const seen = await waitFor(
      'all in the figures',
      () => Promise.all(names.map(readFigure)),
      (counts) => counts.every((count) => count > 0),
    );
    expect(Math.min(...seen)).toBeGreaterThan(0);
  });

  test('a share of failures on the line stops sending within two judgements, with an incident', async () => {
    const nowMs = Date.now();
    // Our own requests are in the share too; two per cent leave room for them.
    await inject(nowMs - 300_000, nowMs - bucketMs, { requests: 100, errors: 2 });
    await waitFor('sending off', readFlags, ({ send, consume }) => send === 'off' && consume === 'off', {
      deadlineMs: twoJudgementsMs,
      everyMs: 200,
    });
    const trigger = await waitFor(
      'latched',
      () => readTrigger('5xx'),
      (one) => one?.latched === true,
    );
    incident = trigger?.incident ?? '';
    const shown = await waitFor(
      'the effects',
      () => get(`/api/incidents/${incident}`),
      ({ acted_at: at }) => at !== undefined,
    );
    expect(shown).toMatchObject({
      trigger: '5xx',
      state: 'open',
      mode: 'act',
      unit: 'share',
      line: 0.01,
      actions: [{ action: 'stop-sending', state: 'quiesced' }, { action: 'pause-consumers' }],
    });
    expect(await get('/api/send/status')).toMatchObject({
      sending: false,
      reason: expect.stringContaining('5xx'),
    });
  });

  test('kill -9 of the active guard hands over within seconds, and the latch holds', async () => {
    const active = findActor();
    survivor = [...service.processes.values()].find((one) => one.name.startsWith('guard') && one !== active);
    const key = service.keys.shard(0).lease('watch');
    const holder = await service.redis.get(key);
    active?.signal('SIGKILL');
    await active?.exited;
    await waitFor(
      'another holder',
      () => service.redis.get(key),
      (now) => now !== null && now !== holder,
      { deadlineMs: watchdogLeaseMs + 3_000 },
    );
    const judgedAt = (await get('/api/triggers'))['judged_at'];
    await waitFor(
      'a judgement of its own',
      () => get('/api/triggers'),
      (now) => now['judged_at'] !== judgedAt,
      {
        deadlineMs: twoJudgementsMs,
        everyMs: 200,
      },
    );
    expect(await readTrigger('5xx')).toMatchObject({ latched: true, incident });
    expect(await readFlags()).toMatchObject({ send: 'off', consume: 'off' });
  });

  test('a release needs a reason and the right to, starts nothing, and says how to go on', async () => {
    const path = `/api/incidents/${incident}/release`;
    const release = (json: object, token?: string) =>
      service.call(path, { method: 'POST', json, ...(token === undefined ? {} : { token }) });
    expect((await release({})).status).toBe(422);
    expect((await release({ reason: ' ' })).status).toBe(422);
    expect((await release({ reason: 'mine' }, await service.token('upstream'))).status).toBe(403);
    expect(await readTrigger('5xx')).toMatchObject({ latched: true });
    const released = await release({ reason: 'deployment rolled back' });
    expect(released.status).toBe(200);
    expect(released.body).toMatchObject({
      incident: { state: 'released', release: { by: 'operator', reason: 'deployment rolled back' } },
      still_stopped: [
        { flag: 'send', by: 'guard' },
        { flag: 'consume', by: 'guard' },
      ],
      go_on_with: [expect.stringContaining('acc start'), expect.stringContaining('acc resume consumers')],
    });
    expect(await readTrigger('5xx')).toMatchObject({ latched: false });
    expect(await readFlags()).toMatchObject({ send: 'off', consume: 'off' });
    expect((await release({ reason: 'again' })).status).toBe(409);
  });

  test('the guard that took over fires on what comes after the release', async () => {
    const nowMs = Date.now();
    await inject(nowMs, nowMs + 2 * bucketMs, { requests: 100, errors: 50 });
    await waitFor(
      'latched again',
      () => readTrigger('5xx'),
      (one) => one?.latched === true,
      {
        deadlineMs: bucketMs + twoJudgementsMs,
        everyMs: 200,
      },
    );
    await waitFor(
      'acted',
      () => survivor?.lastLines() ?? [],
      (lines) => lines.some((line) => line.includes('"the guard acted"')),
    );
    const { incidents } = (await get('/api/incidents')) as { incidents: { id: string; state: string }[] };
    expect(incidents.map(({ state }) => state)).toEqual(['open', 'released']);
  });

  test('a token counts as bad when our issuer made it for us, once, and as garbage otherwise', async () => {
    const sign = (claims: object) =>
      signWithIssuerKeys(service.issuer, service.issuerKeysDir, { client_id: 'upstream', ...claims });
    const expired = await sign({ iat: 1_700_000_000, exp: 1_700_000_300 });
    const [head = '', claims = '', signature = ''] = (await sign({})).split('.');
    const forged = `${head}.${claims}.${signature.split('').toReversed().join('')}`;
    const ask = (token: string) => service.call('/api/queue/status', { token });
    const readTokens = async () => {
      const { text } = (await service.call('/metrics', { token: null })).body;
      return ['bad', 'repeated', 'garbage'].map((verdict) =>
        Number(new RegExp(`acc_guard_tokens_total{verdict="${verdict}"} (\\d+)`).exec(String(text))?.[1]),
      );
    };
    const [bad = 0, repeated = 0, garbage = 0] = await readTokens();
    for (const token of [expired, expired, forged, await service.token('misdirected')])
      expect((await ask(token)).status).toBe(401);
    expect(await readTokens()).toEqual([bad + 1, repeated + 1, garbage + 2]);
  });

  test('the budgets are told with their targets, burn rates and alerts', async () => {
    const { watched, slos } = (await get('/api/slo')) as {
      watched: boolean;
      slos: { slo: string; target: string; alerts: unknown[] }[];
    };
    expect(watched).toBe(true);
    expect(slos.map(({ slo }) => slo)).toEqual(['uptime', '5xx', 'p95', 'auth', 'dead-letters', 'depth']);
    expect(slos.every(({ target, alerts }) => target !== '' && alerts.length === 3)).toBe(true);
  });
});
