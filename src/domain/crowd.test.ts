import { describe, expect, test } from 'vitest';
import { recordedAtMs } from '../../test/support/recorded-series.ts';
import type { Bucket, CounterName } from './fleet-counters.ts';
import { clientCountersOf, countersOf, type EndedRequest } from './request-counters.ts';
import { bucketMs, type TriggerName } from './thresholds.ts';
import { judgeTrigger } from './trigger-rules.ts';

/**
 * Who may come, and what must not come of it. A row is what one member of a crowd does in each ten seconds; add yours.
 * The same crowd comes to real processes in test/long/crowd.test.ts.
 */
type Requests = readonly (readonly [EndedRequest, number])[];
/** What comes in the bucket of this number. */
type Play = (bucket: number) => Requests;

const buckets = 30;
const shares = ['5xx', 'tokens', 'p95'] as const satisfies readonly TriggerName[];

const good: EndedRequest = { route: '/api/events', status: 202, ms: 40, aborted: false };
const of = (clientId: string, over: Partial<EndedRequest> = {}): EndedRequest => ({
  ...good,
  clientId,
  ...over,
});
const failed = { status: 500, code: 'internal-error' } as const;
const slow = { ms: 700 } as const;
const turnedAway = (tokenFault: string, over: Partial<EndedRequest> = {}): EndedRequest => ({
  ...good,
  status: 401,
  code: 'invalid-token',
  ms: 1,
  tokenFault,
  ...over,
});
/** One token, refused again and again: the first time counts. */
const sameToken =
  (client: string, fault: string, times: number): Play =>
  (bucket) => {
    const refused = turnedAway(fault, { tokenClientId: client });
    const again = { ...refused, isTokenRepeated: true } as const;
    return bucket === 0
      ? [
          [refused, 1],
          [again, times - 1],
        ]
      : [[again, times]];
  };

const honestClients = ['scholar', 'ledger', 'calendar'];
const honest: Play = () => honestClients.map((client) => [of(client), 20]);
const outOfTheWay: Play = () => [];

/** A real fault of ours, as honest clients meet it. */
const faults: readonly {
  readonly trigger: (typeof shares)[number];
  readonly fault: string;
  readonly play: Play;
}[] = [
  {
    trigger: '5xx',
    fault: 'a tenth of all answers are 500',
    play: () =>
      honestClients.flatMap(
        (client): Requests => [
          [of(client, failed), 2],
          [of(client), 18],
        ],
      ),
  },
  {
    trigger: 'p95',
    fault: 'a fifth of all answers are slow',
    play: () =>
      honestClients.flatMap(
        (client): Requests => [
          [of(client, slow), 4],
          [of(client), 16],
        ],
      ),
  },
  {
    trigger: 'tokens',
    fault: 'a rotated key shuts every client out',
    play: (bucket) => honestClients.flatMap((client) => sameToken(client, 'unknown-key', 20)(bucket)),
  },
];

/** People without a good token for us, ten thousand requests in ten seconds. */
const strangers: readonly (readonly [string, Play])[] = [
  ['without a token', () => [[turnedAway('missing'), 10_000]]],
  ['with garbage for a token', () => [[turnedAway('malformed'), 10_000]]],
  ['with forged signatures', () => [[turnedAway('bad-signature'), 10_000]]],
  ['with made-up keys', () => [[turnedAway('unknown-key'), 10_000]]],
  ['with expired tokens that no key proves', () => [[turnedAway('unproved'), 10_000]]],
  ['with one real token for others', sameToken('elsewhere', 'wrong-audience', 10_000)],
  [
    'with many real tokens for others, of many clients',
    () =>
      Array.from({ length: 100 }, (_, index): Requests[number] => [
        turnedAway('wrong-audience', { tokenClientId: `elsewhere-${index}` }),
        100,
      ]),
  ],
  ['that read slowly', () => [[turnedAway('missing', { ms: 60_000 }), 10_000]]],
  ['that leave early', () => [[{ ...good, status: 499, aborted: true, ms: 60_000 }, 10_000]]],
  ['that send two tokens', () => [[{ ...good, status: 400, code: 'malformed-request' }, 10_000]]],
  [
    'while no key can be had',
    () => [[{ ...good, status: 503, code: 'keys-unavailable', isUnjudged: true }, 10_000]],
  ],
  ['on pages and probes', () => [[{ ...good, route: '/readyz', status: 503, ms: 9_000 }, 10_000]]],
  ['on paths that are not there', () => [[{ ...good, route: 'unmatched', status: 404 }, 10_000]]],
];

/** What one verified client can do alone; all it can do is in its own requests. */
const oneClient: readonly (readonly [string, Play])[] = [
  [
    'sends expired tokens, another each time',
    () => [[turnedAway('expired', { tokenClientId: 'mallory' }), 60]],
  ],
  ['sends one expired token again and again', sameToken('mallory', 'expired', 60)],
  [
    'sends tokens that live too long',
    () => [[turnedAway('lifetime-too-long', { tokenClientId: 'mallory' }), 60]],
  ],
  ['brings as many good requests as its allowance lets it', () => [[of('mallory'), 1_000]]],
  ['provokes a 500 with each request', () => [[of('mallory', failed), 1_000]]],
  ['asks for what takes long', () => [[of('mallory', slow), 1_000]]],
  ['provokes 500s that take long', () => [[of('mallory', { ...failed, ...slow }), 1_000]]],
  ['leaves before it is answered', () => [[of('mallory', { status: 499, aborted: true, ms: 10 }), 1_000]]],
  [
    'leaves when it was kept waiting',
    () => [[of('mallory', { status: 499, aborted: true, ms: 2_000 }), 1_000]],
  ],
  ['goes on beyond its allowance', () => [[of('mallory', { status: 429, code: 'rate-limited' }), 100_000]]],
  ['asks for what it may not', () => [[of('mallory', { status: 403, code: 'insufficient-scope' }), 100_000]]],
  [
    'asks for paths that are not there',
    () => [[of('mallory', { route: 'unmatched', status: 404 }), 100_000]],
  ],
  ['meets a full backlog', () => [[of('mallory', { status: 503, code: 'over-capacity' }), 1_000]]],
];

function judgeAll(...plays: readonly Play[]): Readonly<Record<string, string>> {
  const series = Array.from({ length: buckets }, (_, bucket) =>
    count(
      recordedAtMs + bucket * bucketMs,
      plays.flatMap((play) => play(bucket)),
    ),
  );
  const moment = { atMs: recordedAtMs + buckets * bucketMs, sinceMs: 0, samplesMin: 50, depthFloor: 500 };
  return Object.fromEntries(shares.map((name) => [name, judgeTrigger(name, series, moment).verdict]));
}

/** A bucket as the window adder would write it. */
function count(startMs: number, requests: Requests): Bucket {
  const figures: Partial<Record<CounterName, number>> = {};
  const clients: Record<string, Partial<Record<CounterName, number>>> = {};
  for (const [request, times] of requests) {
    for (const figure of countersOf(request)) figures[figure] = (figures[figure] ?? 0) + times;
    const own = clientCountersOf(request);
    if (own === undefined) continue;
    const part = (clients[own.client] ??= {});
    for (const figure of own.counters) part[figure] = (part[figure] ?? 0) + times;
  }
  return { startMs, figures, clients };
}

const quiet = { '5xx': 'pass', tokens: 'pass', p95: 'pass' };

describe('strangers', () => {
  test.each(strangers)('%s fire nothing', (_who, play) => {
    expect(judgeAll(honest, play)).toEqual(quiet);
    expect(Object.values(judgeAll(outOfTheWay, play))).not.toContain('fail');
  });

  describe.each(strangers)('%s hide nothing', (_who, play) => {
    test.each(faults)('$fault', ({ trigger, play: fault }) => {
      expect(judgeAll(fault, play)).toMatchObject({ [trigger]: 'fail' });
    });
  });

  test('all of them at once fire nothing, and hide nothing', () => {
    const all = strangers.map(([, play]) => play);
    expect(judgeAll(honest, ...all)).toEqual(quiet);
    for (const { trigger, play } of faults)
      expect(judgeAll(play, ...all)).toMatchObject({ [trigger]: 'fail' });
  });
});

describe('one verified client', () => {
  test.each(oneClient)('that %s fires nothing for the others', (_what, play) => {
    expect(judgeAll(honest, play)).toEqual(quiet);
  });

  describe.each(oneClient)('that %s hides nothing', (_what, play) => {
    test.each(faults)('$fault', ({ trigger, play: fault }) => {
      expect(judgeAll(fault, play)).toMatchObject({ [trigger]: 'fail' });
    });
  });

  test('cannot pause intake even when it is alone on the service', () => {
    for (const [, play] of oneClient) expect(judgeAll(play)['tokens']).not.toBe('fail');
  });

  test('that is alone on the service, or with operators only, is all the evidence there is for 5xx and p95', () => {
    const operator: Play = () => [[of('ada', { isOperator: true }), 20]];
    for (const trigger of ['5xx', 'p95'] as const) {
      const hit: Play = () => [[of('scholar', trigger === '5xx' ? failed : slow), 20]];
      expect(judgeAll(hit)).toMatchObject({ [trigger]: 'fail' });
      expect(judgeAll(hit, operator)).toMatchObject({ [trigger]: 'fail' });
      expect(judgeAll(hit, () => [[of('ledger'), 20]])).toMatchObject({ [trigger]: 'pass' });
    }
  });

  test('needs no company to be left out: what it does beside one stray fault of another is still its own', () => {
    const stray: Play = (bucket) => (bucket === 3 ? sameToken('scholar', 'expired', 2)(0) : []);
    for (const [, play] of oneClient) expect(judgeAll(honest, play, stray)).toEqual(quiet);
  });
});

test('two clients that are both shut out fire the token trigger: neither is alone', () => {
  const shutOut = (client: string) => sameToken(client, 'unknown-key', 20);
  expect(judgeAll(shutOut('scholar'), shutOut('ledger'))).toMatchObject({ tokens: 'fail' });
});

test('an outage of the store, however long, fires nothing', () => {
  const away: Play = () =>
    honestClients.map((client) => [of(client, { status: 503, code: 'store-unavailable', ms: 2_000 }), 20]);
  expect(Object.values(judgeAll(away))).not.toContain('fail');
  expect(judgeAll(honest, away)).toEqual(quiet);
});

describe('the depth', () => {
  const judge = (others: number | undefined) => {
    const usual = Array.from({ length: 60 }, () => ({ depth: 600 }));
    const over = { depth: 60_000, ...(others === undefined ? {} : { 'depth-others': others }) };
    const series = [...usual, ...Array.from({ length: 61 }, () => over)].map(
      (figures, index): Bucket => ({ startMs: recordedAtMs + index * bucketMs, figures }),
    );
    const atMs = series.at(-1)?.startMs ?? 0;
    return judgeTrigger('depth', series, { atMs, sinceMs: 0, samplesMin: 60, depthFloor: 500 });
  };

  test('that one client alone brought is no run, and does not become what is usual', () => {
    expect(judge(600)).toMatchObject({ verdict: 'pass', line: 1_200 });
    expect(judge(1_200)).toMatchObject({ verdict: 'pass' });
    expect(judge(600).detail).toContain('600 without one client');
  });

  test('that is over without any one client too fires', () => {
    expect(judge(1_201)).toMatchObject({ verdict: 'fail' });
    expect(judge(undefined), 'nobody else has called of late').toMatchObject({ verdict: 'fail' });
  });
});
