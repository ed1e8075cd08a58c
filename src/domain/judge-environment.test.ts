import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type EnvironmentFlags, type JudgedMessage, judgeEnvironment } from './judge-environment.ts';

const free: EnvironmentFlags = {
  emergencyStop: false,
  disableSend: false,
  mode: 'production',
  promoSends: true,
  preflightPassed: true,
};
const message: JudgedMessage = { category: 'transactional', plannedIn: 'production', recipientAllowed: true };

describe('judgeEnvironment', () => {
  test.each<[string, Partial<EnvironmentFlags>, Partial<JudgedMessage>, object]>([
    ['nothing in the way asks the gate', {}, {}, { kind: 'ask' }],
    ['DISABLE_SEND holds', { disableSend: true }, {}, { kind: 'hold', reason: 'stopped' }],
    ['EMERGENCY_STOP holds', { emergencyStop: true }, {}, { kind: 'hold', reason: 'stopped' }],
    [
      'a stop holds a rehearsal too',
      { disableSend: true, mode: 'dry_run' },
      {},
      { kind: 'hold', reason: 'stopped' },
    ],
    [
      'promotional is held',
      { promoSends: false },
      { category: 'promotional' },
      { kind: 'hold', reason: 'promo' },
    ],
    ['transactional is not', { promoSends: false }, {}, { kind: 'ask' }],
    ['a rehearsal is rehearsed', { mode: 'dry_run' }, { plannedIn: 'dry_run' }, { kind: 'rehearse' }],
    [
      'what is to be sent is held by workers that rehearse',
      { mode: 'dry_run' },
      {},
      { kind: 'hold', reason: 'dry-run' },
    ],
    ['what was accepted as a rehearsal stays one', {}, { plannedIn: 'dry_run' }, { kind: 'rehearse' }],
    ['the guard holds in production', { preflightPassed: false }, {}, { kind: 'hold', reason: 'guard' }],
    [
      'the guard is not asked in testing',
      { mode: 'testing', preflightPassed: false },
      { plannedIn: 'testing' },
      { kind: 'ask' },
    ],
    [
      'what was accepted in testing is not sent to everyone',
      {},
      { plannedIn: 'testing' },
      { kind: 'hold', reason: 'other-mode' },
    ],
    [
      'nor what was accepted in production by workers that test',
      { mode: 'testing' },
      {},
      { kind: 'hold', reason: 'other-mode' },
    ],
    [
      'a stranger is held',
      { mode: 'testing' },
      { plannedIn: 'testing', recipientAllowed: false },
      { kind: 'hold', reason: 'not-allowed' },
    ],
  ])('%s', (_name, flags, given, verdict) => {
    expect(judgeEnvironment({ ...free, ...flags }, { ...message, ...given })).toEqual(verdict);
  });

  test('a stop is stricter than everything else', () => {
    const flags = fc.record({
      emergencyStop: fc.boolean(),
      disableSend: fc.boolean(),
      mode: fc.constantFrom('dry_run' as const, 'testing' as const, 'production' as const),
      promoSends: fc.boolean(),
      preflightPassed: fc.boolean(),
    });
    const judged = fc.record({
      category: fc.constantFrom('transactional' as const, 'promotional' as const),
      plannedIn: fc.constantFrom('dry_run' as const, 'testing' as const, 'production' as const),
      recipientAllowed: fc.boolean(),
    });
    fc.assert(
      fc.property(flags, judged, (environment, one) => {
        const stopped = environment.emergencyStop || environment.disableSend;
        const verdict = judgeEnvironment(environment, one);
        expect(verdict.kind === 'hold' && verdict.reason === 'stopped').toBe(stopped);
        const mayAsk = !stopped && one.recipientAllowed && environment.mode === one.plannedIn;
        expect(verdict.kind !== 'ask' || mayAsk).toBe(true);
      }),
    );
  });
});
