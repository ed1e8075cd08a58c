import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { audiences, type Issuer, startIssuer } from '../../local/issuer.ts';
import { fetchToken } from '../../local/request-token.ts';
import type { EventId } from '../../src/domain/ids.ts';
import { readEventRecord } from '../../src/store/event-record.ts';
import { type ScriptedSmtp, startScriptedSmtp } from '../support/scripted-smtp.ts';
import { anEvent, type Service, startService } from '../support/service.ts';
import type { ApiResponse } from '../support/service-client.ts';
import { waitFor } from '../support/wait-for.ts';

/**
 * The issuer is down from before the service starts until after the whole intake: every process is cold, none has ever
 * seen a key. API and guard are killed meanwhile. Then the issuer returns with a rotated key.
 */
const secret = 'for-tests-only-0123456789';
const room = 8;
const scopes = ['notify.send', 'notify.read', 'notify.admin'];
const clients = ['upstream', 'operator'].map((id) => ({ id, secret, scopes, audience: audiences.api }));

let keysDir: string;
let issuer: Issuer;
let smtp: ScriptedSmtp;
let service: Service;
/** Minted while the issuer was up. */
let goodToken: string;
let operatorToken: string;
const tokens: string[] = [];

beforeAll(async () => {
  keysDir = mkdtempSync(join(tmpdir(), 'acc-issuer-'));
  issuer = await startIssuer({ port: 0, clients, keysDir });
  goodToken = await mintReal('upstream', 'notify.send notify.read');
  operatorToken = await mintReal('operator', scopes.join(' '));
  await issuer.stop();
  smtp = await startScriptedSmtp();
  service = await startService({
    environment: {
      SMTP_URL: `smtp://127.0.0.1:${smtp.port}`,
      AUTH_ISSUER: issuer.url,
      AUTH_JWKS_URL: issuer.jwksUrl,
      AUTH_CLOCK_TOLERANCE_SECONDS: '0',
      QUARANTINE_KEYS: `test:${Buffer.alloc(32, 7).toString('base64')}`,
      QUARANTINE_EVENTS_MAX: String(room),
    },
  });
});
afterAll(async () => {
  await service?.stop();
  await smtp?.close();
  await issuer?.stop();
  rmSync(keysDir, { recursive: true, force: true });
});

async function mintReal(clientId: string, scope: string): Promise<string> {
  const token = await fetchToken({ tokenUrl: issuer.tokenUrl, clientId, clientSecret: secret, scope });
  tokens.push(token);
  return token;
}

/** A token as the issuer would have made it, but for what is given. */
function mintOwn(claims: object = {}, privateKey?: KeyObject): string {
  const { keys } = JSON.parse(readFileSync(join(keysDir, 'keys.json'), 'utf8')) as {
    keys: [{ kid: string } & Record<string, string>];
  };
  const seconds = Math.floor(Date.now() / 1_000);
  const standard = {
    iss: issuer.url,
    aud: audiences.api,
    sub: 'upstream',
    client_id: 'upstream',
    scope: 'notify.send',
    iat: seconds,
    exp: seconds + 300,
  };
  const [key] = keys;
  const content = [
    { alg: 'RS256', typ: 'at+jwt', kid: key.kid },
    { ...standard, ...claims },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature = sign(
    'sha256',
    Buffer.from(content),
    privateKey ?? createPrivateKey({ key, format: 'jwk' }),
  );
  const token = `${content}.${signature.toString('base64url')}`;
  tokens.push(token);
  return token;
}

/** Posts as a careful caller does: again, while a process that has just started has not read the gate yet. */
function post(key: string, token: string, name = key): Promise<ApiResponse> {
  const event = anEvent({ email: `${name}@example.com` });
  return waitFor(
    `an answer to ${key}`,
    () => service.call('/api/events', { token, json: { idempotency_key: key, ...event } }),
    ({ body }) => body['code'] !== 'store-unavailable',
  );
}

async function take(key: string, token: string, name = key): Promise<EventId> {
  const answer = await post(key, token, name);
  expect(answer).toMatchObject({ status: 202, body: { status: 'quarantined' } });
  return String(answer.body['event_id']) as EventId;
}

const stateOf = async (id: EventId) => (await readEventRecord(service.redis, service.keys, id))?.state;
const recipients = (): string[] => smtp.messages.flatMap(({ to }) => to).toSorted();

async function killAndRestart(kind: 'api' | 'guard'): Promise<void> {
  const victim = service.processes.get(kind);
  victim?.signal('SIGKILL');
  await victim?.exited;
  await service.startProcess(kind, kind);
}

/** Whatever the store has written to its files. */
function readStoreFiles(dir = join(service.dir, 'redis')): string {
  return readdirSync(dir, { withFileTypes: true })
    .map((entry) => {
      const path = join(dir, entry.name);
      return entry.isDirectory() ? readStoreFiles(path) : readFileSync(path, 'latin1');
    })
    .join('\n');
}

describe('the issuer is down for the whole intake', () => {
  const good = new Map<string, EventId>();
  const bad: EventId[] = [];

  test('good events are taken, and so are forged ones: nobody can tell them apart', async () => {
    good.set('ada', await take('ada', goodToken));
    bad.push(await take('eve', mintOwn({}, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)));
    bad.push(
      await take(
        'mal',
        mintOwn({ client_id: 'other' }, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey),
      ),
    );
    // The same key and body as of a good event to come: a forger must not be able to swallow it.
    bad.push(await take('bob', mintOwn({}, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)));
    good.set('bob', await take('bob', goodToken));
    const soon = Math.floor(Date.now() / 1_000) + 3;
    good.set('cy', await take('cy', mintOwn({ exp: soon })));
    expect(new Set([...good.values(), ...bad]).size).toBe(6);
  });

  test('what needs no key is judged at once: expired, wrong audience, no scope', async () => {
    const seconds = Math.floor(Date.now() / 1_000);
    expect(await post('x1', mintOwn({ iat: seconds - 600, exp: seconds - 300 }))).toMatchObject({
      status: 401,
    });
    expect(await post('x2', mintOwn({ aud: 'https://billing.test' }))).toMatchObject({ status: 401 });
    expect(await post('x3', mintOwn({ scope: 'notify.read' }))).toMatchObject({ status: 403 });
    const malformed = { idempotency_key: 'x4', ...anEvent(), type: 'no_such_type' };
    expect(await service.call('/api/events', { token: goodToken, json: malformed })).toMatchObject({
      status: 422,
    });
  });

  test('killed and started again cold, the service still has them and takes more', async () => {
    await Promise.all([killAndRestart('api'), killAndRestart('guard')]);
    expect(await post('ada', goodToken)).toMatchObject({
      status: 202,
      body: { status: 'duplicate', event_id: good.get('ada') },
    });
    const answer = await service.call('/api/events/batch', {
      token: goodToken,
      json: ['dee', 'eli'].map((name) => ({
        idempotency_key: name,
        ...anEvent({ email: `${name}@example.com` }),
      })),
    });
    expect(answer).toMatchObject({
      status: 202,
      body: { accepted: 2, results: [{ status: 'quarantined' }, {}] },
    });
    const results = answer.body['results'] as { event_id: EventId }[];
    good.set('dee', results[0]?.event_id ?? ('' as EventId));
    good.set('eli', results[1]?.event_id ?? ('' as EventId));
  });

  test('a full quarantine is 503 with Retry-After, and takes nothing', async () => {
    expect(good.size + bad.length).toBe(room);
    const answer = await post('fay', goodToken);
    expect(answer).toMatchObject({ status: 503, body: { code: 'keys-unavailable' } });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await service.redis.zcard(service.keys.shard(0).eventsQuarantined)).toBe(room);
  });

  test('nothing was dispatched or planned, and no file of the store holds a token', async () => {
    expect(smtp.messages).toHaveLength(0);
    for (const id of [...good.values(), ...bad]) expect(await stateOf(id)).toBe('quarantined');
    expect(await service.redis.zcard(service.keys.shard(0).messagesOpen)).toBe(0);
    const files = readStoreFiles();
    expect(files).toContain(good.get('ada'));
    for (const part of tokens.flatMap((token) => token.split('.').slice(1)))
      expect(files).not.toContain(part);
  });

  test('it is ready and says that it is degraded; keys that cannot be had are counted, and never as bad tokens', async () => {
    const open = (path: string) => service.call(path, { token: null });
    expect((await open('/readyz')).status).toBe(200);
    await waitFor(
      'the canary',
      async () => (await open('/canary')).body,
      (body) => body['status'] === 'degraded' && body['dependencies_ok'] === false,
      { deadlineMs: 10_000 },
    );
    const metrics = String((await open('/metrics')).body['text']);
    expect(metrics).toMatch(new RegExp(`^acc_quarantine_events ${room}$`, 'm'));
    expect(metrics).toMatch(/^acc_quarantine_bytes [1-9]/m);
    expect(metrics).toMatch(/^acc_keys_unavailable_total [1-9]/m);
    expect(metrics).not.toMatch(/acc_token_failures_total\{/);
  });

  test('with the issuer back on a rotated key exactly the good ones are delivered, each once', async () => {
    const { port } = new URL(issuer.url);
    issuer = await startIssuer({ port: Number(port), clients, keysDir });
    await issuer.rotateKeys();
    await waitFor(
      'the verdicts',
      () => service.redis.zcard(service.keys.shard(0).eventsQuarantined),
      (left) => left === 0,
      { deadlineMs: 60_000 },
    );
    const expected = [...good.keys()].map((name) => `${name}@example.com`).toSorted();
    await waitFor('the mails', recipients, (seen) => seen.length >= expected.length, { deadlineMs: 20_000 });
    for (const id of good.values())
      await waitFor(
        'planned',
        () => stateOf(id),
        (state) => state === 'planned',
      );
    for (const id of bad) {
      const record = await readEventRecord(service.redis, service.keys, id);
      expect(record).toMatchObject({ state: 'rejected', reason: 'bad-signature', client: '', messages: [] });
    }
    for (const id of [...good.values(), ...bad])
      expect(await service.redis.hexists(service.keys.shard(0).event(id), 'token')).toBe(0);
    const fresh = await sendLast();
    expect(recipients()).toEqual([...expected, fresh].toSorted());
  });

  test('afterwards a client sees its own, nobody sees the forged, and a repeat is the same event', async () => {
    const upstream = await mintReal('upstream', 'notify.send notify.read');
    const mine = await service.call(`/api/events/${good.get('ada') ?? ''}`, { token: upstream });
    expect(mine.body).toMatchObject({
      client: 'upstream',
      history: [{ what: 'quarantined' }, { what: 'accepted' }, { what: 'planned' }],
    });
    expect(await service.call(`/api/events/${bad[0] ?? ''}`, { token: upstream })).toMatchObject({
      status: 404,
    });
    expect(await post('ada', upstream)).toMatchObject({
      status: 202,
      body: { status: 'duplicate', event_id: good.get('ada') },
    });
  });
});

/** A token of the new key goes straight through; when its mail is there, so is every mail that was before it. */
async function sendLast(): Promise<string> {
  const token = await mintReal('upstream', 'notify.send');
  const answer = await waitFor(
    'an event of the new key',
    () => post('zoe', token),
    ({ body }) => body['status'] === 'accepted' || body['status'] === 'duplicate',
    { deadlineMs: 40_000, everyMs: 200 },
  );
  expect(answer.status).toBe(202);
  await waitFor('the last mail', recipients, (seen) => seen.includes('zoe@example.com'), {
    deadlineMs: 20_000,
  });
  return 'zoe@example.com';
}

describe('the quarantine over HTTP', () => {
  test('an administrator sees the quarantine and its bounds, judges it, and every deed is in the audit', async () => {
    const token = operatorToken;
    const list = await service.call('/api/quarantine', { token });
    expect(list.body).toMatchObject({
      on: true,
      counts: { events: 0 },
      bounds: { events: room },
      keys: { ok: true },
      items: [],
    });
    const judged = await service.call('/api/quarantine/judge', { token, json: { reason: 'to be sure' } });
    expect(judged).toMatchObject({ status: 200, body: { accepted: 0, undecided: 0, left: 0 } });
    const discarded = await service.call('/api/quarantine/discard', {
      token,
      json: { filter: {}, preview: false, reason: 'none left' },
    });
    expect(discarded).toMatchObject({ status: 200, body: { matched: 0, discarded: 0 } });
    const audit = await service.call('/api/audit?limit=10', { token });
    const actions = (audit.body['lines'] as { action: string }[]).map(({ action }) => action);
    expect(actions).toEqual(expect.arrayContaining(['judge quarantine', 'discard quarantine: done']));
  });
});
