import { describe, expect, test } from 'vitest';
import type { Command } from './command.ts';
import { CommandError } from './exit-codes.ts';
import { parseCommand } from './parse-command.ts';

const rows: readonly Command[] = [
  {
    name: 'held list',
    summary: 's',
    args: [{ name: 'what', summary: 'w', optional: true, choices: ['a', 'b'] }],
    options: {
      limit: { value: 'N', summary: 's' },
      wait: { value: 'T', summary: 's' },
      id: { value: 'ID', many: true, summary: 's' },
    },
    run: () => 'done',
  },
  { name: 'held', summary: 's', run: () => 'done' },
  { name: 'stop', summary: 's', args: [{ name: 'reason', summary: 'why' }], run: () => 'done' },
];

function parse(...argv: string[]) {
  const parsed = parseCommand(rows, argv);
  if (parsed.kind === 'overview') throw new Error('no command was found');
  return parsed;
}

describe('parseCommand', () => {
  test('the longest name wins, wherever the options stand', () => {
    expect(parse('--base-url', 'http://x', 'held', '--limit', '5', 'list').command.name).toBe('held list');
    expect(parse('held').command.name).toBe('held');
  });

  test('values come out as what they are', () => {
    const { given } = parse('held', 'list', 'a', '--limit=5', '--wait', '2m', '--id', 'x', '--id', 'y');
    expect([given.text('what'), given.whole('limit'), given.durationMs('wait')]).toEqual(['a', 5, 120_000]);
    expect(given.list('id')).toEqual(['x', 'y']);
    expect(given.isSet('json')).toBe(false);
  });

  test.each([
    ['an unknown option', ['stop', 'x', '--nope']],
    ['an option of another command', ['stop', 'x', '--limit', '3']],
    ['a missing argument', ['stop']],
    ['a blank argument', ['stop', '  ']],
    ['a word too many', ['stop', 'two', 'words']],
    ['a word that is not a choice', ['held', 'list', 'c']],
    ['a value for a switch', ['stop', 'x', '--json=yes']],
    ['an option without its value', ['held', 'list', '--limit']],
    ['an option given twice', ['held', 'list', '--limit', '3', '--limit=5']],
    ['a switch given twice', ['stop', 'x', '--json', '--json']],
  ])('%s is wrong usage', (_what, argv) => {
    expect(() => parse(...argv)).toThrow(CommandError);
  });

  test.each(['5x', '-1', '1.5'])('"%s" is not a number of anything: wrong usage', (word) => {
    expect(() => parse('held', 'list', `--limit=${word}`).given.whole('limit')).toThrow(
      /is not a whole number/,
    );
  });

  test('an empty value counts as not given', () => {
    expect(parse('held', 'list', '--limit=').given.whole('limit')).toBeUndefined();
  });

  test('a reason that begins with a dash can be given after --', () => {
    expect(parse('stop', '--', '-5 % of mails bounce').given.text('reason')).toBe('-5 % of mails bounce');
  });

  test('asking for a name that the row does not have is a bug, not an absent value', () => {
    expect(() => parse('stop', 'x').given.text('limit')).toThrow(/has no "limit"/);
  });

  test('--help needs no arguments', () => {
    expect(parse('stop', '--help').given.isSet('help')).toBe(true);
  });
});
