import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findRoot } from '../local/root.ts';

interface Place {
  readonly path: string;
  /** Text that the file must contain; empty when the file alone is meant. */
  readonly text: string;
}

/** `path` › "text in the file", as often as there is one. */
function listPlaces(line: string): readonly Place[] {
  return [...line.matchAll(/`((?:[\w.-]+\/)+[\w.-]+\.\w+|\.env\.example)`(?: › "([^"]*)")?/g)].map(
    ([, path = '', text = '']) => ({ path, text }),
  );
}

/** What is wrong with a place; undefined when nothing is. */
function judge({ path, text }: Place, read: (path: string) => string | undefined): string | undefined {
  const content = read(path);
  if (content === undefined) return `${path} is not there`;
  return content.includes(text) ? undefined : `${path} does not hold "${text}"`;
}

function readFile(path: string): string | undefined {
  const file = join(findRoot(), path);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

const sections = (readFile('docs/changing.md') ?? '').split(/^## /m).slice(1);

test('every change that is asked for has a section', () => {
  expect(sections.map((section) => section.split('\n', 1)[0])).toEqual([
    'Add an event type',
    'Add a provider',
    'Add a channel',
    'Add a permit check',
    "Add an operators' list with its command",
    'Add a setting',
    'Add a metric with its alert',
    'Add a message state',
    'Add an inbound webhook',
  ]);
});

describe.each(sections.map((section) => [section.split('\n', 1)[0] ?? '', section]))(
  '%s',
  (_title, section) => {
    const steps = section.split('\n').filter((line) => line.startsWith('- '));

    test('each step names a file that is there, and the place in it', () => {
      expect(steps.length).toBeGreaterThan(2);
      expect(steps.filter((step) => listPlaces(step).length === 0)).toEqual([]);
      expect(
        steps.flatMap((step) => listPlaces(step)).flatMap((place) => judge(place, readFile) ?? []),
      ).toEqual([]);
    });
  },
);

test('a file that has gone, and a place that has moved, are found', () => {
  const places = listPlaces('- `src/a.ts` › "const one": here; `src/b.ts` and `.env.example`');
  expect(places).toEqual([
    { path: 'src/a.ts', text: 'const one' },
    { path: 'src/b.ts', text: '' },
    { path: '.env.example', text: '' },
  ]);
  const files = new Map([['src/a.ts', 'const two = 2;']]);
  expect(places.map((place) => judge(place, (path) => files.get(path)))).toEqual([
    'src/a.ts does not hold "const one"',
    'src/b.ts is not there',
    '.env.example is not there',
  ]);
});
