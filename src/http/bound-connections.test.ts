import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startTestApp } from '../../test/support/http-app.ts';
import { createPerform } from '../../test/support/operator-responses.ts';
import { boundConnections, type ClosedWhy, type ConnectionBounds } from './bound-connections.ts';
import { createHttpServer, type HttpServer } from './create-http-server.ts';

const connectionsMax = 4;
let server: HttpServer;
let stop: () => Promise<void>;
let closed: ClosedWhy[];
let release: () => void;
let atWork: number;
const sockets: Socket[] = [];

beforeEach(async () => {
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const app = await startTestApp({
    perform: createPerform({
      getProvidersHealth: async () => {
        atWork += 1;
        await held;
        return { ok: false, providers: [] };
      },
    }),
  });
  closed = [];
  atWork = 0;
  server = createHttpServer(app.app, {
    host: '127.0.0.1',
    port: 0,
    connectionsMax,
    onConnectionClosed: (why) => closed.push(why),
  });
  await server.start();
  stop = async () => {
    release();
    await server.stop(2_000);
    await app.stop();
  };
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await stop();
});

interface Peer {
  readonly socket: Socket;
  /** Asks on this connection; the status that comes back, or `closed`. */
  ask(path: string, token?: string): Promise<string>;
  readonly isClosed: () => boolean;
}

async function open(port = Number(new URL(server.url).port)): Promise<Peer> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  let isClosed = false;
  socket.on('error', () => undefined);
  socket.once('close', () => {
    isClosed = true;
  });
  await once(socket, 'connect');
  return {
    socket,
    isClosed: () => isClosed,
    ask: async (path, token) => {
      if (isClosed || !socket.writable) return 'closed';
      const bearer = token === undefined ? '' : `Authorization: Bearer ${token}\r\n`;
      socket.write(`HEAD ${path} HTTP/1.1\r\nHost: x\r\n${bearer}\r\n`);
      const answer = await Promise.race([
        once(socket, 'data').then(([chunk]: Buffer[]) => String(chunk)),
        once(socket, 'close').then(() => 'HTTP/1.1 closed'),
      ]);
      return answer.split(/\s/, 2)[1] ?? '';
    },
  };
}

const openMany = async (count: number): Promise<Peer[]> => {
  const peers: Peer[] = [];
  for (let index = 0; index < count; index += 1) peers.push(await open());
  return peers;
};
const closes = (...peers: Peer[]) => expect.poll(() => peers.map((peer) => peer.isClosed()));

describe('at the bound', () => {
  test('a newcomer takes the place of the one that has asked nothing for the longest', async () => {
    const [first, ...others] = await openMany(connectionsMax);
    const newcomer = await open();
    expect(await newcomer.ask('/livez')).toBe('200');
    await closes(first as Peer, ...others, newcomer).toEqual([true, false, false, false, false]);
    expect(closed).toEqual(['crowded']);
  });

  test('a client keeps its connection through any crowd of idle ones, and of strangers that ask', async () => {
    const client = await open();
    expect(await client.ask('/api/send/status', 'read')).toBe('200');
    const stranger = await open();
    expect(await stranger.ask('/api/send/status')).toBe('401');
    await openMany(20);
    expect(await client.ask('/api/send/status', 'read')).toBe('200');
    for (const one of await openMany(20)) await one.ask('/livez');
    expect(await client.ask('/api/send/status', 'read')).toBe('200');
    expect(await client.ask('/api/send/status', 'forged'), 'a bad token now and then').toBe('401');
    await openMany(20);
    expect(await client.ask('/api/send/status', 'read')).toBe('200');
    expect(stranger.isClosed()).toBe(true);
  });

  test('an honest newcomer is served in the middle of a crowd', async () => {
    for (let turn = 0; turn < 10; turn += 1) {
      await openMany(connectionsMax);
      expect(await (await open()).ask('/api/send/status', 'read')).toBe('200');
    }
  });

  test('nobody at work is cut: a newcomer is refused while all are', async () => {
    const busy = await openMany(connectionsMax);
    const answers = busy.map((peer) => peer.ask('/api/providers/health', 'read'));
    await expect.poll(() => atWork).toBe(connectionsMax);
    const probe = await open();
    await closes(probe).toEqual([true]);
    expect(closed).toEqual(['refused']);
    release();
    expect(await Promise.all(answers)).toEqual(['200', '200', '200', '200']);
    expect(await (await open()).ask('/livez')).toBe('200');
  });

  test('requests that wait in line on one connection count as its own work', async () => {
    const peer = await open();
    peer.socket.write(
      'HEAD /api/providers/health HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer read\r\n\r\n'.repeat(3),
    );
    const chunks: string[] = [];
    peer.socket.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
    await expect.poll(() => atWork).toBeGreaterThan(0);
    await openMany(20);
    expect(peer.isClosed()).toBe(false);
    release();
    await expect.poll(() => chunks.join('').match(/HTTP\/1.1 200/g)).toHaveLength(3);
    await openMany(20);
    expect(peer.isClosed()).toBe(false);
  });
});

describe('answers that are not read', () => {
  const large = Buffer.alloc(16 * 1024 * 1024);

  /** A server that answers at once with more than any kernel keeps; `ofClient` says for which paths a client asks. */
  async function serve(bounds: Partial<ConnectionBounds>) {
    const whys: ClosedWhy[] = [];
    const paths = new WeakMap<ServerResponse, string>();
    const plain = createServer((request, response) => {
      paths.set(response, request.url ?? '');
      tracker.follow(request.socket, response);
      response.end(large);
    });
    const tracker = boundConnections(plain, {
      connectionsMax: 100,
      isOfClient: (response) => paths.get(response) === '/client',
      onClose: (why) => whys.push(why),
      ...bounds,
    });
    plain.listen(0, '127.0.0.1');
    await once(plain, 'listening');
    const { port } = plain.address() as AddressInfo;
    const askAndNotRead = async (path: string): Promise<Peer> => {
      const peer = await open(port);
      peer.socket.pause();
      peer.socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
      return peer;
    };
    const end = async (): Promise<void> => {
      plain.close();
      plain.closeAllConnections();
      await once(plain, 'close');
    };
    return { whys, askAndNotRead, end };
  }

  test('are bounded in number: the oldest of a stranger goes, before any of a client', async () => {
    const { whys, askAndNotRead, end } = await serve({ unreadMax: 2 });
    const client = await askAndNotRead('/client');
    const first = await askAndNotRead('/docs');
    await closes(client, first).toEqual([false, false]);
    const second = await askAndNotRead('/docs');
    await expect.poll(() => whys).toEqual(['unread']);
    first.socket.resume();
    await closes(client, first, second).toEqual([false, true, false]);
    // Who has read counts no more.
    second.socket.resume();
    await expect.poll(() => second.socket.bytesRead, { timeout: 8_000 }).toBeGreaterThan(large.length);
    const third = await askAndNotRead('/docs');
    await closes(client, second, third).toEqual([false, false, false]);
    expect(whys).toEqual(['unread']);
    await end();
  });

  test('are bounded in time', async () => {
    const { whys, askAndNotRead, end } = await serve({ unreadMsMax: 300 });
    const deaf = await askAndNotRead('/docs');
    await expect.poll(() => whys, { timeout: 5_000 }).toEqual(['unread']);
    deaf.socket.resume();
    await closes(deaf).toEqual([true]);
    await end();
  });
});
