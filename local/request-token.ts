export interface TokenRequest {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Space-separated; a client gets at most what it is allowed. */
  readonly scope: string;
  /** Audience (RFC 8707); absent means the client's usual one. */
  readonly resource?: string;
}

/** An access token by client credentials (RFC 6749 §4.4). Throws with the issuer's own words when it refuses. */
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
  const answer: unknown = await response.json();
  const token = readText(answer, 'access_token');
  if (token !== undefined) return token;
  const words = readText(answer, 'error_description') ?? readText(answer, 'error') ?? 'no reason given';
  throw new Error(`the issuer answered ${response.status}: ${words}`);
}

function readText(answer: unknown, key: string): string | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined;
  const value: unknown = Reflect.get(answer, key);
  return typeof value === 'string' ? value : undefined;
}
