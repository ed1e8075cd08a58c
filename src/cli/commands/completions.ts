import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Call, Command } from '../command.ts';
import { completionWriters } from '../completions.ts';
import type { Ending } from '../exit-codes.ts';

export const completions: Command = {
  name: 'completions',
  summary: 'a script that completes words and options in your shell',
  args: [{ name: 'shell', choices: Object.keys(completionWriters), summary: 'bash, zsh or fish' }],
  examples: [
    'source <(acc completions bash)',
    'acc completions zsh > "${fpath[1]}/_acc"',
    'acc completions fish > ~/.config/fish/completions/acc.fish',
  ],
  run: writeCompletions,
};

function writeCompletions({ commands, print, need, programRoot, environment }: Call): Ending {
  const types = listEventTypes(environment['TEMPLATES_DIR'] ?? join(programRoot, 'templates'));
  const write = completionWriters[need('shell') as keyof typeof completionWriters];
  print.raw(write(commands.map((command) => suggestTypes(command, types))));
  return 'done';
}

/** The event types of the templates at hand: what `--type` and the commands about templates can be given. */
function suggestTypes(command: Command, types: readonly string[]): Command {
  const withTypes = <T extends object>(name: string, of: T): T =>
    name === 'type' ? { ...of, suggestions: types } : of;
  const { options, args } = command;
  return {
    ...command,
    ...(args === undefined ? {} : { args: args.map((one) => withTypes(one.name, one)) }),
    ...(options === undefined
      ? {}
      : {
          options: Object.fromEntries(
            Object.entries(options).map(([name, option]) => [name, withTypes(name, option)]),
          ),
        }),
  };
}

/** Names of folders alone: a template with errors is still one that can be asked about. */
function listEventTypes(dir: string): readonly string[] {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !/^[._]/.test(entry.name))
      .map(({ name }) => name);
  } catch {
    return [];
  }
}
