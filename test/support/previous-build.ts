import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findRoot } from '../../local/root.ts';

const run = promisify(execFile);

/** Another version of this program, built from the history of this repository. */
export interface PreviousBuild {
  /** Its `dist/` is below. */
  readonly root: string;
  close(): Promise<void>;
}

/** Why the commit cannot be built here (a shallow clone, an export without history); undefined when it can. */
export async function whyNoCommit(commit: string): Promise<string | undefined> {
  try {
    await run('git', ['cat-file', '-e', `${commit}^{commit}`], { cwd: findRoot() });
    return undefined;
  } catch {
    return `the previous release, commit ${commit.slice(0, 12)}, is not in the history here: clone with full history`;
  }
}

/** Builds the commit by its own scripts in a folder of its own, with the packages of this checkout. */
export async function buildCommit(commit: string): Promise<PreviousBuild> {
  const folder = await mkdtemp(join(tmpdir(), 'acc-previous-'));
  const archive = join(folder, 'source.tar');
  await run('git', ['archive', '--output', archive, commit], { cwd: findRoot() });
  await run('tar', ['-xf', archive, '-C', folder]);
  await symlink(join(findRoot(), 'node_modules'), join(folder, 'node_modules'));
  await run(process.execPath, ['scripts/build.ts'], { cwd: folder });
  return { root: folder, close: async () => await rm(folder, { recursive: true, force: true }) };
}
