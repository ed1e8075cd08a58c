import { describe, expect, test } from 'vitest';
import { clientCountersOf, countersOf, type EndedRequest } from './request-counters.ts';

const request: EndedRequest = {
  route: '/api/events',
  status: 202,
  ms: 120,
  aborted: false,
  clientId: 'scholar',
};
const { clientId: _nobody, ...unknown } = request;
const refused = (tokenFault: string, over: Partial<EndedRequest> = {}): EndedRequest => ({
  ...unknown,
  status: 401,
  code: 'invalid-token',
  tokenFault,
  ...over,
});
const ofScholar = { tokenClientId: 'scholar' };

describe('what a request of a verified client adds to', () => {
  test.each<[string, Partial<EndedRequest>, readonly string[]]>([
    ['a good one', {}, ['requests', 'ms:120', 'tokens-good']],
    ['just over an edge', { ms: 120.01 }, ['requests', 'ms:200', 'tokens-good']],
    ['beyond the last edge', { ms: 5_001 }, ['requests', 'ms:over', 'tokens-good']],
    ['a bad body', { status: 422, code: 'invalid-event-data' }, ['requests', 'ms:120', 'tokens-good']],
    ['a failure', { status: 500, code: 'internal-error' }, ['requests', 'errors', 'ms:120', 'tokens-good']],
    ['the store away', { status: 503, code: 'store-unavailable' }, ['outages', 'tokens-good']],
    ['refused by a pause', { status: 503, code: 'ingestion-paused' }, ['set-aside', 'tokens-good']],
    ['refused by a full backlog', { status: 503, code: 'over-capacity' }, ['set-aside', 'tokens-good']],
    ['beyond its allowance', { status: 429, code: 'rate-limited' }, ['set-aside']],
    ['without the scope', { status: 403, code: 'insufficient-scope' }, ['set-aside']],
    ['one that waits on purpose', { route: '/api/control/send', ms: 9_000 }, ['requests', 'tokens-good']],
    ['gone before the answer', { aborted: true, status: 499, ms: 300 }, ['aborted']],
    ['gone after we kept it waiting', { aborted: true, status: 499, ms: 301 }, ['aborted', 'ms:500']],
    ['an operator', { isOperator: true }, ['requests', 'ms:120', 'tokens-good']],
  ])('%s', (_name, over, figures) => {
    expect(countersOf({ ...request, ...over })).toEqual(figures);
  });
});

describe('what a request of nobody known adds to', () => {
  test.each<[string, EndedRequest, readonly string[]]>([
    ['no token', refused('missing'), ['strangers', 'tokens-garbage']],
    ['another issuer', refused('wrong-issuer'), ['strangers', 'tokens-garbage']],
    ['a forged signature', refused('bad-signature'), ['strangers', 'tokens-garbage']],
    ['a made-up key', refused('unknown-key'), ['strangers', 'tokens-garbage']],
    ['an expired token that no key proves', refused('unproved'), ['strangers', 'tokens-garbage']],
    ['a real token for others', refused('wrong-audience', ofScholar), ['strangers', 'tokens-garbage']],
    ['a real token of another kind', refused('wrong-type', ofScholar), ['strangers', 'tokens-garbage']],
    ['an expired token of ours', refused('expired', ofScholar), ['strangers', 'tokens-bad']],
    ['one that is not valid yet', refused('not-yet-valid', ofScholar), ['strangers', 'tokens-bad']],
    ['one that is valid for too long', refused('lifetime-too-long', ofScholar), ['strangers', 'tokens-bad']],
    ['one whose key was withdrawn', refused('unknown-key', ofScholar), ['strangers', 'tokens-bad']],
    [
      'the same one again',
      refused('expired', { ...ofScholar, isTokenRepeated: true }),
      ['strangers', 'tokens-repeated'],
    ],
    ['a slow one', refused('missing', { ms: 60_000 }), ['strangers', 'tokens-garbage']],
    ['no key, quarantined', { ...unknown, isUnjudged: true }, ['unjudged']],
    [
      'no key, and no room',
      { ...unknown, status: 503, code: 'keys-unavailable', isUnjudged: true },
      ['unjudged'],
    ],
    ['two tokens', { ...unknown, status: 400, code: 'malformed-request' }, ['strangers']],
    ['gone while its token was judged', { ...unknown, status: 499, aborted: true }, ['strangers']],
    ['this process is shutting down', { ...unknown, status: 503, code: 'shutting-down' }, ['set-aside']],
    ['a probe', { ...unknown, route: '/readyz', status: 503 }, []],
    ['the canary', { ...unknown, route: '/canary' }, []],
    ['metrics', { ...unknown, route: '/metrics' }, []],
    ['a path that is not there', { ...unknown, route: 'unmatched', status: 404 }, []],
  ])('%s', (_name, one, figures) => {
    expect(countersOf(one)).toEqual(figures);
  });
});

describe('under whose name it is counted', () => {
  test.each<[string, EndedRequest, ReturnType<typeof clientCountersOf>]>([
    ['its client', request, { client: 'scholar', counters: ['requests', 'ms:120', 'tokens-good'] }],
    [
      'the owner of a bad token',
      refused('expired', ofScholar),
      { client: 'scholar', counters: ['tokens-bad'] },
    ],
    ['nobody, for an operator', { ...request, isOperator: true }, undefined],
    ['nobody, for a refusal', { ...request, status: 429, code: 'rate-limited' }, undefined],
    ['nobody, for a stranger', refused('missing'), undefined],
    ['nobody, for a token for others: names would be free', refused('wrong-audience', ofScholar), undefined],
  ])('%s', (_name, one, counted) => {
    expect(clientCountersOf(one)).toEqual(counted);
  });
});
