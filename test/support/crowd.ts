import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { importJWK, SignJWT } from 'jose';
import { audiences, type Issuer } from '../../local/issuer.ts';
import { loadKeys } from '../../local/issuer-keys.ts';

/** Many careless clients of a service, on plain sockets and with plain requests. */
export interface Crowd {
  /** A connection that sends `bytes` and then nothing, and reads nothing unless `reads`. */
  connect(bytes: string, options?: { readonly reads?: boolean }): Promise<Socket>;
  /** One request on a shared connection; its status, or 0 when there was none. */
  ask(path: string, options?: AskOptions): Promise<number>;
  /** Does `act` again and again, `atOnce` at a time with a short pause between, until `stop`. */
  flood(atOnce: number, act: (turn: number) => Promise<unknown>): void;
  /** Ends all loops and connections. */
  stop(): Promise<void>;
}

/** Leaves the service under test some processor time on a small machine. */
const betweenMs = 10;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export interface AskOptions {
  readonly method?: string;
  readonly token?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly agent?: Agent;
}

export function createCrowd(url: string): Crowd {
  const { hostname, port } = new URL(url);
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const sockets = new Set<Socket>();
  const loops: Promise<void>[] = [];
  const end = new AbortController();
  return {
    connect: async (bytes, { reads = false } = {}) => {
      const socket = connect(Number(port), hostname);
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => sockets.delete(socket));
      await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
      if (reads) socket.resume();
      else socket.pause();
      if (bytes !== '') socket.write(bytes);
      return socket;
    },
    ask: (path, options = {}) => askOnce(`${url}${path}`, { agent, ...options }),
    flood: (atOnce, act) => {
      for (let loop = 0; loop < atOnce; loop += 1)
        loops.push(
          (async () => {
            for (let turn = loop; !end.signal.aborted; turn += atOnce) {
              await act(turn);
              await sleep(betweenMs);
            }
          })(),
        );
    },
    stop: async () => {
      end.abort();
      await Promise.all(loops);
      for (const socket of sockets) socket.destroy();
      agent.destroy();
    },
  };
}

function askOnce(url: string, { method, token, body, headers, agent }: AskOptions): Promise<number> {
  return new Promise((resolve) => {
    const asked = request(
      url,
      {
        method: method ?? (body === undefined ? 'GET' : 'POST'),
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(agent === undefined ? {} : { agent }),
      },
      (answer) => {
        answer.resume();
        answer.once('end', () => resolve(answer.statusCode ?? 0));
        answer.once('error', () => resolve(0));
      },
    );
    asked.once('error', () => resolve(0));
    asked.end(body);
  });
}

/** A token signed with the issuer's own key, with any claims: for what the issuer itself would not issue. */
export async function signWithIssuerKeys(
  issuer: Issuer,
  keysDir: string,
  claims: Readonly<Record<string, unknown>>,
): Promise<string> {
  const [key] = await loadKeys(keysDir);
  if (key === undefined) throw new Error(`no key in ${keysDir}`);
  const iat = Math.floor(Date.now() / 1_000);
  return await new SignJWT({
    iss: issuer.url,
    aud: audiences.api,
    iat,
    exp: iat + 300,
    jti: crypto.randomUUID(),
    ...claims,
  })
    .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: key.kid })
    .sign(await importJWK(key, 'RS256'));
}

/** Resident memory of a process, in MB. */
export function readResidentMb(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;
}
