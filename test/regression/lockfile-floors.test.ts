import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

interface Lockfile {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const lockfile: Lockfile = JSON.parse(readFromRoot('package-lock.json'));
const manifest: Manifest = JSON.parse(readFromRoot('package.json'));

/** The lowest version without a hole that we know of, and the hole. An advisory service is not always at hand. */
const floors = [
  ['nodemailer', '10.4.1', 'CVE-2026-125755: one string reaches recipients that an allow-list did not see'],
  ['handlebars', '4.7.10', 'CVE-2026-106446: an AST handed to compile() runs as code'],
  ['ioredis', '6.0.0', 'a deep reply ends the process by recursion'],
  [
    'bullmq',
    '5.81.5',
    'workers that never wake after a Sentinel failover (#4378) or an unsettled read (#4479)',
  ],
] as const;

describe.each(floors)('%s', (name, floor, hole) => {
  test(`no copy in the lockfile is below ${floor} (${hole})`, () => {
    const versions = listVersions(name);
    expect(versions).not.toEqual([]);
    for (const version of versions)
      expect(compareVersions(version, floor), version).toBeGreaterThanOrEqual(0);
  });
});

test('ioredis is installed once: two copies would not recognise each other in bullmq', () => {
  expect(listVersions('ioredis')).toHaveLength(1);
});

test('every dependency is pinned to one exact version', () => {
  const ranges = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
  expect(ranges.filter(([, range]) => !/^\d+\.\d+\.\d+$/.test(range))).toEqual([]);
});

test('the lockfile names no address to download from, so that any registry can serve it', () => {
  const resolved = Object.values(lockfile.packages).filter((entry) => entry.resolved?.startsWith('http'));
  expect(resolved).toEqual([]);
});

test('every package has its checksum, those of other platforms too', () => {
  const unchecked = Object.entries(lockfile.packages).filter(
    ([path, { integrity }]) => path !== '' && integrity?.startsWith('sha512-') !== true,
  );
  expect(unchecked.map(([path]) => path)).toEqual([]);
});

test('the packages of every platform are locked: npm has left those of other machines out, and npm ci then refuses', () => {
  const optional = Object.values(lockfile.packages).flatMap((entry) =>
    Object.keys(entry.optionalDependencies ?? {}),
  );
  expect(optional.length).toBeGreaterThan(50);
  expect(optional.filter((name) => listVersions(name).length === 0)).toEqual([]);
});

test('versions are compared by number, not by letter', () => {
  expect(compareVersions('10.4.1', '10.4.1')).toBe(0);
  expect(compareVersions('10.10.0', '10.4.1')).toBeGreaterThan(0);
  expect(compareVersions('9.9.9', '10.0.0')).toBeLessThan(0);
  expect(compareVersions('10.4.1-beta.1', '10.4.1')).toBeLessThan(0);
});

/** Versions of all copies of a package, however deep they lie. */
function listVersions(name: string): string[] {
  return Object.entries(lockfile.packages)
    .filter(([path]) => path === `node_modules/${name}` || path.endsWith(`/node_modules/${name}`))
    .map(([, { version }]) => version ?? '0.0.0');
}

/** Below, at or above zero as `a` is below, at or above `b`. A pre-release counts as below its release. */
function compareVersions(a: string, b: string): number {
  const [aParts, bParts] = [a, b].map((version) => (version.split('-')[0] ?? '').split('.').map(Number));
  for (const [index, part] of (aParts ?? []).entries()) {
    const difference = part - (bParts?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return Number(b.includes('-')) - Number(a.includes('-'));
}

function readFromRoot(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
}
