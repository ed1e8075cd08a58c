import type { Call, Command } from '../command.ts';
import { writeBashCompletions } from '../completions/bash.ts';
import { writeFishCompletions } from '../completions/fish.ts';
import { writeZshCompletions } from '../completions/zsh.ts';
import type { Ending } from '../exit-codes.ts';

const writers: Readonly<Record<string, (commands: readonly Command[]) => string>> = {
  bash: writeBashCompletions,
  zsh: writeZshCompletions,
  fish: writeFishCompletions,
};

export const completions: Command = {
  name: 'completions',
  summary: 'a script that completes words and options in your shell',
  args: [{ name: 'shell', choices: Object.keys(writers), summary: 'bash, zsh or fish' }],
  examples: [
    'source <(acc completions bash)',
    'acc completions zsh > "${fpath[1]}/_acc"',
    'acc completions fish > ~/.config/fish/completions/acc.fish',
  ],
  run: writeCompletions,
};

function writeCompletions({ commands, print, need }: Call): Ending {
  print.raw(writers[need('shell')]?.(commands) ?? '');
  return 'done';
}
