import { randomInt } from 'node:crypto';
import type { Server } from 'node:http';
import { type AddressInfo, createServer, type Server as NetServer } from 'node:net';

export const loopback = '127.0.0.1';

export interface Listening {
  /** For example `http://127.0.0.1:8025`, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Ends open connections too, so that it never waits for a browser. Safe to call twice. */
  readonly stop: () => Promise<void>;
}

/** Resolves once `server` accepts connections on loopback; rejects when the port is taken. Port 0 finds a free one. */
export async function listenOnLoopback(server: Server, port: number, host = loopback): Promise<Listening> {
  const taken = await bind(server, port, host);
  return {
    url: `http://${host}:${taken}`,
    port: taken,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Below the ports that systems give to outgoing connections, which would take a free one before it is used. */
const portsFrom = 15_000;
const portsTo = 32_000;

/** A port that nobody listened on a moment ago, and that no system hands out by itself. */
export async function findFreePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    const port = randomInt(portsFrom, portsTo);
    if (await isPortFree(port)) return port;
  }
  throw new Error(`no free port between ${portsFrom} and ${portsTo} was found`);
}

/** True when nobody listens on the port. */
export async function isPortFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await bind(server, port, loopback);
  } catch {
    return false;
  }
  await new Promise((resolve) => server.close(resolve));
  return true;
}

function bind(server: NetServer, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve(portOf(server.address()));
    });
  });
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('not a TCP server');
  return address.port;
}
