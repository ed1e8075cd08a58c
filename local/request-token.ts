export interface TokenRequest {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Space-separated; a client gets at most what it is allowed. */
  readonly scope: string;
  /** Audience (RFC 8707); absent means the client's usual one. */
  readonly resource?: string;
}

/** An access token by client credentials (RFC 6749 §4.4). Throws with the issuer's error description when it refuses. */
export async function fetchToken(request: TokenRequest): Promise<string> {
  const form = new URLSearchParams({ grant_type: 'client_credentials', scope: request.scope });
  if (request.resource !== undefined) form.set('resource', request.resource);
  const credentials = `${encodeURIComponent(request.clientId)}:${encodeURIComponent(request.clientSecret)}`;
  const response = await fetch(request.tokenUrl, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` },
    body: form,
    signal: AbortSignal.timeout(10_000),
  });
  const body: unknown = await response.json();
  const token = readText(body, 'access_token');
  if (token !== undefined) return token;
  const reason = readText(body, 'error_description') ?? readText(body, 'error') ?? 'no reason given';
  throw new Error(`the issuer answered ${response.status}: ${reason}`);
}

function readText(body: unknown, key: string): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const value: unknown = Reflect.get(body, key);
  return typeof value === 'string' ? value : undefined;
}
