import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commandTable } from '../../src/cli/command-table.ts';
import { parseCommand } from '../../src/cli/parse-command.ts';
import { findProgramRoot } from '../../src/config/program-root.ts';

const root = findProgramRoot();
const folder = join(root, 'docs/operations');
const pages = readdirSync(folder).filter((file) => file.endsWith('.md'));

/** The lines of a page that are to be copied into a shell, without what is said beside them. */
function listLines(page: string): string[] {
  const text = readFileSync(join(folder, page), 'utf8');
  return [...text.matchAll(/^ *```sh\n([\s\S]*?)^ *```/gm)].flatMap(([, block = '']) =>
    block.split('\n').map((line) => line.replace(/(^| )#.*$/, '').trim()),
  );
}

function toWords(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '');
}

describe.each(pages)('%s', (page) => {
  test('has no acc command that acc does not understand', () => {
    const commands = listLines(page).filter((line) => line.startsWith('acc '));
    for (const line of commands)
      expect(parseCommand(commandTable, toWords(line.slice(4))), line).toMatchObject({ kind: 'command' });
  });

  test('names no script and no page that is not there', () => {
    const text = readFileSync(join(folder, page), 'utf8');
    const scripts = [...text.matchAll(/\.\/(scripts\/[\w.-]*\w)/g)].map(([, path = '']) => join(root, path));
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path = '']) => join(folder, path));
    expect([...scripts, ...links].filter((path) => !existsSync(path))).toEqual([]);
  });
});
