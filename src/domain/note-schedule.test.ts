import { describe, expect, test } from 'vitest';
import { findNoteSlot, judgeNoteTry, noteTriesMax } from './note-schedule.ts';

const released = Date.parse('2026-11-20T09:00:00Z');
const minutes = 60_000;
const hours = 60 * minutes;

describe('a note after a release', () => {
  test.each<[string, number, string | undefined]>([
    ['at once', 0, undefined],
    ['a moment before five minutes', 5 * minutes - 1, undefined],
    ['at five minutes', 5 * minutes, 'T+5 min'],
    ['a moment before a quarter', 15 * minutes - 1, 'T+5 min'],
    ['at a quarter', 15 * minutes, 'T+15 min'],
    ['at an hour', hours, 'T+1 h'],
    ['a moment before six hours', 6 * hours - 1, 'T+5 h'],
    ['at six hours', 6 * hours, 'T+6 h'],
    ['at seven hours, which is no slot any more', 7 * hours, 'T+6 h'],
    ['at eight hours', 8 * hours, 'T+8 h'],
    ['at two days', 48 * hours, 'T+48 h'],
    ['a moment before the last one is stale', 52 * hours - 1, 'T+48 h'],
    ['when the last one is stale', 52 * hours, undefined],
    ['with a release that is yet to come', -hours, undefined],
  ])('%s', (_when, sinceMs, name) => {
    expect(findNoteSlot(released, released + sinceMs)?.name).toBe(name);
  });

  test('there are 19 of them in two days, and each lasts until the next begins', () => {
    const slots = new Map<string, { atMs: number; endsMs: number }>();
    for (let at = released; at < released + 60 * hours; at += minutes) {
      const slot = findNoteSlot(released, at);
      if (slot !== undefined) slots.set(slot.name, slot);
    }
    const rows = [...slots.values()];
    expect(rows).toHaveLength(19);
    for (const [index, slot] of rows.slice(1).entries()) expect(rows[index]?.endsMs).toBe(slot.atMs);
  });
});

test.each<[string, number | undefined, number, ReturnType<typeof judgeNoteTry>]>([
  ['taken', 200, 1, { kind: 'posted' }],
  ['taken without words', 204, 3, { kind: 'posted' }],
  ['no such webhook', 404, 1, { kind: 'failed' }],
  ['too many', 429, 1, { kind: 'again', pauseMs: 2_000, mayHaveArrived: false }],
  ['out of order', 503, 3, { kind: 'again', pauseMs: 8_000, mayHaveArrived: false }],
  ['no answer', undefined, 2, { kind: 'again', pauseMs: 4_000, mayHaveArrived: true }],
  ['no answer, and that was the last try', undefined, noteTriesMax, { kind: 'failed' }],
  ['a pause has its limit', 500, 7, { kind: 'again', pauseMs: 120_000, mayHaveArrived: false }],
])('a try that ends with: %s', (_what, status, tries, fate) => {
  expect(judgeNoteTry(status, tries)).toEqual(fate);
});
