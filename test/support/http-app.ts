import { once } from 'node:events';
import { connect } from 'node:net';
import { canonicalJson } from '../../src/domain/canonical-json.ts';
import type { ClientId, EventId } from '../../src/domain/ids.ts';
import { toEventId } from '../../src/domain/ids.ts';
import type { HttpOptions } from '../../src/http/create-http-app.ts';
import { createHttpApp } from '../../src/http/create-http-app.ts';
import { createHttpServer } from '../../src/http/create-http-server.ts';
import type { HttpServices, RequestLine } from '../../src/http/services.ts';
import type { Scope, TokenVerdict } from '../../src/identity/verify-token.ts';
import type { AcceptRequest, AcceptResult } from '../../src/ingest/accept-event.ts';
import { createPerform } from './operator-responses.ts';
import { someEventId, someMessageId } from './some-ids.ts';

/** An instant at which every test of the door happens. */
export const testNowMs = Date.parse('2026-11-20T09:30:00Z');
export { someEventId, someMessageId };

/** Ports kept in memory: plain implementations, so that the door is tested with nothing behind it. */
export function createTestServices(overrides: Partial<HttpServices> = {}) {
  const accepted: AcceptRequest[] = [];
  const lines: RequestLine[] = [];
  const services: HttpServices = {
    tokens: { verifyToken: async (token) => judgeTestToken(token) },
    catalog: testCatalog,
    acceptEvent: createMemoryAccept(accepted),
    perform: createPerform(),
    checkDependencies: async () => ({ store: well, store_durable: well, issuer: well }),
    latency: { p95Ms: () => 12.345 },
    onRequestEnd: (line) => lines.push(line),
    ...overrides,
  };
  return { services, accepted, lines };
}

const well = { ok: true, detail: 'ok' };

/** `welcome` (email) needs firstName; `deadline_approaching` (email, sms) needs student_id and deadline. */
export const testCatalog: HttpServices['catalog'] = {
  directoryIdField: 'student_id',
  checkDrafts: () => ({ data: [] }),
  types: () => ['deadline_approaching', 'welcome'],
  find: (type) => {
    if (type === 'welcome') return { channels: ['email'], notAfter: { kind: 'after', afterMs: 3_600_000 } };
    if (type !== 'deadline_approaching') return undefined;
    return { channels: ['email', 'sms'], notAfter: { kind: 'field', field: 'deadline' } };
  },
  checkData: (type, data) => {
    const fields = type === 'welcome' ? ['firstName'] : ['student_id', 'deadline'];
    const missing = fields.filter((field) => data[field] === undefined);
    const unknown = Object.keys(data).filter((field) => !fields.includes(field));
    return [
      ...missing.map((field) => ({ pointer: `/${field}`, detail: 'is required' })),
      ...unknown.map((field) => ({ pointer: `/${field}`, detail: 'is not a field of this event' })),
    ];
  },
};

/**
 * Tokens of the tests: scopes joined by `+` (`send+read`), perhaps after a client's name (`other:read`); the client is `tester`.
 * `unjudged` cannot be judged; anything else is rejected.
 */
function judgeTestToken(token: string): TokenVerdict {
  if (token === 'unjudged') return { kind: 'cannot-tell', detail: 'no keys' };
  const groups = /^(?:(?<client>\w+):)?(?<scopes>(?:send|read|admin)(?:\+(?:send|read|admin))*)$/.exec(
    token,
  )?.groups;
  if (groups === undefined)
    return { kind: 'rejected', reason: 'bad-signature', detail: 'the "signature" is not good' };
  const scopes = (groups['scopes'] ?? '').split('+').map((scope) => `notify.${scope}` as Scope);
  const clientId = (groups['client'] ?? 'tester') as ClientId;
  return { kind: 'verified', caller: { clientId, scopes: new Set(scopes), subject: clientId } };
}

function createMemoryAccept(accepted: AcceptRequest[]): HttpServices['acceptEvent'] {
  const first = new Map<string, { eventId: EventId; body: string }>();
  return async (request): Promise<AcceptResult> => {
    const key = JSON.stringify([request.client, request.idempotencyKey]);
    const body = canonicalJson(request.event);
    const known = first.get(key);
    if (known !== undefined && known.body !== body) return { kind: 'conflict', eventId: known.eventId };
    if (known !== undefined)
      return { kind: 'replayed', eventId: known.eventId, status: 'accepted', dryRun: true };
    const eventId = toEventId(0, String(first.size).padStart(24, '0'));
    first.set(key, { eventId, body });
    accepted.push(request);
    return { kind: 'accepted', eventId, status: 'accepted', dryRun: true };
  };
}

/** A served app with memory behind it. Stop it at the end of the test. */
export async function startTestApp(
  overrides: Partial<HttpServices> = {},
  options: Partial<HttpOptions> = {},
) {
  const parts = createTestServices(overrides);
  const app = createHttpApp(parts.services, {
    appBaseUrl: 'https://messages.example.com',
    programVersion: '0.0.0-test',
    nowMs: () => testNowMs,
    readMetrics: async () => ({ contentType: 'text/plain; version=0.0.4', body: 'up 1\n' }),
    ...options,
  });
  const server = createHttpServer(app, { host: '127.0.0.1', port: 0 });
  await server.start();
  return {
    ...parts,
    app,
    server,
    url: server.url,
    stop: (): Promise<void> => server.stop(2000),
    /** Posts JSON with a token; `token: ''` sends none. */
    post: (
      path: string,
      body: unknown,
      init: { token?: string; headers?: Record<string, string> } = {},
    ): Promise<Response> =>
      fetch(`${server.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...bearer(init.token ?? 'send'), ...init.headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    get: (path: string, token = 'read', method = 'GET'): Promise<Response> =>
      fetch(`${server.url}${path}`, { method, headers: bearer(token), redirect: 'manual' }),
  };
}

export type TestApp = Awaited<ReturnType<typeof startTestApp>>;

function bearer(token: string): Record<string, string> {
  return token === '' ? {} : { authorization: `Bearer ${token}` };
}

/**
 * Sends these bytes on a connection of their own and gives all that comes back until the server closes it.
 * `afterContinue`: what is sent once the server has asked for it (100).
 */
export async function sendRaw(
  url: string,
  bytes: string,
  { afterContinue }: { readonly afterContinue?: string } = {},
): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    if (afterContinue !== undefined && chunk.toString().startsWith('HTTP/1.1 100 '))
      socket.write(afterContinue);
  });
  socket.write(bytes);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString();
}

/** The members that tests look at; a member that an answer lacks is `undefined` at run time. */
export interface ResponseBody {
  readonly code: string;
  readonly status: string | number;
  readonly event_id: string;
  readonly errors: readonly { readonly pointer: string }[];
  readonly results: readonly { readonly status: string; readonly problem: unknown }[];
}

export async function readResponse(answer: Response): Promise<ResponseBody> {
  return (await answer.json()) as ResponseBody;
}
