import { describe, expect, test } from 'vitest';
import type { DirectoryAnswer } from '../../domain/recipient.ts';
import { keepAnswers } from './keep-answers.ts';

const patience = new AbortController().signal;
const found: DirectoryAnswer = { kind: 'found', recipient: { id: 's1', locale: 'en', timeZone: 'UTC' } };

function setUp(answer: () => DirectoryAnswer | Promise<DirectoryAnswer>, entriesMax = 100) {
  const state = { nowMs: 0, asked: [] as string[] };
  const ask = async (id: string): Promise<DirectoryAnswer> => {
    state.asked.push(id);
    return answer();
  };
  return { state, directory: keepAnswers(ask, { now: () => state.nowMs, entriesMax }) };
}

describe('keepAnswers', () => {
  test.each([
    ['found', found, 60_000],
    ['not-found', { kind: 'not-found' }, 10_000],
    ['refused', { kind: 'refused', detail: '' }, 10_000],
  ] satisfies [string, DirectoryAnswer, number][])(
    'keeps "%s" for its time and no longer',
    async (_kind, answer, keptMs) => {
      const { state, directory } = setUp(() => answer);
      expect(await directory.lookUpRecipient('s1', patience)).toEqual(answer);
      state.nowMs = keptMs - 1;
      expect(await directory.lookUpRecipient('s1', patience)).toEqual(answer);
      expect(state.asked).toHaveLength(1);
      state.nowMs = keptMs;
      await directory.lookUpRecipient('s1', patience);
      expect(state.asked).toHaveLength(2);
    },
  );

  test('never keeps "unreachable"', async () => {
    const { state, directory } = setUp(() => ({ kind: 'unreachable', detail: '' }));
    await directory.lookUpRecipient('s1', patience);
    await directory.lookUpRecipient('s1', patience);
    expect(state.asked).toHaveLength(2);
  });

  test('asks once for all who ask at once, and one who gives up spoils nothing', async () => {
    let finish = (_answer: DirectoryAnswer): void => undefined;
    const { state, directory } = setUp(() => new Promise((resolve) => (finish = resolve)));
    const impatience = new AbortController();
    const given = directory.lookUpRecipient('s1', impatience.signal);
    const others = Array.from({ length: 10 }, () => directory.lookUpRecipient('s1', patience));
    impatience.abort();
    expect(await given).toEqual({ kind: 'unreachable', detail: 'the look-up was abandoned' });
    finish(found);
    expect(new Set(await Promise.all(others))).toEqual(new Set([found]));
    expect(state.asked).toEqual(['s1']);
  });

  test('holds a bounded number of people', async () => {
    const { state, directory } = setUp(() => found, 2);
    for (const id of ['a', 'b', 'c', 'c', 'b', 'a']) await directory.lookUpRecipient(id, patience);
    expect(state.asked).toEqual(['a', 'b', 'c', 'a']);
  });
});
