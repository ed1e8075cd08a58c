import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { type Redis, startRedis } from '../../local/redis.ts';
import { findBreaches } from '../support/contract.ts';
import { type ProcessKind, type Service, startService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

const releases: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const release of releases.splice(0).toReversed()) await release();
});

const eightKeys = [
  'app',
  'app_base_url',
  'version',
  'status',
  'p95_ms',
  'security_headers',
  'dependencies_ok',
  'timestamp',
];
const answerMsMax = 120;
/** Enough looks for a median on a busy machine. */
const looks = 9;

async function start(options: Parameters<typeof startService>[0] = {}): Promise<Service> {
  const service = await startService(options);
  releases.push(() => service.stop());
  return service;
}

async function openSocket(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  releases.push(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

interface Glance {
  readonly ms: number;
  readonly text: string;
}

/** One look from outside; whatever the fault, it is 200, it has the six headers, and it is JSON. */
async function look(service: Service, method: 'GET' | 'HEAD' = 'GET'): Promise<Glance> {
  const begun = performance.now();
  const response = await fetch(`${service.url}/canary`, { method });
  const said = await response.text();
  const ms = performance.now() - begun;
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^application\/json\b/);
  expect(findBreaches({ status: 200, headers: response.headers, text: said })).toEqual([]);
  return { ms, text: said };
}

function parse(said: string): Record<string, unknown> {
  const body = JSON.parse(said) as Record<string, unknown>;
  expect(Object.keys(body)).toEqual(eightKeys);
  return body;
}

/** Waits until the canary says the status, then takes several looks, each of which says it. Answers their median, ms. */
async function measureCanary(service: Service, status: 'ok' | 'degraded'): Promise<number> {
  await waitFor(
    `canary ${status}`,
    async () => parse((await look(service)).text),
    (body) => body['status'] === status,
    { deadlineMs: 20_000, everyMs: 100 },
  );
  const times: number[] = [];
  for (let turn = 0; turn < looks; turn += 1) {
    const { ms, text: said } = await look(service);
    const body = parse(said);
    expect([body['status'], body['dependencies_ok'], body['version']]).toEqual([
      status,
      status === 'ok',
      'v2.7',
    ]);
    times.push(ms);
  }
  const head = await look(service, 'HEAD');
  expect(head.text).toBe('');
  times.sort((left, right) => left - right);
  return times[Math.floor(looks / 2)] ?? Number.NaN;
}

test.each<[string, (redis: Redis) => Promise<void> | void]>([
  ['gone', (redis) => redis.stop()],
  ['frozen', (redis) => void process.kill(redis.pid, 'SIGSTOP')],
])('with Redis %s it is degraded, in time', async (_what, breakIt) => {
  const dir = mkdtempSync(join(tmpdir(), 'acc-canary-'));
  releases.push(() => rmSync(dir, { recursive: true, force: true }));
  const redis = await startRedis({ dir, port: 0 });
  releases.push(async () => {
    try {
      process.kill(redis.pid, 'SIGCONT');
    } catch {
      // It is gone already.
    }
    await redis.stop();
  });
  const service = await start({ redisUrl: redis.url, processes: ['api'] });
  expect(await measureCanary(service, 'ok')).toBeLessThan(answerMsMax);
  await breakIt(redis);
  expect(await measureCanary(service, 'degraded')).toBeLessThan(answerMsMax);
});

test('with the issuer away from the start it is degraded, in time', async () => {
  const service = await start({
    processes: ['api'],
    environment: { AUTH_JWKS_URL: 'http://127.0.0.1:1/jwks' },
  });
  expect(await measureCanary(service, 'degraded')).toBeLessThan(answerMsMax);
});

test('paused and stopped by a person it is ok: that is no fault', async () => {
  const service = await start();
  const reason = 'test';
  await service.call('/api/control/consumers', { method: 'PUT', json: { paused: true, reason } });
  await service.call('/api/control/send', { method: 'PUT', json: { enabled: false, reason } });
  const paused = await service.call('/api/control/ingest', { method: 'PUT', json: { paused: true, reason } });
  expect(paused.status).toBe(200);
  expect(await measureCanary(service, 'ok')).toBeLessThan(answerMsMax);
});

test('on its way out it still answers, whole', async () => {
  const service = await start({ processes: ['api'], environment: { DRAIN_SECONDS: '10' } });
  const port = Number(new URL(service.url).port);
  // A request whose body is on its way keeps the process; a request whose head is keeps its own connection.
  const posting = await openSocket(port);
  posting.write(
    `POST /api/events HTTP/1.1\r\nhost: api.test\r\nauthorization: Bearer ${await service.token()}\r\n` +
      'content-type: application/json\r\ncontent-length: 500\r\n\r\n{"type":',
  );
  const asking = await openSocket(port);
  asking.write('GET /canary HTTP/1.1\r\nhost: api.test\r\nconnection: close\r\n');
  // Both have been read once this answer is there.
  await look(service);
  service.processes.get('api')?.signal('SIGTERM');
  await waitFor(
    'no new connection is taken',
    () =>
      fetch(`${service.url}/livez`).then(
        () => 'taken',
        () => 'refused',
      ),
    (end) => end === 'refused',
  );
  const begun = performance.now();
  asking.write('\r\n');
  const answer = await text(asking);
  expect(performance.now() - begun).toBeLessThan(answerMsMax);
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  expect(head).toMatch(/^HTTP\/1\.1 200 /);
  expect(parse(body)['status']).toBe('ok');
});

test.each<[ProcessKind, NodeJS.Signals]>([
  ['planner', 'SIGKILL'],
  ['planner', 'SIGSTOP'],
  ['sender', 'SIGKILL'],
  ['sender', 'SIGSTOP'],
])('with the only %s dead of %s it is degraded, in time', async (kind, signal) => {
  const service = await start({ environment: { PROOF_OF_LIFE_SECONDS: '1' } });
  expect(await measureCanary(service, 'ok')).toBeLessThan(answerMsMax);
  service.processes.get(kind)?.signal(signal);
  expect(await measureCanary(service, 'degraded')).toBeLessThan(answerMsMax);
});
