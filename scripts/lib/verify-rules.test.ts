import { describe, expect, test } from 'vitest';
import {
  concludeRun,
  type Finding,
  headerNames,
  judgeCanary,
  judgeEnding,
  judgeHeaders,
  judgeKeys,
  judgeP95,
  judgeProviders,
  judgeQueue,
  judgeSendStatus,
  judgeThrottle,
  judgeToken,
  pickP95,
  readToken,
} from './verify-rules.mjs';

const now = Date.parse('2026-11-20T12:00:00Z');
const canary = {
  app: 'auto_com_center',
  app_base_url: 'https://acc.example.com',
  version: 'v2.7',
  status: 'ok',
  p95_ms: 3.2,
  security_headers: { present: headerNames, missing: [] },
  dependencies_ok: true,
  timestamp: '2026-11-20T12:00:00.000Z',
};

describe('the canary', () => {
  test('passes with its eight keys in order', () => {
    expect(judgeCanary(canary, now)).toMatchObject({ verdict: 'pass' });
  });

  test.each([
    ['a ninth key', { ...canary, more: 1 }],
    ['another order', Object.fromEntries(Object.entries(canary).toReversed())],
    ['another app', { ...canary, app: 'x' }],
    ['another contract', { ...canary, version: 'v2.8' }],
    ['a made-up p95', { ...canary, p95_ms: '3' }],
    ['ok without its dependencies', { ...canary, dependencies_ok: false }],
    ['a header short', { ...canary, security_headers: { present: headerNames.slice(1), missing: [] } }],
    ['a clock that stands', { ...canary, timestamp: '2026-11-20T11:50:00.000Z' }],
    ['no object', []],
  ])('%s fails', (_what, body) => expect(judgeCanary(body, now)).toMatchObject({ verdict: 'fail' }));

  test('that calls itself degraded is degraded', () => {
    const body = { ...canary, status: 'degraded', dependencies_ok: false };
    expect(judgeCanary(body, now)).toMatchObject({ verdict: 'degraded' });
  });
});

test('an empty header is a missing one', () => {
  const all = Object.fromEntries(headerNames.map((name) => [name, 'x']));
  expect(judgeHeaders([['canary', all]])).toMatchObject({ verdict: 'pass' });
  expect(judgeHeaders([['404', { ...all, 'x-frame-options': ' ' }]])).toMatchObject({
    verdict: 'fail',
    measured: '404 lacks x-frame-options',
  });
});

test('p95 is row 29 of 30 sorted samples, and exactly the limit still passes', () => {
  const samples = Array.from({ length: 30 }, (_one, index) => (index * 7) % 30);
  expect(pickP95(samples)).toBe(28);
  expect(judgeP95(samples, 28)).toMatchObject({ verdict: 'pass' });
  expect(judgeP95(samples, 27.9)).toMatchObject({ verdict: 'fail' });
});

describe('the key set', () => {
  const rsa = { kty: 'RSA', kid: 'a', n: Buffer.alloc(256, 1).toString('base64url'), e: 'AQAB' };
  test.each<[string, unknown, Finding['verdict']]>([
    ['RSA of 2048 bits', { keys: [rsa] }, 'pass'],
    [
      'a P-256 key among others',
      {
        keys: [
          { kty: 'RSA', kid: 'b', n: 'AQ' },
          { kty: 'EC', crv: 'P-256', kid: 'c' },
        ],
      },
      'pass',
    ],
    ['a short RSA key', { keys: [{ ...rsa, n: Buffer.alloc(128, 1).toString('base64url') }] }, 'degraded'],
    ['a key for encryption', { keys: [{ ...rsa, use: 'enc' }] }, 'degraded'],
    ['a key without a name', { keys: [{ ...rsa, kid: undefined }] }, 'degraded'],
    ['no key', { keys: [] }, 'degraded'],
    ['HTML', undefined, 'degraded'],
    ['a private key', { keys: [rsa, { ...rsa, d: 'x' }] }, 'fail'],
    ['a shared secret', { keys: [{ kty: 'oct', kid: 'a' }] }, 'fail'],
  ])('%s: %j is %s', (_what, body, verdict) => expect(judgeKeys(body)).toMatchObject({ verdict }));
});

describe('the token', () => {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const seconds = now / 1000;
  const judge = (claims: object, alg = 'RS256', kids?: readonly string[]): Finding =>
    judgeToken(readToken(`${encode({ alg, kid: 'k1' })}.${encode(claims)}.sig`), now, kids);
  const good = { iat: seconds - 60, exp: seconds + 240, scope: 'notify.send notify.read' };

  test('passes with its lifetime and scopes, in every spelling of them', () => {
    expect(judge(good).measured).toBe('RS256, lives 300 s, 240 s left, scopes: notify.send notify.read');
    expect(
      judge({ ...good, scope: undefined, permissions: ['notify.send'], role: 'SystemService' }).measured,
    ).toContain('notify.send SystemService');
  });

  test.each([
    ['expired', good.exp - 240 - 61, 'RS256', undefined],
    ['without an end', undefined, 'RS256', undefined],
    ['of more than 24 h', seconds + 86_400, 'RS256', undefined],
    ['of HS256', good.exp, 'HS256', undefined],
    ['of a key that nobody publishes', good.exp, 'RS256', ['k2']],
  ])('one %s fails', (_what, exp, alg, kids) => {
    expect(judge({ ...good, exp }, alg, kids)).toMatchObject({ verdict: 'fail' });
  });

  test('what is not a JWT fails', () =>
    expect(judgeToken(readToken('opaque'), now)).toMatchObject({ verdict: 'fail' }));
});

describe('whether anything could leave', () => {
  test('only a plain dry_run true lets the run go on', () => {
    expect(judgeSendStatus({ dry_run: true, app_mode: 'dry_run' })).toMatchObject({ verdict: 'pass' });
    for (const status of [{ dry_run: false }, { dry_run: 'true' }, {}, undefined])
      expect(judgeSendStatus(status)).toMatchObject({ verdict: 'fail' });
  });
});

describe('the end of an event', () => {
  const event = (...states: string[]) => ({
    state: 'planned',
    messages: states.map((state) => ({ channel: 'email', state })),
  });
  test.each([
    ['held', 'pass'],
    ['rehearsed', 'pass'],
    ['sent', 'fail'],
    ['claimed', 'fail'],
    ['unknown', 'fail'],
    ['dead', 'fail'],
    ['suppressed', 'fail'],
  ])('a message that is %s: %s', (state, verdict) => {
    expect(judgeEnding(event('held', state))).toMatchObject({ verdict });
  });

  test('a message that waits, or none yet, is no end', () => {
    expect(judgeEnding(event('held', 'queued'))).toBeUndefined();
    expect(judgeEnding({ state: 'accepted', messages: [] })).toBeUndefined();
  });

  test('quarantined is pending Gate 1, dead is red', () => {
    expect(judgeEnding({ state: 'quarantined' })).toMatchObject({ verdict: 'degraded', gate1: true });
    expect(judgeEnding({ state: 'dead', reason: 'not-found' })).toMatchObject({ verdict: 'fail' });
  });
});

test('a throttle is on with a number, or red', () => {
  const flags = (on: unknown, perMinute: unknown) => ({
    RATE_LIMIT_ENABLED: { value: on },
    RATE_LIMIT_PER_MINUTE: { value: perMinute },
  });
  expect(judgeThrottle(flags(true, 10))).toMatchObject({ verdict: 'pass' });
  for (const bad of [flags(false, 10), flags(true, 0), {}, undefined])
    expect(judgeThrottle(bad)).toMatchObject({ verdict: 'fail' });
});

test('a queue that is paused is degraded; a provider that is down is red', () => {
  const queue = { queues: { events: { waiting: 2, oldest_age_ms: 3000 } }, dead_letters: 0 };
  expect(judgeQueue(queue)).toMatchObject({
    verdict: 'pass',
    measured: 'events 2, oldest 3 s; dead letters 0',
  });
  expect(judgeQueue({ ...queue, consumers_paused: true })).toMatchObject({ verdict: 'degraded' });
  expect(judgeQueue({})).toMatchObject({ verdict: 'fail' });
  const provider = { provider: 'smtp', status: 'unreachable', latency_ms: 1 };
  expect(judgeProviders({ ok: false, providers: [provider] })).toMatchObject({ verdict: 'fail' });
  expect(judgeProviders({ ok: true, providers: [] })).toMatchObject({ verdict: 'degraded' });
});

test('red outranks degraded, blocked is never green, and Gate 1 is named', () => {
  const one = (verdict: Finding['verdict'], gate1?: true): Finding => ({
    verdict,
    measured: '',
    ...(gate1 === undefined ? {} : { gate1 }),
  });
  expect(concludeRun([one('pass')])).toMatchObject({ verdict: 'green', exitCode: 0 });
  expect(concludeRun([one('pass'), one('blocked')])).toMatchObject({
    exitCode: 2,
    words: 'degraded – 1 could not run',
  });
  expect(concludeRun([one('degraded', true), one('blocked')]).words).toBe('degraded – pending Gate 1');
  expect(concludeRun([one('degraded', true), one('fail')])).toMatchObject({ verdict: 'red', exitCode: 1 });
});
