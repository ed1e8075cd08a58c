import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { commandTable } from './command-table.ts';
import {
  listPlaces,
  writeBashCompletions,
  writeFishCompletions,
  writeZshCompletions,
} from './completions.ts';

/** What bash itself offers for these words; the last one is what is being typed. */
function completeInBash(...words: string[]): string[] {
  const script = `${writeBashCompletions(commandTable)}
COMP_WORDS=(acc "$@"); COMP_CWORD=$#; _acc; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync('bash', ['-c', script, 'acc', ...words], { encoding: 'utf8' });
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return stdout.trim().split('\n');
}

describe('completions', () => {
  test('bash offers commands, then their words, then their options, and the choices of an option', () => {
    expect(completeInBash('sta')).toEqual(['start', 'status']);
    expect(completeInBash('held', '')).toEqual(
      expect.arrayContaining(['list', 'show', 'release', 'discard']),
    );
    expect(completeInBash('held', 'release', 'why', '--per')).toEqual(['--per-minute']);
    expect(completeInBash('stop', 'why', '--scope', 's')).toEqual(['sms']);
    expect(completeInBash('pause', 'in')).toEqual(['ingest']);
  });

  test.each([
    ['zsh', writeZshCompletions],
    ['fish', writeFishCompletions],
  ])('%s knows every command, word by word', (_shell, write) => {
    const script = write(commandTable);
    for (const { words, next } of listPlaces(commandTable)) {
      expect(script).toContain(words);
      for (const { word } of next) expect(script).toContain(word);
    }
  });
});
