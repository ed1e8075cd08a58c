import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/support/http-app.ts';
import type { RequestLine } from '../services.ts';

/** A peer takes this long over its part. Far from what an answer takes here, on a busy machine too. */
const peerMs = 1_000;

let app: TestApp;
let ownMs = 0;
beforeAll(async () => {
  app = await startTestApp({
    catalog: {
      types: () => ['welcome'],
      find: () => ({ channels: ['email'], notAfter: { kind: 'after', afterMs: 60_000 } }),
      checkData: () => [],
      directoryIdField: 'student_id',
      checkDrafts: () => ({ data: [] }),
    },
    perform: async () => {
      await sleep(ownMs);
      throw new TypeError('a fault of ours');
    },
  });
});
afterAll(() => app.stop());

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const body = JSON.stringify({
  type: 'welcome',
  idempotency_key: 'k',
  recipient: { email: 'jo@example.com' },
});
const head = (token: string, extra = ''): string =>
  `POST /api/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n${extra}\r\n`;
const ask = (path: string, token: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`;

async function open(): Promise<Socket> {
  const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** What is told of the requests that `play` makes, as soon as it is that many. */
async function watch(
  count: number,
  play: (socket: Socket) => Promise<void>,
): Promise<readonly RequestLine[]> {
  const before = app.lines.length;
  const socket = await open();
  await play(socket);
  await expect.poll(() => app.lines.length, { timeout: 5_000 }).toBe(before + count);
  socket.destroy();
  return app.lines.slice(before);
}

describe('our time is not lengthened by a peer that', () => {
  const slowPeers: readonly (readonly [string, (socket: Socket) => Promise<void>])[] = [
    [
      'sends its body slowly',
      async (socket) => {
        socket.write(head('send'));
        for (const part of [body.slice(0, 10), body.slice(10)]) {
          await sleep(peerMs / 2);
          socket.write(part);
        }
      },
    ],
    [
      'waits long before it goes on after 100',
      async (socket) => {
        socket.write(head('send', 'Expect: 100-continue\r\n'));
        await once(socket, 'data');
        await sleep(peerMs);
        socket.write(body);
      },
    ],
    [
      'reads nothing of its answer',
      async (socket) => {
        socket.pause();
        socket.write(head('send') + body);
      },
    ],
  ];
  test.each(slowPeers)('%s', async (_what, play) => {
    const [line] = await watch(1, play);
    expect(line).toMatchObject({ status: 202, aborted: false, clientId: 'tester' });
    expect(line?.ms).toBeLessThan(peerMs / 2);
  });

  test('pipelines and reads nothing: each is told when it is answered, whatever stands before it', async () => {
    const pipeline = async (reads: boolean): Promise<readonly RequestLine[]> =>
      await watch(30, async (socket) => {
        if (reads) socket.resume();
        else socket.pause();
        socket.write(ask('/openapi.json', 'read').repeat(30));
      });
    const slowest = (lines: readonly RequestLine[]): number => Math.max(...lines.map(({ ms }) => ms));
    // Beside one that reads, since thirty answers take their time too.
    const usualMs = slowest(await pipeline(true));
    const lines = await pipeline(false);
    for (const line of lines) expect(line).toMatchObject({ status: 200, aborted: false });
    expect(slowest(lines)).toBeLessThan(peerMs + 3 * usualMs);
  });
});

describe('a peer that leaves', () => {
  test('before its body is here is aborted, and its waiting is not ours', async () => {
    const [line] = await watch(1, async (socket) => {
      socket.write(head('send') + body.slice(0, 10));
      await sleep(peerMs);
      socket.destroy();
    });
    expect(line).toMatchObject({ status: 499, aborted: true, clientId: 'tester' });
    expect(line?.ms).toBeLessThan(peerMs / 2);
  });

  test('while we are at work is aborted, and tells how long we had kept it by then', async () => {
    ownMs = 2 * peerMs;
    const [line] = await watch(1, async (socket) => {
      socket.write(ask('/api/queue/status', 'read'));
      await sleep(peerMs);
      socket.destroy();
    });
    expect(line).toMatchObject({ status: 499, aborted: true });
    expect(line?.ms).toBeGreaterThan(peerMs / 2);
    ownMs = 0;
  });

  test('after our last write was answered, whatever it has read', async () => {
    const [line] = await watch(1, async (socket) => {
      socket.write(head('send') + body);
      await once(socket, 'data');
      socket.destroy();
    });
    expect(line).toMatchObject({ status: 202, aborted: false });
  });
});

test('what we take ourselves is all in it, before the body is read and after', async () => {
  ownMs = peerMs;
  const [line] = await watch(1, async (socket) => {
    socket.write(ask('/api/queue/status', 'read'));
  });
  expect(line).toMatchObject({ status: 500, aborted: false });
  expect(line?.ms).toBeGreaterThan(peerMs - 50);
  ownMs = 0;
});

describe('who it was', () => {
  test.each([
    ['a client', 'other:read', { clientId: 'other' }],
    ['an operator', 'ada:read+admin', { clientId: 'ada', isOperator: true }],
    ['nobody known', 'forged', { tokenFault: 'bad-signature' }],
    ['nobody that can be judged', 'unjudged', { isUnjudged: true }],
  ])('%s', async (_who, token, told) => {
    const [line] = await watch(1, async (socket) => void socket.write(ask('/api/send/status', token)));
    const { clientId, isOperator, tokenFault, isUnjudged } = line ?? {};
    const seen = { clientId, isOperator, tokenFault, isUnjudged };
    expect(JSON.parse(JSON.stringify(seen))).toEqual(told);
  });
});
