import { describe, expect, test } from 'vitest';
import type { DirectoryResult } from '../../domain/recipient.ts';
import { keepAnswers } from './keep-answers.ts';

const patience = new AbortController().signal;
const found: DirectoryResult = { kind: 'found', recipient: { id: 's1', locale: 'en', timeZone: 'UTC' } };

function setUp(result: () => DirectoryResult | Promise<DirectoryResult>, entriesMax = 100) {
  const state = { nowMs: 0, asked: [] as string[] };
  const ask = async (id: string): Promise<DirectoryResult> => {
    state.asked.push(id);
    return result();
  };
  return { state, directory: keepAnswers(ask, { now: () => state.nowMs, entriesMax }) };
}

describe('keepAnswers', () => {
  test.each([
    ['found', found, 60_000],
    ['not-found', { kind: 'not-found' }, 10_000],
    ['refused', { kind: 'refused', detail: '' }, 10_000],
  ] satisfies [string, DirectoryResult, number][])(
    'keeps "%s" for its time and no longer',
    async (_kind, result, keptMs) => {
      const { state, directory } = setUp(() => result);
      expect(await directory.lookUpRecipient('s1', patience)).toEqual(result);
      state.nowMs = keptMs - 1;
      expect(await directory.lookUpRecipient('s1', patience)).toEqual(result);
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
    let finish = (_answer: DirectoryResult): void => undefined;
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
