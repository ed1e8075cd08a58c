import { request } from 'node:http';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { readResponse, startTestApp } from '../../test/support/http-app.ts';

/** An answer that waits until the test lets it go. */
function createLatch() {
  let open: () => void = () => undefined;
  let reach: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  return {
    open,
    reached,
    wait: (): Promise<void> => {
      reach();
      return opened;
    },
  };
}

const status = {
  queues: { events: idle(), email: idle(), sms: idle() },
  messages: {},
  held: {},
  dead_letters: 0,
  parked: { events: 0, messages: 0 },
  consumers_paused: false,
  ingestion_paused: false,
};
function idle() {
  return { waiting: 0, active: 0, delayed: 0, oldest_age_ms: 0 };
}

test('a stop lets requests under way end, closes idle connections and refuses new ones', async () => {
  const latch = createLatch();
  const app = await startTestApp({ perform: () => latch.wait().then(() => status) });
  await (await app.get('/livez', '')).text();
  const url = app.url;
  const underWay = app.get('/api/queue/status');
  await latch.reached;
  const stopped = app.server.stop(5000);
  await expect
    .poll(() =>
      fetch(`${url}/livez`).then(
        () => 'served',
        () => 'refused',
      ),
    )
    .toBe('refused');
  latch.open();
  const answer = await underWay;
  expect([answer.status, answer.headers.get('connection')]).toEqual([200, 'close']);
  await stopped;
});

test('a stop that meets its deadline cuts what is left and says how many', async () => {
  const latch = createLatch();
  const app = await startTestApp({ perform: () => latch.wait().then(() => status) });
  const underWay = app.get('/api/queue/status').then(
    () => 'answered',
    () => 'cut',
  );
  await latch.reached;
  await expect(app.server.stop(30)).rejects.toThrow('http: 1 requests were cut after 30 ms');
  expect(await underWay).toBe('cut');
  latch.open();
});

test('on a connection that stays, a closing process answers 503 and ends it', async () => {
  const app = await startTestApp();
  app.app.drain.close();
  const answer = await app.get('/api/queue/status');
  expect([answer.status, (await readResponse(answer)).code]).toEqual([503, 'shutting-down']);
  expect(answer.headers.get('connection')).toBe('close');
  await app.stop();
});

test('a connection on which a request never fully arrives does not hold a stop', async () => {
  const app = await startTestApp();
  const client = request(`${app.url}/api/events`, { method: 'POST', headers: { 'content-length': '100' } });
  client.on('error', () => undefined);
  client.write('{');
  await new Promise((resolve) => client.once('response', (answer) => answer.resume().once('end', resolve)));
  await expect(app.server.stop(5000)).resolves.toBeUndefined();
});

test('a peer that does not read its answer does not hold a stop', async () => {
  const app = await startTestApp();
  const deaf = connect(Number(new URL(app.url).port), '127.0.0.1');
  deaf.on('error', () => undefined);
  deaf.pause();
  deaf.write('GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(200));
  await expect.poll(() => app.lines.length).toBeGreaterThan(10);
  const beganMs = performance.now();
  await expect(app.server.stop(20_000)).resolves.toBeUndefined();
  expect(performance.now() - beganMs).toBeLessThan(10_000);
  deaf.destroy();
});

test('stopping twice is no fault', async () => {
  const app = await startTestApp();
  await app.stop();
  await expect(app.stop()).resolves.toBeUndefined();
});

test('a client that leaves in the middle of its body is one log line and no fault of ours', async () => {
  const seen = createLatch();
  const app = await startTestApp({
    tokens: {
      verifyToken: async () => {
        await seen.wait();
        return { kind: 'cannot-tell', detail: '' };
      },
    },
  });
  const client = request(`${app.url}/api/events`, {
    method: 'POST',
    headers: { authorization: 'Bearer send', 'content-type': 'application/json', 'content-length': '100' },
  });
  client.on('error', () => undefined);
  client.write('{');
  await seen.reached;
  client.destroy();
  seen.open();
  await expect.poll(() => app.lines.length).toBe(1);
  expect(app.lines[0]).toMatchObject({ aborted: true, status: 499 });
  expect(app.lines[0]?.error).toBeUndefined();
  await app.stop();
});
