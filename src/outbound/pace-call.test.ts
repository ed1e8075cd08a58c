import { describe, expect, test } from 'vitest';
import { type PacedCall, type PacedOutcome, paceCall } from './pace-call.ts';

function paceScripted(random = 1): {
  paced: PacedCall;
  calls: () => number;
  script: { outcome: PacedOutcome; nowMs: number };
} {
  const script: { outcome: PacedOutcome; nowMs: number } = { outcome: { ok: true }, nowMs: 0 };
  let count = 0;
  const paced = paceCall({
    call: async () => {
      count += 1;
      return script.outcome;
    },
    now: () => script.nowMs,
    random: () => random,
    backOff: { baseMs: 1_000, capMs: 8_000 },
  });
  return { paced, calls: () => count, script };
}

describe('paceCall', () => {
  test('makes one call for everybody who asks meanwhile', async () => {
    const { paced, calls } = paceScripted();
    await Promise.all(Array.from({ length: 50 }, () => paced.run()));
    expect(calls()).toBe(1);
  });

  test('waits 1, 2, 4, 8, 8 seconds after failures, and not at all after a success', async () => {
    const { paced, calls, script } = paceScripted();
    script.outcome = { ok: false, detail: 'is down' };
    for (const [index, waitMs] of [1_000, 2_000, 4_000, 8_000, 8_000].entries()) {
      await paced.run();
      expect(calls()).toBe(index + 1);
      script.nowMs += waitMs - 1;
      expect(paced.mayRun()).toBe(false);
      await paced.run();
      script.nowMs += 1;
      expect(paced.mayRun()).toBe(true);
    }
    expect(paced.failure()).toBe('is down');
    script.outcome = { ok: true };
    await paced.run();
    await paced.run();
    expect(calls()).toBe(7);
    expect(paced.failure()).toBeUndefined();
  });

  test('waits at least half of the back-off, however the dice fall', async () => {
    const { paced, script } = paceScripted(0);
    script.outcome = { ok: false, detail: 'is down' };
    await paced.run();
    script.nowMs = 499;
    expect(paced.mayRun()).toBe(false);
    script.nowMs = 500;
    expect(paced.mayRun()).toBe(true);
  });

  test('takes a throw for a failure', async () => {
    const paced = paceCall({
      call: () => {
        throw new Error('broke');
      },
      now: () => 0,
      random: () => 0,
      backOff: { baseMs: 1, capMs: 1 },
    });
    await paced.run();
    expect(paced.failure()).toBe('broke');
  });
});
