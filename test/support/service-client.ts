import { randomBytes } from 'node:crypto';
import { audiences, type Issuer, type IssuerClient } from '../../local/issuer.ts';
import { fetchToken } from '../../local/request-token.ts';
import { waitFor } from './wait-for.ts';

/** A client of a running service, with tokens of its real issuer. */
export interface ServiceClient {
  /** A token of client `upstream` (send, read), `other` (send, read) or `operator` (all scopes). */
  token(client?: ClientName, scope?: string): Promise<string>;
  /** That many tokens of a client, all different and none of them returned before. */
  newTokens(client: ClientName, count: number): Promise<readonly string[]>;
  /** Drops the tokens that are cached, because their key was removed, say. */
  forgetTokens(): void;
  /** `fetch` on the API with a token (operator's unless given) and JSON. */
  call(path: string, init?: CallInit): Promise<ApiResponse>;
  /** Posts a flat event and resolves with its id; throws when it is not accepted. */
  post(event: Readonly<Record<string, unknown>>, key?: string): Promise<string>;
  /** Waits until every message of the event is in one of `states` and resolves with them. */
  waitForMessages(eventId: string, states: readonly string[], deadlineMs?: number): Promise<MessageItem[]>;
}

export type ClientName = 'upstream' | 'other' | 'operator' | 'misdirected';

export interface ApiResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

export interface CallInit {
  readonly method?: string;
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly token?: string | null;
}

export interface MessageItem {
  readonly message_id: string;
  readonly channel: string;
  readonly state: string;
  readonly reason?: string;
}

const clientScopes: Readonly<Record<ClientName, readonly string[]>> = {
  upstream: ['notify.send', 'notify.read'],
  other: ['notify.send', 'notify.read'],
  operator: ['notify.send', 'notify.read', 'notify.admin'],
  /** Its tokens are of our issuer, and for another audience. */
  misdirected: ['directory.read'],
};
/** The secret of each of them. */
export const issuerSecret = randomBytes(24).toString('hex');

/** The clients as the issuer is to know them. */
export const issuerClients: readonly IssuerClient[] = (Object.keys(clientScopes) as ClientName[]).map(
  (id) => ({
    id,
    secret: issuerSecret,
    scopes: [...clientScopes[id]],
    audience: id === 'misdirected' ? audiences.directory : audiences.api,
  }),
);

export function createServiceClient(url: string, issuer: Issuer): ServiceClient {
  const { token, newTokens, forgetTokens } = createTokenSource(issuer);
  const call: ServiceClient['call'] = async (path, init = {}) => {
    const bearer = init.token === undefined ? await token() : init.token;
    return await fetchJson(`${url}${path}`, init, bearer);
  };
  return {
    token,
    newTokens,
    forgetTokens,
    call,
    post: async (event, key = randomBytes(12).toString('hex')) => {
      const answer = await call('/api/events', { json: { idempotency_key: key, ...event } });
      if (answer.status === 202) return String(answer.body['event_id']);
      throw new Error(`POST /api/events answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    },
    waitForMessages: (eventId, states, deadlineMs = 20_000) =>
      waitFor(
        `messages of ${eventId} in ${states.join('|')}`,
        async () => ((await call(`/api/events/${eventId}`)).body['messages'] ?? []) as MessageItem[],
        (messages) => messages.length > 0 && messages.every(({ state }) => states.includes(state)),
        { deadlineMs, everyMs: 20 },
      ),
  };
}

function createTokenSource(issuer: Issuer): Pick<ServiceClient, 'token' | 'newTokens' | 'forgetTokens'> {
  const kept = new Map<string, { token: string; until: number }>();
  const request = (client: ClientName, scope = clientScopes[client].join(' ')): Promise<string> =>
    fetchToken({ tokenUrl: issuer.tokenUrl, clientId: client, clientSecret: issuerSecret, scope });
  return {
    token: async (client = 'operator', scope = clientScopes[client].join(' ')) => {
      const known = kept.get(`${client} ${scope}`);
      if (known !== undefined && known.until > Date.now()) return known.token;
      const token = await request(client, scope);
      kept.set(`${client} ${scope}`, { token, until: Date.now() + 120_000 });
      return token;
    },
    newTokens: (client, count) => Promise.all(Array.from({ length: count }, () => request(client))),
    forgetTokens: () => kept.clear(),
  };
}

async function fetchJson(url: string, init: CallInit, bearer: string | null): Promise<ApiResponse> {
  const { json } = init;
  const response = await fetch(url, {
    method: init.method ?? (json === undefined ? 'GET' : 'POST'),
    headers: {
      ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      ...init.headers,
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
  const text = await response.text();
  const isJson = (response.headers.get('content-type') ?? '').includes('json') && text !== '';
  const body = (isJson ? JSON.parse(text) : { text }) as Record<string, unknown>;
  return { status: response.status, headers: response.headers, body };
}
