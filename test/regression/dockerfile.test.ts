import { existsSync, readdirSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findRoot } from '../../local/root.ts';
import { type Instruction, listCopies, parseDockerfile, type Stage } from '../support/dockerfile.ts';
import { readFromRoot } from '../support/manifests.ts';

const root = findRoot();
const { defaults, stages } = parseDockerfile(readFromRoot('Dockerfile'));
const runtime = findStage('runtime');
const manifest: { readonly dependencies: Readonly<Record<string, string>> } = JSON.parse(
  readFromRoot('package.json'),
);

describe('the image', () => {
  test('stands on one Node, named by its whole version', () => {
    expect(defaults['NODE_IMAGE']).toMatch(/^node:\d+\.\d+\.\d+-[a-z]+-slim(@sha256:[0-9a-f]{64})?$/);
    expect(new Set(stages.map(({ from }) => from))).toEqual(new Set([defaults['NODE_IMAGE']]));
  });

  test('copies only what exists, from the repository or from an earlier stage', () => {
    const copies = stages.flatMap((stage, index) => listCopies(stage).map((copy) => ({ ...copy, index })));
    const ownSources = copies
      .filter(({ fromStage }) => fromStage === undefined)
      .flatMap(({ sources }) => sources);
    expect(ownSources.filter((source) => !existsSync(join(root, source)))).toEqual([]);
    const unknownStages = copies.filter(
      ({ fromStage, index }) =>
        fromStage !== undefined && !stages.slice(0, index).some(({ name }) => name === fromStage),
    );
    expect(unknownStages).toEqual([]);
  });

  test('is sent exactly what it copies: .dockerignore lets nothing else in', () => {
    const lines = readFromRoot('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(lines[0]).toBe('*');
    const admitted = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    const copied = stages
      .flatMap(listCopies)
      .filter(({ fromStage }) => fromStage === undefined)
      .flatMap(({ sources }) => sources.map((source) => source.split('/')[0] ?? ''));
    expect(admitted.toSorted()).toEqual([...new Set(copied)].toSorted());
  });

  test('installs from the lockfile without running the scripts of packages, and keeps development out of what runs', () => {
    const installs = stages.flatMap(({ name, instructions }) =>
      instructions.filter(({ text }) => /^(npm|node) /.test(text)).map(({ text }) => [name, text]),
    );
    expect(installs).toEqual([
      ['build', 'npm ci --ignore-scripts'],
      ['build', 'node scripts/build.ts'],
      ['dependencies', 'npm ci --ignore-scripts --omit=dev'],
    ]);
    const modules = listCopies(runtime).filter(({ sources }) => sources[0]?.endsWith('node_modules'));
    expect(modules.map(({ fromStage }) => fromStage)).toEqual(['dependencies']);
  });

  test('runs Node as a numbered user without rights, with no shell in between', () => {
    expect(last('USER')).toMatch(/^[1-9]\d{3,}:[1-9]\d{3,}$/);
    expect(last('ENTRYPOINT')).toBe('["node", "--enable-source-maps"]');
    expect(last('CMD')).toBe('["dist/src/main.js"]');
    expect(last('HEALTHCHECK')).toBe('NONE');
    expect(runtime.instructions.some(({ name }) => name === 'ADD')).toBe(false);
  });

  test('brings no source and no test along', () => {
    const targets = listCopies(runtime).map(({ target }) => target);
    expect(targets.toSorted()).toEqual(['./', 'dist/src', 'dist/workers', 'node_modules', 'templates']);
  });
});

test('what runs imports only packages that the image has', () => {
  const imported = new Map<string, string>();
  for (const file of listSources())
    for (const name of listPackages(readFromRoot(file))) imported.set(name, file);
  expect(imported.size).toBeGreaterThan(5);
  const missing = [...imported].filter(([name]) => !(name in manifest.dependencies));
  expect(missing).toEqual([]);
});

test('what runs imports nothing from the folders that stay out of the image', () => {
  for (const file of listSources())
    expect(readFromRoot(file), file).not.toMatch(/from '(\.\.\/)+(local|scripts|test|bench)\//);
});

test('the search for imports finds each way to write one', () => {
  const text = `import a from 'one';\nimport type { T } from 'types-only';\nimport { b } from 'two/deep';\nimport 'three';
export { c } from '@four/five/six';\nconst d = await import('seven');\nimport {\n  e,\n} from 'eight';\nimport f from './own.ts';\nimport g from 'node:fs';`;
  expect(listPackages(text)).toEqual(['one', 'two', 'three', '@four/five', 'seven', 'eight']);
});

function listSources(): readonly string[] {
  return ['src', 'workers'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /(?<!\.test)\.ts$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1)),
  );
}

/** Packages that a source needs at run time; types are gone by then. */
function listPackages(text: string): readonly string[] {
  const statements = text.matchAll(
    /(?:^(?:import|export)\s+(?!type\b)(?:[^'";]*?\sfrom\s+)?|\bimport\()'([^']+)'/gm,
  );
  return [...statements]
    .map(([, specifier = '']) => specifier)
    .filter((specifier) => !/^(\.|node:)/.test(specifier) && !builtinModules.includes(specifier))
    .map((specifier) =>
      specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/'),
    );
}

function findStage(name: string): Stage {
  const stage = stages.find((one) => one.name === name);
  if (stage === undefined) throw new Error(`no stage ${name}`);
  return stage;
}

function last(name: Instruction['name']): string | undefined {
  return runtime.instructions.findLast((one) => one.name === name)?.text;
}
