/**
 * `npm run build`: compiles to `dist/` with tsc, and puts beside the result what is read at run time and is not
 * TypeScript (Lua scripts, pages, fixtures). Exit 1 when a type does not fit.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, rmSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folders = ['src', 'workers', 'local'];

// What was renamed or removed must not live on in dist/.
for (const folder of folders) rmSync(join(root, 'dist', folder), { recursive: true, force: true });
const tsc = join(root, 'node_modules', '.bin', 'tsc');
const { status } = spawnSync(tsc, ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
for (const folder of folders.filter((name) => existsSync(join(root, name)))) {
  cpSync(join(root, folder), join(root, 'dist', folder), { recursive: true, filter: isReadAtRunTime });
}
process.exitCode = status === 0 ? 0 : 1;

/** Folders are walked; of the files, sources and documents stay behind. */
function isReadAtRunTime(path: string): boolean {
  return !['.ts', '.md'].includes(extname(path));
}
