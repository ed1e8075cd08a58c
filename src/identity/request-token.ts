import { z } from 'zod';
import { fetchBounded, readJson } from '../outbound/fetch-bounded.ts';

export interface ClientCredentials {
  readonly url: URL;
  readonly clientId: string;
  readonly clientSecret: string;
  /** How the secret is presented (RFC 6749 §2.3.1): an `Authorization` header (default), or in the form. */
  readonly secretIn?: 'header' | 'form';
  readonly audience?: string;
  /** RFC 8707. */
  readonly resource?: string;
  readonly scope?: string;
  readonly timeoutMs: number;
}

export type TokenGrant =
  | { readonly ok: true; readonly token: string; readonly lifeMs: number }
  | { readonly ok: false; readonly detail: string };

const responseBytesMax = 64 * 1024;
/** What is assumed when the issuer does not say (RFC 6749 §5.1 only recommends `expires_in`). */
const unsaidLifeSeconds = 60;

const grantSchema = z.object({
  access_token: z.string().regex(/^[\x21-\x7e]{1,8192}$/),
  token_type: z.string().regex(/^bearer$/i),
  expires_in: z.coerce.number().positive().default(unsaidLifeSeconds),
});

/**
 * Asks for a token by client credentials (RFC 6749 §4.4), once. Never throws; `detail` holds neither the
 * secret nor anything of a token.
 */
export async function requestToken(credentials: ClientCredentials): Promise<TokenGrant> {
  const { url, timeoutMs } = credentials;
  const request = buildRequest(credentials);
  const result = await fetchBounded({ url, method: 'POST', ...request, timeoutMs, responseBytesMax });
  if (result.kind === 'failed') return { ok: false, detail: result.detail };
  if (result.status !== 200) return { ok: false, detail: describeRefusal(result.status, result.text) };
  const parsed = grantSchema.safeParse(readJson(result.text));
  if (!parsed.success) return { ok: false, detail: 'answered with something that is not a bearer token' };
  return { ok: true, token: parsed.data.access_token, lifeMs: parsed.data.expires_in * 1000 };
}

function buildRequest(credentials: ClientCredentials): { headers: Record<string, string>; body: string } {
  const form = new URLSearchParams({ grant_type: 'client_credentials' });
  for (const name of ['audience', 'resource', 'scope'] as const) {
    const value = credentials[name];
    if (value !== undefined) form.set(name, value);
  }
  const headers: Record<string, string> = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
  };
  if (credentials.secretIn === 'form') {
    form.set('client_id', credentials.clientId);
    form.set('client_secret', credentials.clientSecret);
  } else {
    const pair = `${formEncode(credentials.clientId)}:${formEncode(credentials.clientSecret)}`;
    headers['authorization'] = `Basic ${Buffer.from(pair).toString('base64')}`;
  }
  return { headers, body: form.toString() };
}

/** RFC 6749 §2.3.1: id and secret are form-encoded before they go into the header. */
function formEncode(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1);
}

/** With the issuer's own error code (RFC 6749 §5.2) when it gave one that looks like a code; never its prose. */
function describeRefusal(status: number, body: string): string {
  const parsed = z.object({ error: z.string().regex(/^[a-z_]{1,40}$/) }).safeParse(readJson(body));
  const code = parsed.success ? ` (${parsed.data.error})` : '';
  const repair = status === 400 || status === 401 ? ': check client id, secret, audience and scope' : '';
  return `answered ${status}${code}${repair}`;
}
