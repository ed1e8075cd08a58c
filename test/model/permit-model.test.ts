import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dayMs } from '../../src/domain/instant.ts';
import { messageStates } from '../../src/domain/message.ts';
import { judgePermit, type PermitAsk, type PermitFacts } from './permit-model.ts';

const nowMs = Date.UTC(2026, 10, 20, 12);
const flagNames = ['send', 'send:email', 'send:transactional', 'consume', 'consume:email'] as const;
const on = new Map(flagNames.map((name) => [name as string, { value: 'on' }]));
const open: PermitFacts = {
  message: { state: 'queued' },
  gate: { run: '1', flags: on },
  suppression: undefined,
  recipient: { last: new Map(), day: 0, dayCount: 0, failures: 0, notBefore: 0 },
  providerBlockedUntil: 0,
  windows: [],
  caps: [],
};
const ask: PermitAsk = {
  channel: 'email',
  category: 'transactional',
  rehearse: false,
  intervalMs: 0,
  quietUntil: 0,
};

describe('judgePermit', () => {
  test.each<[string, Partial<PermitFacts>, Partial<PermitAsk>, object]>([
    ['nothing in the way', {}, {}, { kind: 'go' }],
    ['no gate', { gate: undefined }, {}, { kind: 'held', reason: 'stopped' }],
    ['a retry that is due', { message: { state: 'retrying', retryAt: nowMs } }, {}, { kind: 'go' }],
    [
      'not due',
      { message: { state: 'queued', sendAt: nowMs + 5 } },
      {},
      { kind: 'wait-later', ms: 5, why: 'not-due' },
    ],
    ['past its not_after', { message: { state: 'queued', notAfter: nowMs } }, {}, { kind: 'expired' }],
    ['suppressed', { suppression: 'bounced' }, {}, { kind: 'suppressed', reason: 'bounced' }],
    [
      'a resend past its not_after',
      { message: { state: 'queued', resends: 1, notAfter: nowMs } },
      {},
      { kind: 'ended', state: 'unknown' },
    ],
    [
      'a resend to a suppressed address',
      { message: { state: 'queued', resends: 1 }, suppression: 'bounced' },
      {},
      { kind: 'ended', state: 'unknown' },
    ],
    [
      'a blocked provider',
      { providerBlockedUntil: nowMs + 7 },
      {},
      { kind: 'wait-later', ms: 7, why: 'provider-back-off' },
    ],
    ['quiet hours', {}, { quietUntil: nowMs + 9 }, { kind: 'wait-later', ms: 9, why: 'quiet-hours' }],
    ['another run', {}, { run: '2' }, { kind: 'wait-later', ms: 1, why: 'new-run-or-day' }],
    [
      'a cap reached',
      { caps: [{ name: 'x', limit: 1, amount: 1, used: 1 }] },
      {},
      { kind: 'held', reason: 'cap' },
    ],
    ['a cap just met', { caps: [{ name: 'x', limit: 0.3, amount: 0.1, used: 0.2 }] }, {}, { kind: 'go' }],
    [
      'a wait that ends after its not_after',
      { message: { state: 'queued', notAfter: nowMs + 3 }, providerBlockedUntil: nowMs + 7 },
      {},
      { kind: 'wait-later', ms: 3, why: 'provider-back-off' },
    ],
    [
      'an interval of weeks',
      { recipient: { ...open.recipient, last: new Map([['transactional', nowMs - 1]]) } },
      { intervalMs: 3 * dayMs },
      { kind: 'held', reason: 'interval' },
    ],
    [
      'the daily cap',
      { recipient: { ...open.recipient, day: Math.floor(nowMs / dayMs), dayCount: 2 } },
      { recipientDailyCap: 2 },
      { kind: 'wait-later', ms: dayMs / 2, why: 'daily-cap' },
    ],
    [
      'a rehearsal under a cap',
      { caps: [{ name: 'x', limit: 0, amount: 1, used: 0 }] },
      { rehearse: true },
      { kind: 'rehearse', verdict: 'held cap' },
    ],
  ])('%s', (_name, facts, asked, verdict) => {
    expect(judgePermit({ ...open, ...facts }, { ...ask, ...asked }, nowMs)).toEqual(verdict);
  });

  test('never says go unless every flag says exactly on and none has expired', () => {
    const value = fc.constantFrom('on', 'on', 'on', 'off', 'ON', '', 'true');
    const until = fc.constantFrom(undefined, undefined, nowMs - 1, nowMs, nowMs + 1);
    const flags = fc.tuple(...flagNames.map(() => fc.record({ value, until })));
    fc.assert(
      fc.property(flags, fc.constantFrom(...messageStates), (values, state) => {
        const gate = {
          run: '1',
          flags: new Map(flagNames.map((name, index) => [name as string, values[index] ?? { value: 'off' }])),
        };
        const allOn = values.every(
          (flag) => flag.value === 'on' && (flag.until === undefined || flag.until > nowMs),
        );
        const verdict = judgePermit({ ...open, gate, message: { state } }, ask, nowMs);
        expect(verdict.kind === 'go').toBe(allOn && (state === 'queued' || state === 'retrying'));
      }),
    );
  });

  test('grants that follow it never fill a sliding window beyond its limit, and waiting as told is enough', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.nat(400), { maxLength: 60 }),
        (limit, pauses) => {
          const grants: number[] = [];
          let at = nowMs;
          const judge = (): ReturnType<typeof judgePermit> =>
            judgePermit({ ...open, windows: [{ name: 'all', limit, spanMs: 1_000, grants }] }, ask, at);
          for (const pause of pauses) {
            at += pause;
            const verdict = judge();
            if (verdict.kind === 'wait-here') at += verdict.ms;
            expect(judge().kind).toBe('go');
            grants.push(at);
            expect(grants.filter((one) => one > at - 1_000).length).toBeLessThanOrEqual(limit);
          }
        },
      ),
    );
  });
});
