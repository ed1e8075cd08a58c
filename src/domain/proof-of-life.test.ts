import { expect, test } from 'vitest';
import { judgeProofOfLife, type ProofFacts } from './proof-of-life.ts';

const intervalMs = 60_000;
const nowMs = 10_000_000;
const facts: ProofFacts = { nowMs, intervalMs, watchedSinceMs: 0, isPaused: false };
const ago = (ms: number): number => nowMs - ms;

test.each<[string, Partial<ProofFacts>, boolean]>([
  ['a fresh proof', { doneAtMs: ago(1_000) }, true],
  ['exactly three intervals old', { doneAtMs: ago(180_000) }, true],
  ['a millisecond more', { doneAtMs: ago(180_001) }, false],
  ['none, just started', { watchedSinceMs: ago(120_000) }, true],
  ['none, and the grace is over', { watchedSinceMs: ago(120_001) }, false],
  ['an old one of before the start', { doneAtMs: ago(900_000), watchedSinceMs: ago(1_000) }, true],
  ['an old one while paused', { doneAtMs: ago(900_000), isPaused: true }, true],
  ['an old one, and the pause just ended', { doneAtMs: ago(900_000), pausedAtMs: ago(180_000) }, true],
  ['an old one, and the pause is long over', { doneAtMs: ago(900_000), pausedAtMs: ago(180_001) }, false],
])('%s', (_name, given, ok) => {
  expect(judgeProofOfLife({ ...facts, ...given }).ok).toBe(ok);
});

test('a pause is said, and so is what the last proof came to', () => {
  expect(judgeProofOfLife({ ...facts, isPaused: true }).detail).toBe(
    'not due: consumers are paused; no proof yet',
  );
  const red = judgeProofOfLife({
    ...facts,
    doneAtMs: ago(200_000),
    tookMs: 40,
    fault: 'email dead (render)',
  });
  expect(red).toEqual({
    ok: false,
    ageMs: 200_000,
    detail:
      'last proof 200 s ago, took 40 ms, and one is due every 60 s: is a planner, sender or guard stuck?; ' +
      'the last one came to: email dead (render)',
  });
});

test('an age is never below zero, whatever two clocks say', () => {
  expect(judgeProofOfLife({ ...facts, doneAtMs: nowMs + 50 }).ageMs).toBe(0);
});
