import { describe, expect, test } from 'vitest';
import { type ClaimRules, type ClaimVerdict, judgeClaims } from './judge-claims.ts';

const rules: ClaimRules = {
  issuer: 'https://auth.example.com/',
  audiences: ['platform', 'auto_com_center'],
  clockToleranceSeconds: 10,
  lifetimeSecondsMax: 3_600,
  roleLifetimeSecondsMax: 86_400,
};
const now = 1_700_000_000;
const claims = {
  iss: rules.issuer,
  aud: 'platform',
  sub: 'someone',
  client_id: 'scholar',
  iat: now,
  exp: now + 300,
};

function judge(changes: object, atSeconds = now): ClaimVerdict {
  return judgeClaims({ ...claims, ...changes }, rules, atSeconds * 1000);
}

function reasonOf(verdict: ClaimVerdict): string {
  return verdict.kind === 'bad' ? verdict.reason : verdict.kind;
}

describe('judgeClaims', () => {
  test('names the client by client_id, else azp', () => {
    expect(judge({})).toEqual({
      kind: 'good',
      clientId: 'scholar',
      subject: 'someone',
      expiresAtMs: (now + 300) * 1000,
    });
    expect(judge({ client_id: undefined, azp: 'party' })).toMatchObject({
      clientId: 'party',
      subject: 'someone',
    });
    expect(judge({ sub: undefined })).not.toHaveProperty('subject');
  });

  /** Client-credentials tokens as well-known issuers write them, and the name that each caller has here. */
  test.each([
    ['oidc-provider, RFC 9068', { client_id: 'scholar', sub: 'scholar' }, 'scholar'],
    ['Auth0', { client_id: undefined, azp: 'scholar', sub: 'scholar@clients' }, 'scholar'],
    ['Keycloak', { client_id: 'scholar', azp: 'scholar', sub: '0b6e-11' }, 'scholar'],
    ['Keycloak before its client_id', { client_id: undefined, azp: 'scholar', sub: '0b6e-11' }, 'scholar'],
    ['Entra ID v2', { client_id: undefined, azp: '6e74-aa', sub: '94c2-bb' }, '6e74-aa'],
    ['Entra ID v1', { client_id: undefined, appid: '6e74-aa', sub: '94c2-bb' }, 'sub:94c2-bb'],
    ['Okta', { client_id: undefined, cid: '0oa1', sub: '0oa1' }, 'sub:0oa1'],
    ['an issuer that only names a subject', { client_id: undefined, sub: 'scholar' }, 'sub:scholar'],
  ])('%s: the caller is known by a name that no other kind can have', (_issuer, changes, clientId) => {
    expect(judge(changes)).toMatchObject({ kind: 'good', clientId });
  });

  test.each(['sub:scholar', 'cli:ada@laptop', 'guard'])('a client cannot be called %s', (name) => {
    expect(reasonOf(judge({ client_id: name }))).toBe('malformed');
    expect(reasonOf(judge({ client_id: undefined, azp: name }))).toBe('malformed');
    expect(judge({ client_id: undefined, sub: name })).toMatchObject({ clientId: `sub:${name}` });
  });

  test('the edges of time are exact', () => {
    expect(reasonOf(judge({}, now + 309))).toBe('good');
    expect(reasonOf(judge({}, now + 310))).toBe('expired');
    expect(reasonOf(judge({}, now - 10))).toBe('good');
    expect(reasonOf(judge({}, now - 11))).toBe('not-yet-valid');
    expect(reasonOf(judge({ nbf: now + 10 }))).toBe('good');
    expect(reasonOf(judge({ nbf: now + 11 }))).toBe('not-yet-valid');
    expect(reasonOf(judge({ exp: now + 3_600 }))).toBe('good');
    expect(reasonOf(judge({ exp: now + 3_601 }))).toBe('lifetime-too-long');
  });

  test('a token with a role and no scope may live for a day, and not a second longer', () => {
    expect(reasonOf(judge({ role: 'SystemService', exp: now + 86_400 }))).toBe('good');
    expect(reasonOf(judge({ role: 'SystemService', exp: now + 86_401 }))).toBe('lifetime-too-long');
    expect(reasonOf(judge({ role: 'SystemService', scope: 'notify.send', exp: now + 86_400 }))).toBe(
      'lifetime-too-long',
    );
  });

  test.each([
    [{ iss: undefined }, 'claim-missing'],
    [{ iss: 'https://auth.example.com' }, 'wrong-issuer'],
    [{ iss: [rules.issuer] }, 'wrong-issuer'],
    [{ aud: undefined }, 'claim-missing'],
    [{ aud: 'other' }, 'wrong-audience'],
    [{ aud: [] }, 'wrong-audience'],
    [{ aud: ['other', 'auto_com_center'] }, 'good'],
    [{ aud: ['platform', 7] }, 'malformed'],
    [{ aud: { platform: true } }, 'malformed'],
    [{ exp: undefined }, 'claim-missing'],
    [{ iat: undefined }, 'claim-missing'],
    [{ exp: String(now + 300) }, 'malformed'],
    [{ exp: null }, 'malformed'],
    [{ nbf: 'now' }, 'malformed'],
    [{ iat: -1 }, 'malformed'],
    [{ exp: 1e300 }, 'lifetime-too-long'],
    [{ iat: 0, exp: now + 300 }, 'lifetime-too-long'],
    [{ sub: undefined, client_id: undefined }, 'claim-missing'],
    [{ client_id: '' }, 'malformed'],
    [{ client_id: 'a b' }, 'malformed'],
    [{ client_id: 'a\nb' }, 'malformed'],
    [{ client_id: null }, 'good'],
    [{ client_id: 7 }, 'malformed'],
    [{ sub: 'x'.repeat(201) }, 'malformed'],
    [{ nonce: 'n' }, 'wrong-type'],
    [{ at_hash: 'h' }, 'wrong-type'],
    [{ events: {} }, 'wrong-type'],
    [{ cnf: { jkt: 'thumbprint' } }, 'wrong-type'],
    [{ token_use: 'id' }, 'wrong-type'],
    [{ typ: 'Refresh' }, 'wrong-type'],
    [{ typ: 'Bearer', token_use: 'access' }, 'good'],
  ])('%j is %s', (changes, expected) => {
    expect(reasonOf(judge(changes))).toBe(expected);
  });
});
