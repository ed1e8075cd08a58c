import { exchange } from './verify-http.mjs';
import { blocked, judgeKeys, judgeToken, pass, pendingGate1, readToken } from './verify-rules.mjs';

/** The issuer's key set, as any verifier sees it. */
export async function checkKeys(run) {
  const { jwksUrl } = run.options;
  if (jwksUrl === undefined) return blocked('no address: give --jwks-url, or set AUTH_JWKS_URL');
  const response = await exchange(run, { url: jwksUrl, headers: { accept: 'application/json' } });
  if (response.status !== 200)
    return pendingGate1(`the key set ${response.fault ?? `answers ${response.status}`}`);
  const finding = judgeKeys(response.body);
  if (finding.verdict === 'pass') run.publishedKids = response.body.keys.map(({ kid }) => kid);
  return { ...finding, measured: `${finding.measured} (${Math.round(response.ms)} ms)` };
}

/**
 * A machine token, by client credentials if they are given. Its text never leaves this process; only its algorithm,
 * lifetime and scopes are told. A token that was given takes part in the later steps in place of the requested one.
 */
export async function obtainToken(run) {
  const { token, credentials } = run.options;
  if (token === undefined && credentials === undefined)
    return blocked(
      'none given: --token-file FILE, AUTH_TOKEN, or M2M_TOKEN_URL, M2M_CLIENT_ID, M2M_CLIENT_SECRET',
    );
  const given = token === undefined ? undefined : judge(run, token.text, `given by ${token.from}`);
  if (given?.verdict === 'pass') run.useToken(token.text);
  if (credentials === undefined || (given !== undefined && given.verdict !== 'pass')) return given;
  return await requestToken(run, credentials);
}

async function requestToken(run, { tokenUrl, clientId, clientSecret, audience, scope }) {
  const pair = [clientId, clientSecret].map(formEncode).join(':');
  const form = { grant_type: 'client_credentials', scope, ...(audience === undefined ? {} : { audience }) };
  const response = await exchange(run, {
    url: tokenUrl,
    method: 'POST',
    headers: {
      accept: 'application/json',
      authorization: `Basic ${Buffer.from(pair).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams(form).toString(),
    isPrivate: true,
  });
  const text = response.body?.access_token;
  if (response.status !== 200 || typeof text !== 'string') return pendingGate1(describeRefusal(response));
  run.keepSecret(text);
  const finding = judge(run, text, `obtained in ${Math.round(response.ms)} ms`);
  if (finding.verdict === 'pass') run.useToken(run.token ?? text);
  return finding;
}

function judge(run, text, origin) {
  const facts = readToken(text);
  const finding = judgeToken(facts, Date.now(), run.publishedKids);
  run.record({ token: origin, ...facts });
  return finding.verdict === 'pass' ? pass(`${origin}: ${finding.measured}`) : finding;
}

/** The issuer's error word (RFC 6749 §5.2); never its prose, which may repeat what was sent. */
function describeRefusal({ status, fault, body }) {
  if (fault !== undefined) return `the token endpoint ${fault}`;
  const word = /^[a-z_]{1,40}$/.test(body?.error) ? ` (${body.error})` : '';
  return `the token endpoint answers ${status}${word}`;
}

/** RFC 6749 §2.3.1: id and secret are form-encoded before they go into the header. */
function formEncode(text) {
  return new URLSearchParams({ '': text }).toString().slice(1);
}
