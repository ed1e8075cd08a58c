import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json, from the source (`local/`) and from the built program (`dist/local/`) alike. */
export function findRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    if (folder === dirname(folder))
      throw new Error('no package.json above this program: run it inside its repository');
    folder = dirname(folder);
  }
  return folder;
}
