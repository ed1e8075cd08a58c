/**
 * `npm run lockfile`: writes package-lock.json anew and completes it. A registry mirror that keeps the binaries of
 * one platform only makes npm leave the other platforms' optional packages out, and then `npm ci` refuses the
 * file it wrote itself. Each such package is put back by name and version, with the platform that its name tells and
 * the checksum that the registry has of it: `npm ci` takes a package without one from whoever gives it.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
}

const root = fileURLToPath(new URL('..', import.meta.url));
const file = `${root}/package-lock.json`;
const systems: Readonly<Record<string, string>> = { windows: 'win32' };
const systemNames = /\b(darwin|linux|win32|windows|android|freebsd|openharmony|netbsd|openbsd|sunos|aix)/;
const processorNames = /\b(arm64|x64|ia32|ppc64|riscv64|s390x|loong64|arm)\b/;

const npm = spawnSync('npm', ['install', '--package-lock-only', '--ignore-scripts'], {
  cwd: root,
  stdio: 'inherit',
});
if (npm.status !== 0) process.exit(1);
const lock = JSON.parse(readFileSync(file, 'utf8')) as { packages: Record<string, LockedPackage> };
let added = 0;
for (const owner of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(owner.optionalDependencies ?? {})) {
    const place = `node_modules/${name}`;
    const platform = readPlatform(name);
    if (lock.packages[place] !== undefined || platform === undefined || !/^\d+\.\d+\.\d+/.test(version))
      continue;
    lock.packages[place] = {
      version,
      integrity: askIntegrity(name, version),
      ...(owner.dev === true ? { dev: true } : {}),
      optional: true,
      ...platform,
    };
    added += 1;
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added} packages of other platforms were put back`);

/** Ends the run when the registry does not have the package: it must not get in unchecked. */
function askIntegrity(name: string, version: string): string {
  const answer = spawnSync('npm', ['view', `${name}@${version}`, 'dist.integrity'], { encoding: 'utf8' });
  const integrity = answer.stdout.trim();
  if (integrity.startsWith('sha')) return integrity;
  console.error(
    `No checksum of ${name}@${version}: ${answer.stderr.trim()}. Ask another registry (npm config).`,
  );
  process.exit(1);
}

function readPlatform(name: string): Pick<LockedPackage, 'os' | 'cpu' | 'libc'> | undefined {
  const words = name.toLowerCase();
  const system = systemNames.exec(words)?.[1];
  const processor = processorNames.exec(words)?.[1];
  if (system === undefined || processor === undefined) return undefined;
  const os = systems[system] ?? system;
  const libc =
    os !== 'linux'
      ? undefined
      : words.includes('musl')
        ? 'musl'
        : words.includes('gnu')
          ? 'glibc'
          : undefined;
  return { cpu: [processor], ...(libc === undefined ? {} : { libc: [libc] }), os: [os] };
}
