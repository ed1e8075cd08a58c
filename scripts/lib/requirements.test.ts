import { describe, expect, test } from 'vitest';
import { findRequirementErrors } from './requirements.ts';

/** Families that the real table does not have: this file is searched, too. */
const tea = '| TEA-1 | Tea is hot. | `src/tea.test.ts` › "is hot" |';
const sound = {
  'docs/requirements.md': table(tea, '| TEA-2 | Tea is black or green (TEA-1). | `src/tea.test.ts` |'),
  'src/tea.ts': '/** Hot (TEA-1), TEA-2, in UTF-8 and SHA-256; STEA-9, X-TEA-9 and TEA-x are no ids. */',
  'src/tea.test.ts': "test('TEA-1: is hot', () => undefined);",
};

test('a table whose ids and tests are there has no error', () => {
  expect(listErrors({})).toEqual([]);
});

describe('an id that is not in the table', () => {
  test('is found in every file, with its line', () => {
    expect(listErrors({ 'src/tea.ts': '\nTEA-1 TEA-3', 'docs/tea.md': '`TEA-12`' })).toEqual([
      'src/tea.ts:2: TEA-3 is no row of docs/requirements.md',
      'docs/tea.md:1: TEA-12 is no row of docs/requirements.md',
    ]);
  });

  test('is found in a family of which nothing is built', () => {
    expect(listErrors({ 'src/tea.ts': 'CUP-1' })).toEqual([
      'src/tea.ts:1: CUP-1 is no row of docs/requirements.md',
    ]);
  });
});

describe('a row', () => {
  test.each([
    ['`src/mug.test.ts`', 'TEA-2 names src/mug.test.ts, which is not there'],
    ['`src/tea.test.ts` › "is cold"', 'TEA-2 names "is cold", which is not in src/tea.test.ts'],
    ['', 'TEA-2 needs a test as `path.test.ts` › "title", and has ""'],
    ['`src/tea.ts`', 'TEA-2 needs a test as `path.test.ts` › "title", and has "`src/tea.ts`"'],
    ['`src/tea.test.ts`<br>by eye', 'TEA-2 needs a test as `path.test.ts` › "title", and has "by eye"'],
  ])('with the tests %j has an error', (tests, error) => {
    expect(listRowErrors(`| TEA-2 | Tea is black. | ${tests} |`)).toEqual([error]);
  });

  test('that is there twice has an error', () => {
    expect(listRowErrors(tea)).toEqual(['TEA-1 is there twice']);
  });

  test.each([
    '| TEA-1 | Tea is black. |',
    '| MUG-1 | A mug. | `src/tea.test.ts` |',
    '| Tea | Tea. | `src/tea.test.ts` |',
  ])('that is none is not passed over: %s', (row) => {
    expect(listRowErrors(row)).toEqual([
      'is not `| id | requirement | tests |` with the family of a heading',
    ]);
  });
});

test('no table is not a table without errors', () => {
  expect(findRequirementErrors(new Map())).toEqual(['docs/requirements.md:1: has no row']);
});

function table(...rows: string[]): string {
  return [
    '## TEA: tea',
    '| id | requirement | tests |',
    '| --- | --- | --- |',
    ...rows,
    '## CUP: not yet',
  ].join('\n');
}

function listErrors(changes: Readonly<Record<string, string>>): string[] {
  return findRequirementErrors(new Map(Object.entries({ ...sound, ...changes })));
}

/** Of a table with this row as its second. */
function listRowErrors(row: string): string[] {
  const errors = listErrors({ 'docs/requirements.md': table(tea, row), 'src/tea.ts': '' });
  return errors.map((error) => error.replace('docs/requirements.md:5: ', ''));
}
