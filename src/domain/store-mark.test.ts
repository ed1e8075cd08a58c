import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  compareMarks,
  eraOf,
  isLineage,
  judgeStore,
  mergeMarks,
  type SeenStore,
  type StoreMark,
  sumMarks,
  type WitnessReading,
} from './store-mark.ts';

const mark = (lineage: string, epoch: number, changes: number): StoreMark => ({ lineage, epoch, changes });
const known = mark('2.aaaaaaaa', 5, 100);

test.each<[string, StoreMark, string]>([
  ['the same', mark('2.aaaaaaaa', 5, 100), 'same-or-ahead'],
  ['ahead in changes', mark('2.aaaaaaaa', 5, 101), 'same-or-ahead'],
  ['an epoch lost', mark('2.aaaaaaaa', 4, 900), 'behind'],
  ['a change lost, a flag turned since', mark('2.aaaaaaaa', 6, 99), 'behind'],
  ['an era ago', mark('1.bbbbbbbb', 50, 1_000), 'other-lineage'],
  ['adopted', mark('3.cccccccc', 6, 100), 'other-lineage'],
  ['another store of the same age', mark('2.bbbbbbbb', 5, 100), 'other-lineage'],
])('a store beside what is known: %s', (_name, store, comparison) => {
  expect(compareMarks(store, known)).toBe(comparison);
});

const marks = fc.record({
  lineage: fc.constantFrom('1.aaaaaaaa', '2.aaaaaaaa', '2.bbbbbbbb', '3.aaaaaaaa'),
  epoch: fc.nat(20),
  changes: fc.nat(20),
});

test('merging never loses what one of the two knew, and gives an earlier era up for a later one', () => {
  fc.assert(
    fc.property(marks, marks, (one, other) => {
      const merged = mergeMarks(one, other);
      expect(eraOf(merged.lineage)).toBe(Math.max(eraOf(one.lineage), eraOf(other.lineage)));
      const parts = [one, other].filter((part) => part.lineage === merged.lineage);
      expect(parts.map((part) => compareMarks(merged, part))).toEqual(parts.map(() => 'same-or-ahead'));
    }),
  );
});

test('the mark of a whole store is of its central shard, with the changes of all', () => {
  expect(sumMarks([known, mark('2.aaaaaaaa', 4, 7), mark('2.aaaaaaaa', 3, 1)])).toEqual({
    ...known,
    changes: 108,
  });
});

test('only what the store makes is a lineage', () => {
  expect(['1.abcdefgh', '12.0123456789ab'].map(isLineage)).toEqual([true, true]);
  expect(['', '1', '1.', '.abcdefgh', '1.ABCDEFGH', '1.abc', 'x.abcdefgh'].some(isLineage)).toBe(false);
});

const store = (given: Partial<SeenStore> = {}): SeenStore => ({
  mark: known,
  marks: [known],
  isWitnessed: true,
  ...given,
});
const word = (lineage: string, epoch: number, changes: number): WitnessReading => ({
  kind: 'mark',
  mark: mark(lineage, epoch, changes),
});
const notAsked: WitnessReading = { kind: 'not-asked' };

test.each<[string, Parameters<typeof judgeStore>, string]>([
  [
    'nothing is known of it, and no witness is configured',
    [store(), undefined, { kind: 'none' }],
    'confirmed',
  ],
  ['its first witness', [store({ isWitnessed: false }), undefined, { kind: 'no-mark' }], 'confirmed'],
  ['its witness has lost its mark', [store(), undefined, { kind: 'no-mark' }], 'went-back'],
  ['its witness cannot be read', [store(), [known], { kind: 'failed', detail: 'is away' }], 'unconfirmed'],
  ['its witness agrees', [store(), undefined, word('2.aaaaaaaa', 5, 90)], 'confirmed'],
  ['its witness knows more', [store(), undefined, word('2.aaaaaaaa', 5, 101)], 'went-back'],
  ['its witness knows a later stop', [store(), [known], word('2.aaaaaaaa', 6, 0)], 'went-back'],
  ['its witness knows another store', [store(), undefined, word('2.bbbbbbbb', 1, 1)], 'went-back'],
  ['its witness is of before the adoption', [store(), undefined, word('1.aaaaaaaa', 1, 1)], 'went-back'],
  ['somebody found it behind', [store({ wentBack: 'so it is' }), [known], notAsked], 'went-back'],
  ['this process has seen as much', [store(), [known], notAsked], 'confirmed'],
  ['this process has seen more', [store(), [mark('2.aaaaaaaa', 5, 101)], notAsked], 'went-back'],
  [
    'another lineage than before, the witness not asked',
    [store(), [mark('1.aaaaaaaa', 1, 1)], notAsked],
    'unconfirmed',
  ],
  [
    'another lineage than before, as the witness says',
    [store(), [mark('1.a', 1, 1)], word('2.aaaaaaaa', 5, 1)],
    'confirmed',
  ],
  [
    'adopted, without a witness',
    [store({ adoptedFrom: '1.a' }), [mark('1.a', 9, 9)], { kind: 'none' }],
    'confirmed',
  ],
  ['another store, without a witness', [store(), [mark('1.a', 9, 9)], { kind: 'none' }], 'went-back'],
  [
    'one of its shards has lost changes, and another has gained more',
    [
      store({ marks: [known, mark('2.aaaaaaaa', 5, 9), mark('2.aaaaaaaa', 5, 90)] }),
      [known, mark('2.aaaaaaaa', 5, 10), mark('2.aaaaaaaa', 5, 10)],
      notAsked,
    ],
    'went-back',
  ],
  [
    'one of its shards is of before the adoption',
    [store({ marks: [known, mark('1.a', 5, 9)] }), undefined, word('2.aaaaaaaa', 5, 1)],
    'unconfirmed',
  ],
])('a store is judged: %s', (_name, given, kind) => {
  expect(judgeStore(...given).kind).toBe(kind);
});
