import { createServer, type RequestListener } from 'node:http';
import type * as Oidc from 'oidc-provider';
import { generateKey, loadKeys, type PrivateKey, saveKeys } from './issuer-keys.ts';
import { listenOnLoopback } from './loopback.ts';

/** Life of every access token, in seconds: short, as the family's real issuer keeps it. */
export const tokenLifetimeSeconds = 300;

/** The two resource servers that tokens are issued for; each is the `aud` of its tokens. */
export const audiences = {
  api: 'https://auto-com-center.test',
  directory: 'https://directory.test',
} as const;

const scopesByAudience: Readonly<Record<string, string>> = {
  [audiences.api]: 'notify.send notify.read notify.admin',
  [audiences.directory]: 'directory.read',
};

export interface IssuerClient {
  readonly id: string;
  readonly secret: string;
  /** What this client may ask for; a token holds what was asked for and is allowed here. */
  readonly scopes: readonly string[];
  /** The audience of its tokens when the request names no `resource`. */
  readonly audience: string;
}

export interface IssuerOptions {
  /** 0 finds a free port. */
  readonly port: number;
  readonly host?: string;
  readonly clients: readonly IssuerClient[];
  /** Folder that keeps the signing keys, so that tokens outlive a restart. Without it the keys live in memory. */
  readonly keysDir?: string;
}

export interface Issuer {
  /** The `iss` of its tokens. */
  readonly url: string;
  readonly jwksUrl: string;
  readonly tokenUrl: string;
  /**
   * Signs with a new key from now on. The old keys stay published, as a careful issuer does it, unless
   * `dropOld` says that they were revoked.
   */
  rotateKeys(options?: { readonly dropOld?: boolean }): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts a real OpenID provider on loopback: discovery, JWKS, and a token endpoint that gives RS256 JWT access
 * tokens (RFC 9068) by client credentials and resource indicators (RFC 8707). Rejects when the port is taken.
 */
export async function startIssuer(options: IssuerOptions): Promise<Issuer> {
  let keys = await loadKeys(options.keysDir);
  let respond: RequestListener = respondNotReady;
  const server = createServer((request, response) => respond(request, response));
  const listening = await listenOnLoopback(server, options.port, options.host);
  const useKeys = async (next: readonly PrivateKey[]): Promise<void> => {
    keys = next;
    await saveKeys(keys, options.keysDir);
    respond = await buildProvider(listening.url, keys, options.clients);
  };
  await useKeys(keys);
  return {
    url: listening.url,
    jwksUrl: `${listening.url}/jwks`,
    tokenUrl: `${listening.url}/token`,
    rotateKeys: async ({ dropOld = false } = {}) => useKeys([await generateKey(), ...(dropOld ? [] : keys)]),
    stop: listening.stop,
  };
}

const respondNotReady: RequestListener = (_request, response) => response.writeHead(503).end();

async function buildProvider(
  url: string,
  keys: readonly PrivateKey[],
  clients: readonly IssuerClient[],
): Promise<RequestListener> {
  const { Provider } = await import('oidc-provider');
  const provider = new Provider(url, buildConfiguration(keys, clients));
  const callback = provider.callback();
  return (request, response) => void callback(request, response);
}

function buildConfiguration(
  keys: readonly PrivateKey[],
  clients: readonly IssuerClient[],
): Oidc.Configuration {
  const audienceOf = new Map(clients.map((client) => [client.id, client.audience]));
  const signingKid = keys[0]?.kid ?? '';
  return {
    clients: clients.map(toClientMetadata),
    jwks: { keys: keys.map((key) => ({ ...key })) },
    scopes: Object.values(scopesByAudience).flatMap((scopes) => scopes.split(' ')),
    clientAuthMethods: ['client_secret_basic', 'client_secret_post'],
    adapter: () => keepsNothing,
    ttl: { ClientCredentials: tokenLifetimeSeconds },
    cookies: { keys: ['no cookie is ever set: there are no people to log in'] },
    responseTypes: ['none'],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: (_context, client) => audienceOf.get(client.clientId),
        getResourceServerInfo: (_context, resource) => describeResource(resource, signingKid),
      },
    },
  };
}

function describeResource(audience: string, signingKid: string): Oidc.ResourceServer {
  return {
    audience,
    scope: scopesByAudience[audience] ?? '',
    accessTokenFormat: 'jwt',
    accessTokenTTL: tokenLifetimeSeconds,
    jwt: { sign: { alg: 'RS256', kid: signingKid } },
  };
}

function toClientMetadata(client: IssuerClient): Oidc.ClientMetadata {
  return {
    client_id: client.id,
    client_secret: client.secret,
    grant_types: ['client_credentials'],
    response_types: [],
    redirect_uris: [],
    scope: client.scopes.join(' '),
  };
}

/** JWT access tokens leave nothing behind on the issuer's side, so nothing needs keeping. */
const keepsNothing: Oidc.Adapter = {
  upsert: () => Promise.resolve(),
  find: () => Promise.resolve(),
  findByUserCode: () => Promise.resolve(),
  findByUid: () => Promise.resolve(),
  consume: () => Promise.resolve(),
  destroy: () => Promise.resolve(),
  revokeByGrantId: () => Promise.resolve(),
};
