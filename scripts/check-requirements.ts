/** Holds `docs/requirements.md` against code, tests and documents. Prints every error, and exits 1 when there is one. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { findRequirementErrors } from './lib/requirements.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folders = ['src', 'workers', 'local', 'scripts', 'test', 'bench', 'docs', 'monitoring', 'k8s'];

const paths = [...folders.flatMap(listTexts), 'README.md', 'CHANGELOG.md'];
const errors = findRequirementErrors(
  new Map(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')])),
);
if (errors.length > 0) {
  console.error(errors.join('\n'));
  process.exitCode = 1;
}

function listTexts(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.png'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}
