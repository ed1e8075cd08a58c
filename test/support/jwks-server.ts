import type { ServerResponse } from 'node:http';
import { respondJson, startStubServer } from './stub-server.ts';

/** How the key document is served. `held`: not before `releaseHeld` is called. */
export type JwksMode = 'keys' | 'error' | 'html' | 'huge' | 'redirect' | 'hang' | 'held';

export interface JwksServer {
  readonly jwksUrl: string;
  fetchCount(): number;
  setKeys(keys: readonly object[]): void;
  /** Serves this text as it is. */
  setBody(text: string): void;
  setMode(mode: JwksMode): void;
  /** Responds to every held request with the keys that were there when it came in. */
  releaseHeld(): void;
  close(): Promise<void>;
}

const hugeBytes = 10 * 1024 * 1024;

/** An issuer's key endpoint that rotates, fails and misbehaves on command, and counts the fetches. */
export async function startJwksServer(keys: readonly object[]): Promise<JwksServer> {
  const server = await startStubServer();
  let served = keys;
  let body: string | undefined;
  let mode: JwksMode = 'keys';
  let held: (() => void)[] = [];
  server.respondWith((response, { path }) => {
    const answerKeys =
      body === undefined
        ? respondJson(200, { keys: served })
        : (res: ServerResponse) => void res.writeHead(200, { 'content-type': 'application/json' }).end(body);
    if (path === '/elsewhere' || mode === 'keys') return answerKeys(response);
    if (mode === 'held') return void held.push(() => answerKeys(response));
    if (mode === 'hang') return undefined;
    if (mode === 'redirect') return void response.writeHead(302, { location: '/elsewhere' }).end();
    if (mode === 'error') return void response.writeHead(500).end('out of order');
    if (mode === 'html') {
      return void response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Sign in</h1>');
    }
    // Well-formed and far too large: only a size limit can refuse it.
    return respondJson(200, { keys: served, padding: 'x'.repeat(hugeBytes) })(response);
  });
  return {
    jwksUrl: `${server.url}/jwks`,
    fetchCount: () => server.seen.length,
    setKeys: (next) => {
      served = next;
    },
    setBody: (text) => {
      body = text;
    },
    setMode: (next) => {
      mode = next;
    },
    releaseHeld: () => {
      const answers = held;
      held = [];
      for (const answer of answers) answer();
    },
    close: async () => server.close(),
  };
}
