import { describe, expect, test } from 'vitest';
import { createTokenSigner, writeTwin } from '../../test/support/token-signer.ts';
import { cacheVerdicts } from './cache-verdicts.ts';
import type { TokenVerdict, TokenVerifier } from './verify-token.ts';

const startMs = 1_700_000_000_000;
const good: TokenVerdict = {
  kind: 'verified',
  caller: { clientId: 'scholar' as never, subject: 'scholar', scopes: new Set(['notify.send']) },
  expiresAtMs: startMs + 300_000,
};

function setUp(result: () => TokenVerdict | Promise<TokenVerdict>, entriesMax = 100) {
  const state = { nowMs: startMs, asked: [] as string[], changeKeys: () => {} };
  const verifier: TokenVerifier = {
    verifyToken: async (token) => {
      state.asked.push(token);
      return result();
    },
  };
  const cached = cacheVerdicts(verifier, {
    now: () => state.nowMs,
    onChange: (listener) => {
      state.changeKeys = listener;
    },
    entriesMax,
  });
  return { state, cached };
}

describe('cacheVerdicts', () => {
  test('asks once for a token that is verified, and again after 60 s', async () => {
    const { state, cached } = setUp(() => good);
    await cached.verifyToken('t');
    state.nowMs = startMs + 59_999;
    expect(await cached.verifyToken('t')).toBe(good);
    expect(state.asked).toHaveLength(1);
    state.nowMs = startMs + 60_000;
    await cached.verifyToken('t');
    expect(state.asked).toHaveLength(2);
  });

  test('keeps one entry for both twins of an ES256 signature', async () => {
    const { state, cached } = setUp(() => good);
    const token = createTokenSigner('ES256', 'k').signToken({});
    await cached.verifyToken(token);
    expect(await cached.verifyToken(writeTwin(token))).toBe(good);
    expect(state.asked).toEqual([token]);
  });

  test('never answers for a token past its expiry', async () => {
    const { state, cached } = setUp(() => ({ ...good, expiresAtMs: startMs + 5_000 }));
    await cached.verifyToken('t');
    state.nowMs = startMs + 5_000;
    await cached.verifyToken('t');
    expect(state.asked).toHaveLength(2);
  });

  test('does not trust an entry from the future: the clock was set back', async () => {
    const { state, cached } = setUp(() => good);
    await cached.verifyToken('t');
    state.nowMs = startMs - 1;
    await cached.verifyToken('t');
    expect(state.asked).toHaveLength(2);
  });

  test('drops everything when the keys change, also what was being verified meanwhile', async () => {
    let finish = (_verdict: TokenVerdict): void => undefined;
    const { state, cached } = setUp(() => new Promise((resolve) => (finish = resolve)));
    const under = cached.verifyToken('t');
    state.changeKeys();
    finish(good);
    await under;
    const again = cached.verifyToken('t');
    finish(good);
    await again;
    expect(state.asked).toHaveLength(2);
    await cached.verifyToken('t');
    expect(state.asked).toHaveLength(2);
    state.changeKeys();
    void cached.verifyToken('t');
    expect(state.asked).toHaveLength(3);
  });

  test.each([
    [{ kind: 'rejected', reason: 'bad-signature', detail: '' }],
    [{ kind: 'cannot-tell', detail: '' }],
  ] satisfies [TokenVerdict][])('keeps no failure: %j', async (verdict) => {
    const { state, cached } = setUp(() => verdict);
    await cached.verifyToken('t');
    await cached.verifyToken('t');
    expect(state.asked).toHaveLength(2);
  });

  test('is bounded, and the least recently used goes first', async () => {
    const { state, cached } = setUp(() => good, 2);
    for (const token of ['a', 'b', 'a', 'c', 'a', 'b']) await cached.verifyToken(token);
    expect(state.asked).toEqual(['a', 'b', 'c', 'b']);
  });

  test('a judgement as of an earlier instant is made anew', async () => {
    const { state, cached } = setUp(() => good);
    await cached.verifyToken('t');
    await cached.verifyToken('t', startMs - 1_000);
    expect(state.asked).toHaveLength(2);
  });
});
