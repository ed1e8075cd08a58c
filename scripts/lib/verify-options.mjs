import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

export const help = `
usage: ./scripts/verify-production.sh --base-url URL [options]

  Proves a running auto_com_center, step by step. It posts two synthetic events only while the service says that
  nothing can leave, measures the kill switch, puts everything back, and writes evidence.

  --base-url URL      the service (or APP_BASE_URL)
  --token-file FILE   file with the access token (or AUTH_TOKEN; or client credentials: M2M_TOKEN_URL, M2M_CLIENT_ID,
                      M2M_CLIENT_SECRET, and if the issuer wants them M2M_AUDIENCE, M2M_SCOPE). The kill switch
                      needs notify.admin
  --jwks-url URL      the issuer's key set (or AUTH_JWKS_URL; or AUTH_ISSUER/.well-known/jwks.json)
  --student-id ID     look this person up in the directory, rather than name a reserved address in the event
  --wait SECONDS      longest that an event may take to its end (30)
  --p95-ms MS         most that 95 of 100 canaries may take (120)
  --out DIR           where the evidence goes (evidence)
  --json              print a summary as JSON on standard output; the progress goes to standard error
  --help              this

  exit 0 green    every step passed
       2 degraded something is pending (Gate 1: no keys or no token), or a step could not run
       1 red      a step failed
       64         this command line is not right        130 interrupted; what was made is taken back first
`.trim();

export class UsageError extends Error {}

/** What this run is to do. Throws `UsageError` with the repair. */
export function readOptions(argv, environment) {
  const values = parseStrictly(argv);
  if (values.help) return { isHelp: true };
  const given = (name) => {
    const text = environment[name]?.trim() ?? '';
    return text === '' ? undefined : text;
  };
  const issuer = given('AUTH_ISSUER')?.replace(/\/+$/, '');
  const baseUrl = values['base-url'] ?? given('APP_BASE_URL');
  if (baseUrl === undefined) throw new UsageError('Where is the service? Give --base-url URL.');
  const jwksUrl =
    values['jwks-url'] ?? given('AUTH_JWKS_URL') ?? (issuer && `${issuer}/.well-known/jwks.json`);
  return {
    isHelp: false,
    baseUrl: checkUrl(baseUrl, '--base-url').replace(/\/+$/, ''),
    jwksUrl: jwksUrl && checkUrl(jwksUrl, '--jwks-url'),
    token: readGivenToken(values['token-file'], given('AUTH_TOKEN')),
    credentials: readCredentials(given),
    studentId: values['student-id'],
    waitMs: readNumber(values.wait, '--wait', 3600) * 1000,
    p95MaxMs: readNumber(values['p95-ms'], '--p95-ms', 60_000),
    outDir: values.out,
    isJson: values.json,
  };
}

function parseStrictly(argv) {
  const text = { type: 'string' };
  const options = {
    'base-url': text,
    'token-file': text,
    'jwks-url': text,
    'student-id': text,
    wait: { ...text, default: '30' },
    'p95-ms': { ...text, default: '120' },
    out: { ...text, default: 'evidence' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  };
  try {
    return parseArgs({ args: argv, options, strict: true }).values;
  } catch (error) {
    throw new UsageError(`${error.message.split('. ')[0]}. All options: --help`);
  }
}

function readGivenToken(file, inEnvironment) {
  const token = file === undefined ? inEnvironment : readTokenFile(file);
  if (token === undefined) return undefined;
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new UsageError('The token is empty or has spaces in it: give the bare token, one line.');
  return { text: token, from: file === undefined ? 'AUTH_TOKEN' : '--token-file' };
}

function readTokenFile(file) {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new UsageError(`The token file cannot be read (${error.code}): ${file}`);
  }
}

function readCredentials(given) {
  const [tokenUrl, clientId, clientSecret] = ['M2M_TOKEN_URL', 'M2M_CLIENT_ID', 'M2M_CLIENT_SECRET'].map(
    given,
  );
  if (!tokenUrl || !clientId || !clientSecret) return undefined;
  return {
    tokenUrl: checkUrl(tokenUrl, 'M2M_TOKEN_URL'),
    clientId,
    clientSecret,
    audience: given('M2M_AUDIENCE'),
    scope: given('M2M_SCOPE') ?? 'notify.send notify.read notify.admin',
  };
}

function checkUrl(text, name) {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!['http:', 'https:'].includes(url?.protocol))
    throw new UsageError(`${name} is not an http(s) address.`);
  if (url.username !== '' || url.password !== '')
    throw new UsageError(`${name} has a password in it: give the address alone.`);
  return text;
}

function readNumber(text, name, max) {
  const number = Number(text);
  if (!(number > 0 && number <= max))
    throw new UsageError(`${name} "${text}" is not a number above 0 and up to ${max}.`);
  return number;
}
