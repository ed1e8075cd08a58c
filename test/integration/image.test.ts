import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startChild } from '../../local/child.ts';
import { findFreePort } from '../../local/loopback.ts';
import { findRoot } from '../../local/root.ts';
import { listCopies, parseDockerfile } from '../support/dockerfile.ts';
import { readEnvFile, readFromRoot } from '../support/manifests.ts';
import { waitFor } from '../support/wait-for.ts';

/** The files of the runtime stage in a folder of their own, without an engine: what is not copied there is missing. */
const root = findRoot();
const image = mkdtempSync(join(tmpdir(), 'acc-image-'));

beforeAll(() => {
  if (!existsSync(join(root, 'dist/src/main.js')))
    throw new Error('dist/ is missing: run npm run build first');
  const runtime = parseDockerfile(readFromRoot('Dockerfile')).stages.at(-1);
  for (const { sources, target } of runtime === undefined ? [] : listCopies(runtime)) {
    for (const source of sources.map((path) => path.replace(/^\/app\//, ''))) {
      const to = join(image, target, target.endsWith('/') ? basename(source) : '');
      if (source === 'node_modules') linkDependencies(to);
      else cpSync(join(root, source), to, { recursive: true, filter: (path) => basename(path) !== 'golden' });
    }
  }
});

afterAll(() => {
  rmSync(image, { recursive: true, force: true });
});

test.each([
  'dist/src/main.js',
  'dist/workers/plan-events.js',
  'dist/workers/send-messages.js',
  'dist/workers/guard.js',
])('%s finds all that it imports, and names what it was not given', async (program) => {
  const { code, said } = await runToEnd([join(image, program)], {});
  expect({ code, said }).toMatchObject({ code: 78, said: expect.stringContaining('AUTH_ISSUER') });
});

test('acc is in the image, for operators who have kubectl only', async () => {
  const { code, said } = await runToEnd([join(image, 'dist/src/cli/main.js'), '--help'], {});
  expect({ code, said }).toMatchObject({ code: 0, said: expect.stringContaining('stop') });
});

test('with the settings of production and no store the API lives, is not ready, and finds its templates', async () => {
  const [port, metricsPort, shut] = [await findFreePort(), await findFreePort(), await findFreePort()];
  const api = startChild({
    name: 'api',
    file: join(image, 'dist/src/main.js'),
    cwd: image,
    logFile: join(image, 'api.log'),
    environment: {
      ...readEnvFile('k8s/base/settings.env'),
      ...readEnvFile('k8s/overlays/production/settings.env'),
      HOST: '127.0.0.1',
      PORT: String(port),
      METRICS_PORT: String(metricsPort),
      AUTH_JWKS_URL: `https://127.0.0.1:${shut}/keys`,
      REDIS_URL: `redis://127.0.0.1:${shut}`,
      ADDRESS_HASH_KEY: '5b0c7f1e9a3d4826b7e0c1f2a3948d57',
    },
  });
  try {
    const ask = (at: number, path: string) =>
      fetch(`http://127.0.0.1:${at}${path}`).then(
        ({ status }) => status,
        () => `no answer; it said: ${api.lastLines().slice(-3).join(' | ')}`,
      );
    await waitFor(
      'livez',
      () => ask(port, '/livez'),
      (status) => status === 200,
      { deadlineMs: 20_000 },
    );
    expect(await ask(port, '/readyz')).toBe(503);
    expect(await ask(metricsPort, '/livez')).toBe(200);
    expect(await ask(metricsPort, '/metrics')).toBe(200);
    expect(await ask(port, '/metrics')).toBe(404);
  } finally {
    await api.stop(10_000);
  }
});

/** As `npm ci --omit=dev` would: of what is imported directly, only `dependencies` can be found. */
function linkDependencies(to: string): void {
  const { dependencies }: { dependencies: Readonly<Record<string, string>> } = JSON.parse(
    readFromRoot('package.json'),
  );
  for (const name of Object.keys(dependencies)) {
    mkdirSync(dirname(join(to, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(to, name));
  }
}

async function runToEnd(args: readonly string[], environment: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, args, {
    cwd: image,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (part: Buffer) => (said += part.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, said };
}
