import { connect, createServer, type Socket } from 'node:net';
import { listenOnLoopback } from './listen-on-loopback.ts';

/** A TCP relay on loopback that can drop all bytes while the peers stay connected. */
export interface CuttableProxy {
  readonly port: number;
  /** From now on nothing reaches the server, and what the server replies is lost too. */
  freeze(): void;
  /** Freezes right before the first bytes that carry `marker` would reach the server; resolves when that happens. */
  freezeAt(marker: string): Promise<void>;
  /** Calls `act`, once, right before the first reply of the server that carries `marker` is passed on. */
  beforeAnswer(marker: string, act: () => void): void;
  /** From now on the server's replies say `to` in place of `from`, which is as long. */
  rewordAnswers(from: RegExp, to: string): void;
  /** How many bytes of requests were dropped so far. */
  bytesLost(): number;
  /** Lets new bytes through again; what was lost stays lost, so frozen connections are closed. */
  thaw(): void;
  close(): Promise<void>;
}

interface Trap {
  readonly marker: string;
  readonly act: () => void;
}
interface Wording {
  readonly from: RegExp;
  readonly to: string;
}
type Traps = Record<'question' | 'answer', Trap | undefined>;

/** Starts the relay in front of `targetPort`. */
export async function startCuttableProxy(targetPort: number): Promise<CuttableProxy> {
  const sockets = new Set<Socket>();
  let frozen = false;
  let bytesLost = 0;
  let wording: Wording | undefined;
  const traps: Traps = { question: undefined, answer: undefined };
  const server = createServer((client) => {
    const upstream = connect(targetPort, '127.0.0.1');
    keep(sockets, client);
    keep(sockets, upstream);
    client.on('data', (bytes) => {
      spring(traps, 'question', bytes);
      if (frozen) bytesLost += bytes.length;
      else upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      spring(traps, 'answer', bytes);
      if (!frozen) client.write(reword(bytes, wording));
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
        const act = (): void => {
          frozen = true;
          resolve();
        };
        traps.question = { marker, act };
      }),
    beforeAnswer: (marker, act) => {
      traps.answer = { marker, act };
    },
    rewordAnswers: (from, to) => {
      wording = { from, to };
    },
    bytesLost: () => bytesLost,
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

function keep(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  socket.on('close', () => sockets.delete(socket));
}

function reword(bytes: Buffer, wording: Wording | undefined): Buffer {
  if (wording === undefined) return bytes;
  return Buffer.from(bytes.toString('latin1').replace(wording.from, wording.to), 'latin1');
}

function spring(traps: Traps, side: keyof Traps, bytes: Buffer): void {
  const trap = traps[side];
  if (trap === undefined || !bytes.includes(trap.marker)) return;
  traps[side] = undefined;
  trap.act();
}
