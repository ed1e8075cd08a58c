import { requestToken } from '../identity/request-token.ts';
import { CommandError } from './exit-codes.ts';

export interface TokenSources {
  readonly tokenFile: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly readText: (path: string) => Promise<string>;
  readonly timeoutMs: number;
}

/** What to do without a token, or with one that has expired. */
export const howToGetToken = `Get one in one of these ways:
  - client credentials, renewed at each call: set M2M_TOKEN_URL, M2M_CLIENT_ID and M2M_CLIENT_SECRET (your issuer has them)
  - a token that you have: set AUTH_TOKEN, or give --token-file FILE
  - on this machine: start ./scripts/up, and ./scripts/acc brings a token of its own`;

/** What an operator needs. An issuer that grants less makes single commands end with 403. */
const operatorScopes = 'notify.send notify.read notify.admin';

/** The operator's access token: from `--token-file`, else `AUTH_TOKEN`, else by client credentials (`M2M_*`). */
export async function findToken(sources: TokenSources): Promise<string> {
  const { tokenFile, environment } = sources;
  if (tokenFile !== undefined) return requireToken(await readTokenFile(sources, tokenFile), tokenFile);
  const given = environment['AUTH_TOKEN']?.trim() ?? '';
  return given === '' ? await requestOwn(sources) : requireToken(given, 'AUTH_TOKEN');
}

async function readTokenFile({ readText }: TokenSources, path: string): Promise<string> {
  try {
    return (await readText(path)).trim();
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new CommandError('not-allowed', `There is no access token: ${detail}. ${howToGetToken}`);
  }
}

/** What a header can carry (RFC 6750 §2.1); anything else is another text, given by mistake. */
function requireToken(text: string, where: string): string {
  if (/^[\w.~+/-]+=*$/.test(text)) return text;
  throw new CommandError('not-allowed', `What ${where} holds is not an access token. ${howToGetToken}`);
}

async function requestOwn({ environment, timeoutMs }: TokenSources): Promise<string> {
  const url = environment['M2M_TOKEN_URL'];
  const clientId = environment['M2M_CLIENT_ID'];
  const clientSecret = environment['M2M_CLIENT_SECRET'];
  if (!isGiven(url) || !isGiven(clientId) || !isGiven(clientSecret)) {
    throw new CommandError('not-allowed', `There is no access token. ${howToGetToken}`);
  }
  const audience = environment['M2M_AUDIENCE'];
  const grant = await requestToken({
    url: new URL(url),
    clientId,
    clientSecret,
    scope: operatorScopes,
    ...(isGiven(audience) ? { audience } : {}),
    timeoutMs,
  });
  if (grant.ok) return grant.token;
  const message = `No access token could be had: the token endpoint ${grant.detail}.`;
  if (grant.detail.startsWith('answered')) throw new CommandError('not-allowed', message);
  throw new CommandError(
    'unreachable',
    `${message} What works without the issuer, and how to stop: docs/operations/issuer-down.md`,
  );
}

function isGiven(text: string | undefined): text is string {
  return text !== undefined && text.trim() !== '';
}
