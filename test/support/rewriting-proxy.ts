import { createServer, type IncomingMessage, type ServerResponse, request as sendOn } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { listenOnLoopback } from '../../local/loopback.ts';

/** What a proxy in front of a service may do to it. */
export interface Rewrite {
  /** Lower case; removed from every response. */
  readonly dropHeader?: string;
  /** How long requests of `path` wait before they go on. */
  readonly delayMs?: number;
  readonly path?: string;
}

export interface RewritingProxy {
  readonly url: string;
  close(): Promise<void>;
}

/** Passes every request on to `target` and its response back, changed as `rewrite` says. */
export async function startRewritingProxy(target: string, rewrite: Rewrite): Promise<RewritingProxy> {
  const server = createServer((incoming, response) => {
    void pass(incoming, response);
  });
  const pass = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (rewrite.delayMs !== undefined && incoming.url === rewrite.path) await delay(rewrite.delayMs);
    const { method, headers } = incoming;
    const outgoing = sendOn(`${target}${incoming.url ?? '/'}`, { method, headers }, (answer) => {
      const kept = Object.entries(answer.headers).filter(([name]) => name !== rewrite.dropHeader);
      response.writeHead(answer.statusCode ?? 502, Object.fromEntries(kept));
      answer.pipe(response);
    });
    outgoing.on('error', () => response.destroy());
    incoming.pipe(outgoing);
  };
  const { url, stop } = await listenOnLoopback(server, 0);
  return { url, close: stop };
}
