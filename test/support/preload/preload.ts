import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** `scripts/test` finds it, and it may be a valkey-server. */
export const redisServer = process.env['REDIS_SERVER'] ?? 'redis-server';

const run = promisify(execFile);

/** Why no library can be put before those of the system on this machine, or `undefined` when it can. */
export async function whyNoPreload(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'the shims need Linux (LD_PRELOAD and /proc)';
  for (const program of ['cc', redisServer]) {
    const found = await run(program, ['--version']).then(
      () => true,
      () => false,
    );
    if (!found) return `the shims need \`${program}\`, which is not installed`;
  }
  return undefined;
}

/** Compiles `<name>.c` of this folder into `dir` and returns the environment that loads it into a process. */
export async function compileShim(name: 'disk' | 'clock', dir: string): Promise<{ LD_PRELOAD: string }> {
  const shim = join(dir, `${name}.so`);
  const source = fileURLToPath(new URL(`${name}.c`, import.meta.url));
  await run('cc', ['-Wall', '-Werror', '-O1', '-shared', '-fPIC', '-o', shim, source, '-ldl']);
  return { LD_PRELOAD: shim };
}

/** Writes a script that becomes `program` in this environment, under the same process id; returns its path. */
export async function writeLauncher(
  dir: string,
  program: string,
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  const launcher = join(dir, 'launch');
  const settings = Object.entries(environment).map(([name, value]) => `${name}='${value}'`);
  const lines = ['#!/bin/sh', `export ${settings.join(' ')}`, `exec '${program}' "$@"`, ''];
  await writeFile(launcher, lines.join('\n'), { mode: 0o755 });
  return launcher;
}
