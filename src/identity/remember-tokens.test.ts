import { expect, test } from 'vitest';
import type { ClientId } from '../domain/ids.ts';
import { rememberTokens } from './cache-verdicts.ts';
import type { TokenError, TokenVerdict } from './verify-token.ts';

const startMs = 1_700_000_000_000;
const client = 'scholar' as ClientId;
const good: TokenVerdict = {
  kind: 'verified',
  caller: { clientId: client, subject: 'scholar', scopes: new Set() },
  expiresAtMs: startMs + 300_000,
};
const bad = (reason: TokenError, issuedTo?: ClientId): TokenVerdict => ({
  kind: 'rejected',
  reason,
  detail: '',
  ...(issuedTo === undefined ? {} : { issuedTo }),
});

function setUp(entriesMax = 100) {
  const state = { nowMs: startMs };
  return { state, remember: rememberTokens({ now: () => state.nowMs, entriesMax }) };
}

test.each(['unknown-key', 'bad-signature', 'wrong-algorithm'] as const)(
  'a token that was good and now is %s is still proved to be its client’s; one that never was is nobody’s',
  (reason) => {
    const { remember } = setUp();
    remember('known', good);
    expect(remember('known', bad(reason))).toMatchObject({ reason, issuedTo: client });
    expect(remember('made-up', bad(reason))).toEqual(bad(reason));
  },
);

test('a token past its end proves nothing any more, and other faults than those of keys were proved or not at once', () => {
  const { state, remember } = setUp();
  remember('t', good);
  expect(remember('t', bad('unproved'))).toEqual(bad('unproved'));
  state.nowMs += 300_000;
  expect(remember('t', bad('unknown-key'))).toEqual(bad('unknown-key'));
});

test('a bad token counts once in the five minutes that the trigger judges, and each of several counts', () => {
  const { state, remember } = setUp();
  const note = (digest: string) => remember(digest, bad('expired', client));
  expect([note('a'), note('a'), note('b')].map((verdict) => 'isRepeated' in verdict)).toEqual([
    false,
    true,
    false,
  ]);
  state.nowMs += 299_999;
  expect(note('a')).toMatchObject({ isRepeated: true });
  state.nowMs += 1;
  expect(note('a')).not.toHaveProperty('isRepeated');
});

test('both memories are bounded, and strangers fill neither', () => {
  const { remember } = setUp(2);
  remember('known', good);
  remember('bad', bad('expired', client));
  for (let index = 0; index < 1_000; index += 1) remember(`stranger-${index}`, bad('bad-signature'));
  expect(remember('known', bad('unknown-key'))).toMatchObject({ issuedTo: client });
  expect(remember('bad', bad('expired', client))).toMatchObject({ isRepeated: true });
  for (const digest of ['b', 'c']) remember(digest, good);
  expect(remember('known', bad('unknown-key'))).toEqual(bad('unknown-key'));
});

test('what could not be judged is passed on as it is', () => {
  const cannotTell: TokenVerdict = { kind: 'cannot-tell', detail: '' };
  expect(setUp().remember('t', cannotTell)).toBe(cannotTell);
});
