import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterAll, beforeAll, expect, test } from 'vitest';

/** A small tree with breaches of each kind, and beside each what is allowed. */
const files = {
  'src/domain/message.ts': `import 'node:fs'; export const message = 1;`,
  'src/domain/address.ts': `export const address = 1;`,
  'src/domain/address.test.ts': `import 'node:fs'; import '../gate/permit.ts';`,
  'src/store/keys.ts': `import '../domain/address.ts'; import 'ioredis'; export interface Keys { a: 1 }`,
  'src/gate/permit.ts': `import '../store/keys.ts'; import type { Redis } from 'ioredis'; export type It = Redis;`,
  'src/gate/limits.ts': `import { Redis } from 'ioredis'; export const it = Redis;`,
  'src/ingest/accept.ts': `import '../plan/catalog.ts'; import '../plan/directory.ts';`,
  'src/plan/catalog.ts': `export const catalog = 1;`,
  'src/plan/directory.ts': `import type { Keys } from '../store/keys.ts'; import type { It } from '../gate/permit.ts'; export type A = Keys | It;`,
  'src/providers/send.ts': `import './retry.ts'; export const send = 1;`,
  'src/providers/retry.ts': `import './send.ts'; export const retry = 1;`,
  'src/misc/things.ts': `import '../domain/address.ts';`,
  'src/compose/build-worker.ts': `import '../gate/limits.ts'; import '../../local/inbox.ts';`,
  'local/inbox.ts': `import type { Page } from './page.ts'; export const inbox = 1; export type Inbox = Page;`,
  'local/page.ts': `import type { Inbox } from './inbox.ts'; export interface Page { of: Inbox }`,
  'scripts/build.ts': `import './lib/copy.ts'; export const build = 1;`,
  'scripts/lib/copy.ts': `export const copy = async () => import('../build.ts');`,
  'workers/guard.ts': `import '../src/compose/build-worker.ts'; import '../src/store/keys.ts';`,
  'tsconfig.json': `{ "compilerOptions": { "module": "NodeNext", "allowImportingTsExtensions": true, "noEmit": true } }`,
};

const root = fileURLToPath(new URL('..', import.meta.url));
let dir = '';
let breaches: string[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'directions-'));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  }
  await symlink(join(root, 'node_modules'), join(dir, 'node_modules'));
  const tool = join(root, 'node_modules/.bin/depcruise');
  const args = [
    '--config',
    join(root, '.dependency-cruiser.cjs'),
    '--output-type',
    'json',
    '--preserve-symlinks',
  ];
  const { stdout } = await promisify(execFile)(tool, [...args, 'src', 'workers', 'local', 'scripts'], {
    cwd: dir,
  }).catch((error: { stdout: string }) => error);
  const { summary } = JSON.parse(stdout);
  breaches = summary.violations.map(
    (it: { rule: { name: string }; from: string }) => `${it.rule.name}: ${it.from}`,
  );
}, 30_000);

afterAll(() => rm(dir, { recursive: true, force: true }));

test('each breach of the import table is named, and nothing that it allows', () => {
  expect([...new Set(breaches)].sort()).toEqual([
    'compose-imports: src/compose/build-worker.ts',
    'domain-is-pure: src/domain/message.ts',
    'entries-are-thin: workers/guard.ts',
    'every-folder-has-a-direction: src/misc/things.ts',
    'ingest-knows-the-catalog-only: src/ingest/accept.ts',
    'no-cycles: local/inbox.ts',
    'no-cycles: scripts/build.ts',
    'no-cycles: src/providers/retry.ts',
    'only-store-and-queue-uses-ioredis: src/gate/limits.ts',
    'plan-imports: src/plan/directory.ts',
  ]);
});
