import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { IncomingEvent } from '../../src/domain/event.ts';
import type { ClientId, EventId } from '../../src/domain/ids.ts';
import { createJudge, type JudgeReport } from '../../src/identity/judge-quarantine.ts';
import { createKeySet, type KeySet } from '../../src/identity/key-set.ts';
import { countQuarantine, discardQuarantined, listQuarantined } from '../../src/identity/list-quarantine.ts';
import { createQuarantine, type QuarantineBounds } from '../../src/identity/quarantine.ts';
import { createTokenSeal, type SealingKey } from '../../src/identity/seal-token.ts';
import { createTokenVerifier, type TokenVerifier } from '../../src/identity/verify-token.ts';
import { createAcceptEvent } from '../../src/ingest/accept-event.ts';
import type { JobPlace } from '../../src/queue/job-groups.ts';
import { readEventRecord } from '../../src/store/event-record.ts';
import { createKeys, type Keys } from '../../src/store/keys.ts';
import { type GateServer, startGateServer } from '../support/gate-store.ts';
import { type JwksServer, startJwksServer } from '../support/jwks-server.ts';
import { createTokenSigner, writeTwin } from '../support/token-signer.ts';
import { waitFor } from '../support/wait-for.ts';

const issuer = 'https://auth.example.com/';
const startMs = Date.parse('2026-11-20T09:30:00Z');
const hourMs = 3_600_000;
const good = createTokenSigner('RS256', 'k1');
const young = createTokenSigner('RS256', 'k2');
const attacker = createTokenSigner('RS256', 'k1');
const sealingKey: SealingKey = { id: 'one', key: randomBytes(32) };
const wide: QuarantineBounds = {
  eventsMax: 1_000,
  bytesMax: 10_000_000,
  ageMsMax: 24 * hourMs,
  perSourcePerMinute: 1_000,
};
const common = { mode: 'testing', idempotencyMs: 48 * hourMs, retentionMs: 72 * hourMs } as const;

let server: GateServer;
let redis: Redis;
let jwks: JwksServer;
beforeAll(async () => {
  server = await startGateServer();
  redis = server.connect();
});
afterAll(() => server.stop());

let keys: Keys;
let nowMs: number;
const storeNow = (): Promise<number> => Promise.resolve(nowMs);
let keySet: KeySet;
let tokens: TokenVerifier;
let jobs: EventId[];
let faults: string[];
let unreadable: EventId[];
beforeEach(async () => {
  jwks = await startJwksServer([good.jwk]);
  jwks.setMode('error');
  await useStore(1);
  nowMs = startMs;
  keySet = createKeySet({ jwksUrl: jwks.jwksUrl, allowHttp: true, now: () => nowMs, random: () => 1 });
  tokens = createTokenVerifier({
    issuer,
    audiences: ['acc'],
    algorithms: ['RS256'],
    clockToleranceSeconds: 5,
    lifetimeSecondsMax: 86_400,
    scopeMapping: {},
    keySet,
    now: () => nowMs,
  });
  jobs = [];
  faults = [];
  unreadable = [];
});
afterEach(() => jwks.close());

async function useStore(shards: number): Promise<void> {
  keys = createKeys(`acc-${randomBytes(4).toString('hex')}`, shards);
}

/** The issuer answers again, and any back-off is over. */
function bringIssuerBack(published: readonly object[] = [good.jwk]): void {
  jwks.setKeys(published);
  jwks.setMode('keys');
  nowMs += 60_000;
}

function mint(claims: object = {}, signer = good): string {
  const seconds = Math.floor(nowMs / 1_000);
  const standard = {
    iss: issuer,
    aud: 'acc',
    sub: 'scholar',
    client_id: 'scholar',
    scope: 'notify.send',
    iat: seconds,
    exp: seconds + 300,
  };
  return signer.signToken({ ...standard, jti: randomBytes(6).toString('hex'), ...claims });
}

const someEvent: IncomingEvent = { type: 'welcome', data: { firstName: 'Ada' } };

interface Post {
  readonly token?: string;
  readonly key?: string;
  readonly event?: IncomingEvent;
  readonly client?: string;
  readonly address?: string;
}

function take(
  post: Post = {},
  changes: { bounds?: Partial<QuarantineBounds>; sealingKeys?: SealingKey[] } = {},
) {
  const seal = createTokenSeal(changes.sealingKeys ?? [sealingKey]);
  if (seal === undefined) throw new Error('no key');
  const bounds = { ...wide, ...changes.bounds };
  return createQuarantine({ ...common, redis, keys, seal, bounds, storeNow })({
    token: post.token ?? mint(),
    claimedClient: (post.client ?? 'scholar') as ClientId,
    remoteAddress: post.address ?? '192.0.2.1',
    idempotencyKey: post.key ?? randomBytes(6).toString('hex'),
    event: post.event ?? someEvent,
    requestId: 'request-1',
  });
}

async function takeId(...given: Parameters<typeof take>): Promise<EventId> {
  const answer = await take(...given);
  expect(answer.kind).toBe('accepted');
  return answer.eventId;
}

const noPlace: JobPlace = { job: 'job-1', take: () => Promise.resolve(), leave: () => undefined };

/** Somebody whose token was verified posts. */
function accept(key: string, event = someEvent) {
  const adder = { addEventJob: (id: EventId) => void jobs.push(id), reserve: () => noPlace };
  const acceptEvent = createAcceptEvent({ ...common, redis, keys, jobs: adder, now: () => nowMs });
  return acceptEvent({ client: 'scholar' as ClientId, idempotencyKey: key, event, requestId: 'request-2' });
}

function createTestJudge(changes: { sealingKeys?: SealingKey[]; ageMsMax?: number } = {}) {
  return createJudge({
    ...common,
    redis,
    keys,
    seal: createTokenSeal(changes.sealingKeys ?? [sealingKey]),
    tokens,
    keySet,
    ageMsMax: changes.ageMsMax ?? wide.ageMsMax,
    clockToleranceMs: 5_000,
    onAccepted: ({ id }) => jobs.push(id),
    onTokenError: (reason) => faults.push(reason),
    onUnreadable: (id) => unreadable.push(id),
    storeNow,
  });
}

const judgeAll = (): Promise<JudgeReport> => createTestJudge()(100);
const figures = () => countQuarantine({ redis, keys, now: () => nowMs });
const read = async (id: EventId) => await readEventRecord(redis, keys, id);

/** Every value that this store holds, as text. */
async function dump(): Promise<string> {
  const names = (await redis.keys(`${keys.prefix}:*`)).toSorted();
  const texts = await Promise.all(
    names.map(async (name) => {
      const type = await redis.type(name);
      if (type === 'hash') return JSON.stringify(await redis.hgetall(name));
      return type === 'zset' ? (await redis.zrange(name, '0', '-1')).join(' ') : await redis.get(name);
    }),
  );
  return [...names, ...texts].join('\n');
}

describe('taking an event that nobody can judge', () => {
  test('it is on disk, belongs to nobody, and is out of reach of the planner', async () => {
    const id = await takeId();
    expect(await read(id)).toMatchObject({
      state: 'quarantined',
      client: '',
      body: someEvent,
      receivedAt: startMs,
    });
    expect(await redis.zcard(keys.shard(0).eventsOpen)).toBe(0);
    expect(await redis.ttl(keys.of(id).event(id))).toBe(-1);
    expect(await figures()).toMatchObject({ events: 1, oldestAgeMs: 0 });
  });

  test('its token is nowhere in the store, whole or in part', async () => {
    const token = mint();
    await takeId({ token });
    const text = await dump();
    for (const part of token.split('.')) expect(text).not.toContain(part);
    expect(text).not.toContain(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  });

  test('the same token, key and body get the first answer, another body a conflict', async () => {
    const token = mint();
    const id = await takeId({ token, key: 'k' });
    expect(await take({ token, key: 'k' })).toEqual({
      kind: 'replayed',
      eventId: id,
      status: 'quarantined',
      dryRun: false,
    });
    const other = { ...someEvent, data: { firstName: 'Bob' } };
    expect(await take({ token, key: 'k', event: other })).toEqual({ kind: 'conflict', eventId: id });
    expect((await figures()).events).toBe(1);
  });

  test('the other text of an ES256 token is the same token', async () => {
    const token = mint({}, createTokenSigner('ES256', 'elliptic'));
    const id = await takeId({ token, key: 'k' });
    expect(await take({ token: writeTwin(token), key: 'k' })).toMatchObject({
      kind: 'replayed',
      eventId: id,
    });
  });

  test('a forger learns nothing about the keys of the client he claims to be, and takes none of them', async () => {
    await accept('proved');
    await takeId({ token: mint(), key: 'waiting' });
    const forged = mint({}, attacker);
    for (const key of ['proved', 'waiting', 'new']) await takeId({ token: forged, key });
    await takeId({ token: mint(), key: 'new' });
    expect((await figures()).events).toBe(5);
  });
});

describe('the bounds', () => {
  const full = { code: 'keys-unavailable', options: { retryAfterSeconds: 30 } };
  const cases: [string, Partial<QuarantineBounds>, ahead: () => Promise<unknown>][] = [
    ['events', { eventsMax: 1 }, () => take()],
    ['bytes', { bytesMax: 1_500 }, () => take()],
    ['events of one source in a minute', { perSourcePerMinute: 1 }, () => take()],
    [
      'age of the oldest',
      { ageMsMax: hourMs },
      async () => {
        await take();
        nowMs += hourMs + 61_000;
      },
    ],
  ];
  test.each(cases)(
    'by %s: beyond it the answer is 503 with Retry-After, and nothing is left behind',
    async (_what, bounds, ahead) => {
      await ahead();
      const before = await dump();
      await expect(take({}, { bounds })).rejects.toMatchObject(full);
      expect(await dump()).toBe(before);
    },
  );

  test('a repeat of what is in there is answered though it is full', async () => {
    const token = mint();
    const id = await takeId({ token, key: 'k' });
    expect(await take({ token, key: 'k' }, { bounds: { eventsMax: 1 } })).toMatchObject({
      kind: 'replayed',
      eventId: id,
    });
  });

  test('one source cannot use up the room of another', async () => {
    const bounds = { perSourcePerMinute: 1 };
    await takeId({}, { bounds });
    await takeId({ client: 'other' }, { bounds });
    await takeId({ address: '192.0.2.2' }, { bounds });
    await expect(take({}, { bounds })).rejects.toMatchObject(full);
  });

  test('many at the same instant do not get in beyond it', async () => {
    const answers = await Promise.allSettled(
      Array.from({ length: 60 }, () => take({}, { bounds: { eventsMax: 10 } })),
    );
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    expect((await figures()).events).toBe(10);
  });

  test('what leaves makes room again, to the last byte', async () => {
    for (let count = 0; count < 3; count += 1) await takeId();
    bringIssuerBack();
    await createTestJudge()(2);
    const left = await figures();
    const [item] = (await listQuarantined(createDesk(), { limit: 10 })).items;
    expect(left).toMatchObject({ events: 1, bytes: item?.bytes });
    await judgeAll();
    expect(await figures()).toEqual({ events: 0, bytes: 0, oldestAgeMs: 0 });
  });
});

describe('the verdict', () => {
  test('good events go on in the order of their receipt, with their proved client and without their token', async () => {
    const ids: EventId[] = [];
    for (let count = 0; count < 5; count += 1) {
      ids.push(await takeId());
      nowMs += 10;
    }
    bringIssuerBack();
    expect(await judgeAll()).toEqual({ accepted: 5, rejected: {}, undecided: 0 });
    expect(jobs).toEqual(ids);
    expect(await redis.zrange(keys.shard(0).eventsOpen, '0', '-1')).toEqual(ids);
    for (const id of ids) {
      expect(await read(id)).toMatchObject({ state: 'accepted', client: 'scholar', judgedAt: nowMs });
      expect(await redis.hexists(keys.of(id).event(id), 'token')).toBe(0);
    }
  });

  test('the oldest of all shards is first', async () => {
    await useStore(4);
    const ids: EventId[] = [];
    for (let count = 0; count < 12; count += 1) {
      ids.push(await takeId());
      nowMs += 10;
    }
    expect(new Set(ids.map((id) => id.slice(0, 6))).size).toBeGreaterThan(1);
    bringIssuerBack();
    const judge = createTestJudge();
    for (let round = 0; round < 4; round += 1) await judge(3);
    expect(jobs).toEqual(ids);
  });

  test('a token is judged as of its receipt: one that has expired since is good', async () => {
    const id = await takeId({ token: mint({ exp: startMs / 1_000 + 1 }) });
    nowMs += 2 * hourMs;
    bringIssuerBack();
    expect(await judgeAll()).toMatchObject({ accepted: 1 });
    expect(await read(id)).toMatchObject({ state: 'accepted' });
  });

  test('a bad one ends rejected with the reason, counted once, of no client, without its token', async () => {
    const id = await takeId({ token: mint({}, attacker) });
    bringIssuerBack();
    expect(await judgeAll()).toEqual({ accepted: 0, rejected: { 'bad-signature': 1 }, undecided: 0 });
    await judgeAll();
    expect(faults).toEqual(['bad-signature']);
    expect(await read(id)).toMatchObject({ state: 'rejected', reason: 'bad-signature', client: '' });
    expect(await redis.hexists(keys.of(id).event(id), 'token')).toBe(0);
    expect(await redis.pttl(keys.of(id).event(id))).toBeGreaterThan(0);
    expect(jobs).toEqual([]);
    expect(await redis.zcard(keys.shard(0).eventsOpen)).toBe(0);
  });

  test('a good token without the scope to send ends rejected, and is no bad token', async () => {
    const id = await takeId({ token: mint({ scope: 'notify.read' }) });
    bringIssuerBack();
    expect(await judgeAll()).toMatchObject({ rejected: { 'insufficient-scope': 1 } });
    expect(await read(id)).toMatchObject({ state: 'rejected', client: 'scholar' });
    expect(faults).toEqual([]);
  });

  test('while no key can be had it stays as it is, and nobody is called bad', async () => {
    const id = await takeId();
    const before = await redis.hgetall(keys.of(id).event(id));
    expect(await judgeAll()).toEqual({ accepted: 0, rejected: {}, undecided: 1 });
    expect(await redis.hgetall(keys.of(id).event(id))).toEqual(before);
    expect(faults).toEqual([]);
  });

  test('what could not be judged for the greatest age ends rejected, and no earlier', async () => {
    const id = await takeId();
    nowMs += wide.ageMsMax;
    expect(await judgeAll()).toMatchObject({ undecided: 1 });
    nowMs += 1;
    expect(await judgeAll()).toMatchObject({ rejected: { 'quarantine-expired': 1 }, undecided: 0 });
    expect(await read(id)).toMatchObject({ state: 'rejected', reason: 'quarantine-expired' });
    expect(faults).toEqual([]);
  });

  test('a key that is not known yet rejects nothing until the keys are newer than the event', async () => {
    bringIssuerBack();
    // A flood has used up what unknown key ids may cause, so the judge's keys are those from before the rotation.
    for (let tries = 0; tries < 5; tries += 1) await keySet.findKey(`other-${tries}`, 'RS256');
    nowMs += 10_000;
    const id = await takeId({ token: mint({}, young) });
    jwks.setKeys([young.jwk, good.jwk]);
    expect(await judgeAll()).toMatchObject({ rejected: {}, undecided: 1 });
    nowMs += 60_000;
    expect(await judgeAll()).toMatchObject({ accepted: 1 });
    expect(await read(id)).toMatchObject({ state: 'accepted' });
  });

  test('a key that newer keys do not have either ends it as unknown-key', async () => {
    await takeId({ token: mint({}, young) });
    bringIssuerBack();
    expect(await judgeAll()).toMatchObject({ rejected: { 'unknown-key': 1 } });
  });

  test('those that cannot be told do not keep the judge from those behind them', async () => {
    bringIssuerBack();
    await keySet.findKey('k1', 'RS256');
    jwks.setMode('error');
    nowMs += 1_000;
    for (let count = 0; count < 4; count += 1) {
      await takeId({ token: mint({}, young) });
      nowMs += 10;
    }
    const id = await takeId();
    const judge = createTestJudge();
    for (let round = 0; round < 3; round += 1) await judge(2);
    expect(jobs).toEqual([id]);
  });

  test('nor does it help them that all came in the same millisecond', async () => {
    bringIssuerBack();
    await keySet.findKey('k1', 'RS256');
    jwks.setMode('error');
    nowMs += 1_000;
    for (let count = 0; count < 7; count += 1) await takeId({ token: mint({}, young) });
    nowMs += 1;
    const id = await takeId();
    const judge = createTestJudge();
    for (let round = 0; round < 5; round += 1) await judge(2);
    expect(jobs).toEqual([id]);
  });

  test('a signature is not called bad by keys that are older than the event: their ids may be used again', async () => {
    const again = createTokenSigner('RS256', 'k1');
    bringIssuerBack();
    await keySet.findKey('k1', 'RS256');
    nowMs += 10_000;
    await takeId({ token: mint({}, again) });
    await takeId({ token: mint({}, attacker) });
    jwks.setKeys([again.jwk]);
    // The newer key under that id is found with one fetch; it is not much younger than the event, and clocks differ.
    expect(await judgeAll()).toEqual({ accepted: 1, rejected: {}, undecided: 1 });
    // The next refresh is due; asking for a key begins it.
    nowMs += 5 * 60_000;
    await keySet.findKey('k1', 'RS256');
    await waitFor(
      'the refreshed keys',
      () => keySet.health().ageMs,
      (ageMs) => ageMs === 0,
    );
    expect(await judgeAll()).toEqual({ accepted: 0, rejected: { 'bad-signature': 1 }, undecided: 0 });
  });

  test('two judges at the same time, and one that comes again, let each event through once', async () => {
    const ids = await Promise.all(Array.from({ length: 30 }, () => takeId()));
    bringIssuerBack();
    const reports = await Promise.all([judgeAll(), judgeAll(), judgeAll()]);
    await judgeAll();
    expect(reports.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(30);
    expect(jobs.toSorted()).toEqual(ids.toSorted());
    expect(await figures()).toEqual({ events: 0, bytes: 0, oldestAgeMs: 0 });
  });
});

describe('nothing is delivered twice', () => {
  const other = { ...someEvent, data: { firstName: 'Bob' } };

  test('what was accepted before the outage ends as a duplicate', async () => {
    const first = await accept('k');
    const id = await takeId({ key: 'k' });
    bringIssuerBack();
    expect(await judgeAll()).toMatchObject({ accepted: 0, rejected: { duplicate: 1 } });
    expect(await read(id)).toMatchObject({
      state: 'rejected',
      reason: 'duplicate',
      client: 'scholar',
      earlierEvent: first.eventId,
    });
    expect(jobs).toEqual([first.eventId]);
  });

  test('one key under two tokens is one event', async () => {
    const first = await takeId({ key: 'k' });
    nowMs += 10;
    await takeId({ key: 'k' });
    bringIssuerBack();
    expect(await judgeAll()).toMatchObject({ accepted: 1, rejected: { duplicate: 1 } });
    expect(jobs).toEqual([first]);
  });

  test('a key that was used with another body ends as a conflict', async () => {
    await accept('k', other);
    await takeId({ key: 'k' });
    bringIssuerBack();
    expect(await judgeAll()).toMatchObject({ rejected: { 'idempotency-conflict': 1 } });
  });

  test('what was judged good answers the client that sends it again with a proved token', async () => {
    const id = await takeId({ key: 'k' });
    bringIssuerBack();
    await judgeAll();
    expect(await accept('k')).toMatchObject({ kind: 'replayed', eventId: id });
    expect(await accept('k', other)).toEqual({ kind: 'conflict', eventId: id });
    // Judged, and asked for again while it is open; a job that is there already is not made twice.
    expect(jobs).toEqual([id, id]);
  });

  test('a forged event with the key and the body of a good one takes nothing from it', async () => {
    await takeId({ key: 'k', token: mint({}, attacker) });
    nowMs += 10;
    const id = await takeId({ key: 'k' });
    bringIssuerBack();
    expect(await judgeAll()).toMatchObject({ accepted: 1, rejected: { 'bad-signature': 1 } });
    expect(jobs).toEqual([id]);
  });

  test('what ended rejected may be sent again with the same token', async () => {
    const token = mint();
    const first = await takeId({ token, key: 'k' });
    await createTestJudge({ ageMsMax: -1 })(10);
    const second = await takeId({ token, key: 'k' });
    expect(second).not.toBe(first);
  });
});

describe('the keys of sealed tokens', () => {
  const next: SealingKey = { id: 'two', key: randomBytes(32) };

  test('they rotate while events wait, and the old ones are judged too', async () => {
    const before = await takeId();
    nowMs += 10;
    const after = await takeId({}, { sealingKeys: [next, sealingKey] });
    bringIssuerBack();
    await createTestJudge({ sealingKeys: [next, sealingKey] })(10);
    expect(jobs).toEqual([before, after]);
  });

  test('without its key an event stays and is told of, until its age ends it', async () => {
    const id = await takeId();
    bringIssuerBack();
    expect(await createTestJudge({ sealingKeys: [next] })(10)).toMatchObject({ undecided: 1, rejected: {} });
    expect(await createTestJudge({ sealingKeys: [] })(10)).toMatchObject({ undecided: 1, rejected: {} });
    expect(unreadable).toEqual([id, id]);
    expect(await judgeAll()).toMatchObject({ accepted: 1 });
  });

  test('LIN-3: an event of a newer program stays as it is, however old, until such a program judges it', async () => {
    const id = await takeId();
    const other = await takeId();
    const key = keys.of(id).event(id);
    await redis.hset(key, 'v', '2');
    const before = await redis.hgetall(key);
    bringIssuerBack();
    expect(await createTestJudge({ ageMsMax: -1 })(10)).toMatchObject({
      accepted: 1,
      undecided: 1,
      rejected: {},
    });
    expect(
      await discardQuarantined(createDesk(), { filter: { ids: [id] }, preview: false, limit: 10 }),
    ).toMatchObject({
      discarded: 0,
    });
    expect([await redis.hgetall(key), jobs, unreadable]).toEqual([before, [other], [id]]);
    await redis.hset(key, 'v', '1');
    expect(await judgeAll()).toMatchObject({ accepted: 1 });
  });

  test('a sealed token that is copied to another event does not open there', async () => {
    const forged = await takeId({ token: mint({}, attacker) });
    const id = await takeId();
    const sealed = (await redis.hget(keys.of(id).event(id), 'token')) ?? '';
    await redis.hset(keys.of(forged).event(forged), 'token', sealed);
    bringIssuerBack();
    await judgeAll();
    expect(jobs).toEqual([id]);
    expect(unreadable).toEqual([forged]);
  });
});

describe('the list', () => {
  test('a list shows age, size and the claimed client, page by page, and nothing of body or token', async () => {
    await takeId({ client: 'first' });
    nowMs += 5_000;
    await takeId({ client: 'second' });
    const page = await listQuarantined(createDesk(), { limit: 1 });
    expect(page.items).toMatchObject([
      { claimedClient: 'first', type: 'welcome', receivedAt: nowMs - 5_000 },
    ]);
    expect(JSON.stringify(page)).not.toContain('Ada');
    const rest = await listQuarantined(createDesk(), { limit: 10, cursor: page.nextCursor });
    expect(rest.items).toMatchObject([{ claimedClient: 'second', receivedAt: nowMs }]);
  });

  test('a preview changes nothing; a discard ends what the filter means and erases the tokens', async () => {
    const old = await takeId();
    nowMs += 60_000;
    const other = await takeId({ client: 'other' });
    const kept = await takeId();
    const discard = (filter: object, preview = false) =>
      discardQuarantined(createDesk(), { filter, preview, limit: 100 });
    expect(await discard({}, true)).toEqual({ matched: 3, discarded: 0, byType: { welcome: 3 } });
    nowMs -= 5_000;
    // By the clock of this process it is not there yet.
    expect(await discard({ ids: [kept] }, true)).toMatchObject({ matched: 1 });
    nowMs += 5_000;
    expect(await discard({ olderThanMs: 60_000 })).toMatchObject({ matched: 1, discarded: 1 });
    expect(await discard({ client: 'other' })).toMatchObject({ discarded: 1 });
    expect(await discard({ ids: [old, other, 'evt_none'] })).toMatchObject({ matched: 0, discarded: 0 });
    for (const id of [old, other]) {
      expect(await read(id)).toMatchObject({ state: 'rejected', reason: 'discarded', client: '' });
      expect(await redis.hexists(keys.of(id).event(id), 'token')).toBe(0);
    }
    bringIssuerBack();
    await judgeAll();
    expect(jobs).toEqual([kept]);
  });
});

function createDesk() {
  return { ...common, redis, keys, now: () => nowMs, storeNow };
}
