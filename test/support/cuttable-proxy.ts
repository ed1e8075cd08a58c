import { connect, createServer, type Socket } from 'node:net';
import { listenOnLoopback } from './listen-on-loopback.ts';

/** A TCP relay on loopback that can fall silent: the peers stay connected, and nothing more gets through. */
export interface CuttableProxy {
  readonly port: number;
  /** From now on nothing reaches the server, and what the server answers is lost too. */
  freeze(): void;
  /** Freezes right before the first bytes that carry `marker` would reach the server; resolves when that happens. */
  freezeAt(marker: string): Promise<void>;
  /** Lets new bytes through again; what was lost stays lost, so frozen connections are closed. */
  thaw(): void;
  close(): Promise<void>;
}

/** Starts the relay in front of `targetPort`. */
export async function startCuttableProxy(targetPort: number): Promise<CuttableProxy> {
  const sockets = new Set<Socket>();
  let frozen = false;
  let trap: { readonly marker: string; readonly spring: () => void } | undefined;
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((client) => {
    const upstream = connect(targetPort, '127.0.0.1');
    keep(client);
    keep(upstream);
    client.on('data', (bytes) => {
      if (trap !== undefined && bytes.includes(trap.marker)) {
        frozen = true;
        trap.spring();
        trap = undefined;
      }
      if (!frozen) upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      if (!frozen) client.write(bytes);
    });
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  const port = await listenOnLoopback(server);
  const closeAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port,
    freeze: () => {
      frozen = true;
    },
    freezeAt: (marker) =>
      new Promise((resolve) => {
        trap = { marker, spring: resolve };
      }),
    thaw: () => {
      frozen = false;
      closeAll();
    },
    close: async () => {
      closeAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
