import { expect, test } from 'vitest';
import { findNearest } from '../domain/find-nearest.ts';
import { commandTable } from './command-table.ts';

const names = commandTable.map(({ name }) => name);

test.each([
  ['sttus', 'status'],
  ['staus', 'status'],
  ['stauts', 'status'],
  ['Status', 'status'],
  ['stpo', 'stop'],
  ['strat', 'start'],
  ['held lst', 'held list'],
  ['hled list', 'held list'],
  ['dead-leters list', 'dead-letters list'],
  ['audit veirfy', 'audit verify'],
  ['quarantine jugde', 'quarantine judge'],
])('%s is taken for %s', (word, name) => {
  expect(findNearest(word, names)[0]).toBe(name);
});

test.each(['x', 'nonsense', 'delete everything', ''])('%j is near to nothing', (word) => {
  expect(findNearest(word, names)).toEqual([]);
});

test('a very long word costs nothing and is near to nothing', () => {
  expect(findNearest('s'.repeat(100_000), names)).toEqual([]);
});
