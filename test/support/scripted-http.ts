import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { listenOnLoopback } from './listen-on-loopback.ts';

/** What happens to a request once it was read whole. */
export type HttpStep =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  | 'drop'
  | 'hang';

export interface ReceivedRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface ScriptedHttp {
  readonly port: number;
  readonly baseUrl: URL;
  /** Replaces the script for the requests to come. */
  play(answer: (request: ReceivedRequest) => HttpStep): void;
  readonly requests: readonly ReceivedRequest[];
  readonly connections: number;
  readonly openNow: number;
  readonly openMax: number;
  dropAll(): void;
  close(): Promise<void>;
}

/** An HTTP server that responds by script, drops or stays silent. Loopback only. */
export async function startScriptedHttp(
  answer: (request: ReceivedRequest) => HttpStep,
): Promise<ScriptedHttp> {
  const sockets = new Set<Socket>();
  const requests: ReceivedRequest[] = [];
  const count = { connections: 0, openMax: 0 };
  let current = answer;
  const server = createServer((incoming, outgoing) => {
    void readRequest(incoming).then((request) => {
      requests.push(request);
      writeStep(current(request), outgoing);
    });
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    count.connections += 1;
    count.openMax = Math.max(count.openMax, sockets.size);
    socket.on('close', () => sockets.delete(socket));
  });
  const port = await listenOnLoopback(server);
  const dropAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port,
    baseUrl: new URL(`http://127.0.0.1:${port}/`),
    play: (next) => {
      current = next;
    },
    requests,
    get connections() {
      return count.connections;
    },
    get openNow() {
      return sockets.size;
    },
    get openMax() {
      return count.openMax;
    },
    dropAll,
    close: async () => {
      dropAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function readRequest(incoming: IncomingMessage): Promise<ReceivedRequest> {
  const body = await text(incoming);
  return {
    method: incoming.method ?? '',
    url: new URL(incoming.url ?? '/', 'http://scripted.test'),
    headers: incoming.headers,
    body,
  };
}

function writeStep(step: HttpStep, outgoing: ServerResponse): void {
  if (step === 'hang') return;
  if (step === 'drop') {
    outgoing.socket?.destroy();
    return;
  }
  outgoing.writeHead(step.status, step.headers);
  outgoing.end(step.body ?? '');
}
