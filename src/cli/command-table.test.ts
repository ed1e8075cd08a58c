import { describe, expect, test } from 'vitest';
import { type Command, globalOptions } from './command.ts';
import { commandTable } from './command-table.ts';
import { writeHelp, writeOverview } from './run-acc.ts';

const rows = commandTable.map((command): [string, Command] => [command.name, command]);

describe('the table of commands', () => {
  test('names every command once', () => {
    expect(new Set(commandTable.map(({ name }) => name)).size).toBe(commandTable.length);
  });

  test.each(rows)(
    '%s: an argument and an option never share a name, and none is a common one',
    (_name, command) => {
      const own = [...(command.args ?? []).map(({ name }) => name), ...Object.keys(command.options ?? {})];
      expect(new Set([...own, ...Object.keys(globalOptions)]).size).toBe(
        own.length + Object.keys(globalOptions).length,
      );
    },
  );

  test('an option takes a value everywhere or nowhere, so that it may stand before the command', () => {
    const kinds = new Map<string, boolean>();
    for (const { options = {} } of [{ options: globalOptions }, ...commandTable]) {
      for (const [name, { value }] of Object.entries(options)) {
        expect(kinds.get(name) ?? value !== undefined, name).toBe(value !== undefined);
        kinds.set(name, value !== undefined);
      }
    }
  });

  test('a command that is the beginning of another takes no argument that could be its next word', () => {
    const beginnings = commandTable.filter(({ name }) =>
      commandTable.some((other) => other.name.startsWith(`${name} `)),
    );
    expect(beginnings.map(({ name }) => name)).toEqual(['messages', 'audit']);
    expect(beginnings.flatMap(({ args = [] }) => args)).toEqual([]);
  });

  test.each(rows)('%s: the help names every argument and option', (_name, command) => {
    const help = writeHelp(command);
    for (const { summary } of command.args ?? []) expect(help).toContain(summary);
    for (const name of Object.keys({ ...command.options, ...globalOptions }))
      expect(help).toContain(`--${name}`);
  });

  test.each(rows)('%s: says of every option what it does', (_name, { options = {} }) => {
    for (const [name, { summary }] of Object.entries(options)) expect(summary, name).not.toBe('');
  });

  test('the overview has every command and every exit code', () => {
    const overview = writeOverview(commandTable);
    for (const { name, summary } of commandTable)
      expect(overview).toMatch(new RegExp(`  ${name}.*${summary.slice(0, 12)}`));
    for (const code of ['0', '1', '2', '3', '4', '5', '78'])
      expect(overview).toMatch(new RegExp(`^  ${code} +\\w`, 'm'));
  });
});
