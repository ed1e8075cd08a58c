import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findRoot } from '../local/root.ts';
import { holdReasons } from '../src/domain/message.ts';

const root = findRoot();
const rows = readFileSync(join(root, 'docs/glossary.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .slice(2)
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, term = '', meaning = '', code = '', not = '']) => ({
    term,
    meaning,
    identifier: code.replaceAll('`', ''),
    unused: not === '' ? [] : not.split(', '),
  }));
const code = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
  .map((path) => ({ path, text: readFileSync(join(root, 'src', path), 'utf8') }));

test('it is short, and says of every term what it means', () => {
  expect(rows.length).toBeGreaterThan(30);
  expect(rows.length).toBeLessThanOrEqual(40);
  expect(rows.filter(({ meaning }) => meaning.length < 15)).toEqual([]);
  expect(new Set(rows.map(({ term }) => term)).size).toBe(rows.length);
});

test.each(rows)('$term: stands in the code as $identifier', ({ identifier }) => {
  const whole = new RegExp(`\\b${identifier}\\b`);
  expect(code.some(({ text }) => whole.test(text))).toBe(true);
});

test('no identifier of the code has another word for one of them', () => {
  const found = rows.flatMap(({ unused }) =>
    unused.flatMap((word) => {
      const part = new RegExp(`\\b${word}|[a-z]${word[0]?.toUpperCase()}${word.slice(1)}`);
      return code.filter(({ text }) => part.test(withoutTexts(text))).map(({ path }) => `${path}: ${word}`);
    }),
  );
  expect(found).toEqual([]);
});

test('the page on stops says of every reason for a hold what to do about it', () => {
  const page = readFileSync(join(root, 'docs/operations/stop-and-release.md'), 'utf8');
  const [, table = ''] = page.split('| reason | held because |');
  const [named = ''] = table.split('\n\n');
  const reasons = named.split('\n').flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)]);
  expect(reasons).toHaveLength(holdReasons.length);
  expect(new Set(reasons.map(([, reason]) => reason))).toEqual(new Set(holdReasons));
});

/** The code without its comments and strings, whose words may be older or the wire's. */
function withoutTexts(text: string): string {
  return text.replace(/\/\*[^]*?\*\/|\/\/.*|'(?:[^'\\\n]|\\.)*'|`[^`]*`/g, '');
}
