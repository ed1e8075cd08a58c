import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Redis as RedisServer, startRedis } from '../../local/redis.ts';
import { createLog } from '../../src/observe/log.ts';
import { createKeys } from '../../src/store/keys.ts';
import { openStore } from '../../src/store/open-store.ts';
import { openIncident, releaseIncident } from '../../src/watchdog/incidents.ts';
import { changeNote, listNotes, type StatusNote } from '../../src/watchdog/keep-notes.ts';
import { type NoteDeps, turnStatusNotes } from '../../src/watchdog/status-notes.ts';
import { type ScriptedHttp, startScriptedHttp } from '../support/scripted-http.ts';

const dir = mkdtempSync(join(tmpdir(), 'acc-notes-'));
const keys = createKeys('acc', 1);
const releasedAt = Date.parse('2026-11-20T09:00:00Z');
const minutes = 60_000;
let server: RedisServer;
let redis: Redis;
let hook: ScriptedHttp;
let now = releasedAt;
let logged: string[] = [];

beforeAll(async () => {
  server = await startRedis({ dir, port: 0 });
  redis = new Redis(server.url);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
});
beforeEach(async () => {
  await redis.flushall();
  await openStore(redis, keys, { nowMs: releasedAt, environment: 'local' });
  hook = await startScriptedHttp(() => ({ status: 200, body: 'ok' }));
  now = releasedAt;
  logged = [];
});
afterEach(() => hook.close());

function createDesk(webhook: URL | undefined = hook.baseUrl): NoteDeps {
  const log = createLog({
    level: 'info',
    service: 'guard',
    version: '1',
    destination: { write: (line) => void logged.push(line) },
  });
  return {
    redis,
    keys,
    release: 'auto_com_center 1.0.0',
    releasedAtMs: () => Promise.resolve(releasedAt),
    describe: () => Promise.resolve('sending: no, asked for by ada.lovelace@example.com, +1 555 555 0123'),
    webhook,
    log,
    now: () => now,
  };
}

const texts = (): string[] => hook.requests.map(({ body }) => (JSON.parse(body) as { text: string }).text);

test('a note is posted once when it is due, and holds no address', async () => {
  const deps = createDesk();
  await turnStatusNotes(deps);
  expect(hook.requests).toHaveLength(0);
  now += 5 * minutes;
  await turnStatusNotes(deps);
  await turnStatusNotes(deps);
  // A guard that takes over finds what the other one did.
  await turnStatusNotes(createDesk());
  expect(texts()).toHaveLength(1);
  expect(texts()[0]).toContain('auto_com_center 1.0.0, T+5 min\nsending: no');
  expect(texts()[0]).not.toContain('ada.lovelace');
  expect(texts()[0]).not.toContain('0123 ');
  expect(texts()[0]).not.toMatch(/555 555/);
  expect(hook.requests[0]?.headers['content-type']).toBe('application/json');
  now += 10 * minutes;
  await turnStatusNotes(deps);
  expect(texts()[1]).toContain('T+15 min');
  expect((await listNotes(deps)).map(({ state }) => state)).toEqual(['posted', 'posted']);
});

test('two guards at the same time post it once', async () => {
  now += 5 * minutes;
  await Promise.all([turnStatusNotes(createDesk()), turnStatusNotes(createDesk())]);
  expect(texts()).toHaveLength(1);
});

test('of many guards that saw the same note, one may take it up', async () => {
  const deps = createDesk();
  const pending: StatusNote = {
    id: 'a note',
    at: now,
    text: 'T+5 min',
    state: 'pending',
    tries: 0,
    nextAt: now,
    mayHaveArrived: false,
  };
  const created = await Promise.all([1, 2, 3].map(() => changeNote(deps, undefined, pending)));
  expect(created.filter(Boolean)).toHaveLength(1);
  const taken = await Promise.all(
    [1, 2, 3].map((tries) => changeNote(deps, pending, { ...pending, state: 'posting', tries })),
  );
  expect(taken.filter(Boolean)).toHaveLength(1);
});

test('an incident is told at once, with what was done, and again when it is released', async () => {
  const deps = createDesk();
  const id = 'inc-20260101000000-5xx';
  const opening = {
    id,
    trigger: '5xx',
    mode: 'observe',
    openedAt: new Date(now).toISOString(),
    says: '5xx on at least 1 % of API requests over 5 minutes',
    detail: '2 of 100 (2.00 %)',
    samples: 100,
    samplesMin: 50,
    series: [],
  } as const;
  await openIncident(deps, opening, 0);
  await turnStatusNotes(deps);
  expect(texts()).toHaveLength(1);
  expect(texts()[0]).toContain(`INCIDENT ${id}`);
  expect(texts()[0]).toContain('observed only, nothing was stopped');
  await releaseIncident({ ...deps }, id, { actor: 'operator', reason: 'fixed', requestId: 'r1' });
  await turnStatusNotes(deps);
  await turnStatusNotes(deps);
  expect(texts()).toHaveLength(2);
  expect(texts()[1]).toContain(`${id} was released by operator: fixed`);
});

test('a webhook that fails is tried again after growing pauses, and one that is lost says that it may be a repeat', async () => {
  const deps = createDesk();
  now += 5 * minutes;
  hook.play(() => ({ status: 503 }));
  await turnStatusNotes(deps);
  await turnStatusNotes(deps);
  expect(hook.requests).toHaveLength(1);
  now += 2_000;
  hook.play(() => 'drop');
  await turnStatusNotes(deps);
  expect(hook.requests).toHaveLength(2);
  now += 4_000;
  hook.play(() => ({ status: 200 }));
  await turnStatusNotes(deps);
  expect(texts()).toHaveLength(3);
  expect(texts()[1]).not.toContain('may be a repeat');
  expect(texts()[2]).toContain('(this note may be a repeat)');
  expect(await listNotes(deps)).toMatchObject([{ state: 'posted', tries: 3 }]);
});

test('it is given up in the end, and says so in the log', async () => {
  const deps = createDesk();
  now += 5 * minutes;
  hook.play(() => ({ status: 500 }));
  for (let turn = 0; turn < 20; turn += 1) {
    await turnStatusNotes(deps);
    now += 20_000;
  }
  expect(hook.requests).toHaveLength(8);
  expect((await listNotes(deps))[0]).toMatchObject({ state: 'failed', fault: 'the webhook answered 500' });
  expect(logged.join('')).toContain('a status note could not be posted');
  expect(logged.join('')).not.toContain(String(hook.port));
});

test('a guard that died while posting is followed by one that says so', async () => {
  const deps = createDesk();
  now += 5 * minutes;
  const cutOff: StatusNote = {
    id: `${new Date(releasedAt).toISOString()} T+5 min`,
    at: now,
    text: 'T+5 min',
    state: 'posting',
    tries: 1,
    nextAt: now + 30_000,
    mayHaveArrived: false,
  };
  expect(await changeNote(deps, undefined, cutOff)).toBe(true);
  await turnStatusNotes(deps);
  expect(hook.requests).toHaveLength(0);
  now += 30_000;
  await turnStatusNotes(deps);
  expect(texts()).toEqual(['T+5 min\n(this note may be a repeat)']);
});

test('without a webhook it goes to the log, and is kept for two days and more', async () => {
  const deps = { ...createDesk(), webhook: undefined };
  now += 5 * minutes;
  await turnStatusNotes(deps);
  expect(logged.join('')).toContain('T+5 min');
  now = releasedAt + 52 * 60 * minutes;
  await turnStatusNotes(deps);
  expect(await listNotes(deps)).toMatchObject([{ state: 'logged' }]);
  now = releasedAt + 73 * 60 * minutes;
  await turnStatusNotes(deps);
  expect(await listNotes(deps)).toEqual([]);
});
