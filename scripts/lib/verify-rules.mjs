/**
 * The pure rules of verify-production: what was seen goes in, a verdict comes out. No I/O, no clock.
 *
 * A finding is `{ verdict, measured, gate1? }`: `pass`; `fail`; `degraded` (it works, but not as it should);
 * `blocked` (it could not be tried, which is never a pass). `gate1` marks what only waits for the issuer.
 */

export const canaryKeys = [
  'app',
  'app_base_url',
  'version',
  'status',
  'p95_ms',
  'security_headers',
  'dependencies_ok',
  'timestamp',
];

export const headerNames = [
  'strict-transport-security',
  'content-security-policy',
  'x-frame-options',
  'x-content-type-options',
  'referrer-policy',
  'permissions-policy',
];

const clockSkewMaxMs = 5 * 60_000;

export const pass = (measured) => ({ verdict: 'pass', measured });
export const fail = (measured) => ({ verdict: 'fail', measured });
export const degraded = (measured) => ({ verdict: 'degraded', measured });
export const blocked = (measured) => ({ verdict: 'blocked', measured });
export const pendingGate1 = (measured) => ({
  verdict: 'degraded',
  measured: `${measured} – pending Gate 1`,
  gate1: true,
});

/** The body of the canary: exactly eight keys in their order, each with a value that can be true (CAN-1). */
export function judgeCanary(body, nowMs) {
  if (!isObject(body)) return fail('the body is not a JSON object');
  const keys = Object.keys(body);
  if (keys.join() !== canaryKeys.join()) return fail(`keys are ${keys.join(', ') || 'none'}`);
  const faults = canaryChecks
    .filter(({ isGood }) => !isGood(body, nowMs))
    .map(({ key }) => `${key} is ${JSON.stringify(body[key])}`);
  if (faults.length > 0) return fail(faults.join('; '));
  if (body.status === 'degraded') return degraded('eight keys in order; the service says: degraded');
  return pass('eight keys in order, status ok');
}

const canaryChecks = [
  { key: 'app', isGood: ({ app }) => app === 'auto_com_center' },
  { key: 'app_base_url', isGood: (body) => /^https?:\/\//.test(body.app_base_url) },
  { key: 'version', isGood: ({ version }) => version === 'v2.7' },
  {
    key: 'status',
    isGood: ({ status, dependencies_ok: ok }) => status === 'degraded' || (status === 'ok' && ok === true),
  },
  { key: 'p95_ms', isGood: (body) => typeof body.p95_ms === 'number' && body.p95_ms >= 0 },
  { key: 'security_headers', isGood: (body) => isHeaderReport(body.security_headers) },
  { key: 'dependencies_ok', isGood: (body) => typeof body.dependencies_ok === 'boolean' },
  {
    key: 'timestamp',
    isGood: ({ timestamp }, nowMs) => Math.abs(Date.parse(timestamp) - nowMs) <= clockSkewMaxMs,
  },
];

/** All six present, in their order, and none missing. */
function isHeaderReport(said) {
  return JSON.stringify(said) === JSON.stringify({ present: headerNames, missing: [] });
}

/** All six headers on every one of `responses`, rows of `[what, headers]`. An empty header is a missing one. */
export function judgeHeaders(responses) {
  const faults = responses
    .map(([what, headers]) => [what, headerNames.filter((name) => (headers[name] ?? '').trim() === '')])
    .filter(([, missing]) => missing.length > 0);
  if (faults.length === 0) return pass(`all six on ${responses.map(([what]) => what).join(', ')}`);
  return fail(faults.map(([what, missing]) => `${what} lacks ${missing.join(', ')}`).join('; '));
}

/** Row 29 of 30 sorted samples: the nearest rank of the 95th percentile. */
export function pickP95(samplesMs) {
  const sorted = [...samplesMs].sort((one, other) => one - other);
  return sorted[Math.ceil(sorted.length * 0.95) - 1];
}

export function judgeP95(samplesMs, maxMs) {
  const p95Ms = pickP95(samplesMs);
  const measured = `${p95Ms.toFixed(1)} ms, row 29 of ${samplesMs.length}; at most ${maxMs} ms`;
  return p95Ms <= maxMs ? pass(measured) : fail(measured);
}

/** A key set that a verifier can use. A private key in it is the one thing that is worse than none. */
export function judgeKeys(body) {
  const keys = Array.isArray(body?.keys) ? body.keys.filter(isObject) : [];
  if (keys.some((key) => 'd' in key || key.kty === 'oct'))
    return fail('the key set publishes a private key: replace that key now');
  const usable = keys.filter(isUsable);
  if (usable.length === 0) return pendingGate1(`no usable key among ${keys.length}`);
  return pass(`${usable.length} usable: ${usable.map(nameKey).join(', ')}`);
}

function isUsable(key) {
  if (key.use === 'enc' || typeof key.kid !== 'string') return false;
  if (key.kty === 'RSA') return countBits(key.n) >= 2048;
  return (key.kty === 'EC' && key.crv === 'P-256') || (key.kty === 'OKP' && key.crv === 'Ed25519');
}

function nameKey({ kty, crv, n }) {
  return kty === 'RSA' ? `RSA ${countBits(n)}` : `${kty} ${crv}`;
}

function countBits(base64url) {
  return typeof base64url === 'string' ? Buffer.from(base64url, 'base64url').length * 8 : 0;
}

/** What may be told of a token: never the token. `undefined` when it is not a JWT. */
export function readToken(token) {
  const [head, claims] = token.split('.', 2).map(decodeJson);
  if (!isObject(head) || !isObject(claims)) return undefined;
  const lifeSeconds = claims.exp - (claims.iat ?? claims.nbf);
  return { alg: head.alg, kid: head.kid, exp: claims.exp, lifeSeconds, scopes: listScopes(claims) };
}

/** A short-lived token of an asymmetric algorithm, signed with a key that the issuer publishes. */
export function judgeToken(facts, nowMs, publishedKids) {
  if (facts === undefined) return fail('it is not a JWT');
  const { alg, kid, exp, lifeSeconds, scopes } = facts;
  if (!['RS256', 'ES256', 'EdDSA'].includes(alg)) return fail(`alg ${alg} is not one of RS256, ES256, EdDSA`);
  if (!(lifeSeconds > 0 && lifeSeconds <= 24 * 3600))
    return fail(
      `its lifetime is ${Number.isFinite(lifeSeconds) ? `${lifeSeconds} s` : 'not said'}; at most 24 h`,
    );
  const leftSeconds = Math.round(exp - nowMs / 1000);
  if (leftSeconds <= 0) return fail(`it expired ${-leftSeconds} s ago`);
  if (publishedKids !== undefined && !publishedKids.includes(kid))
    return fail('it is signed with a key that the key set does not publish');
  return pass(
    `${alg}, lives ${lifeSeconds} s, ${leftSeconds} s left, scopes: ${scopes.join(' ') || 'none said'}`,
  );
}

function listScopes(claims) {
  return [claims.scope, claims.scp, claims.permissions, claims.roles, claims.role]
    .flat()
    .filter((one) => typeof one === 'string')
    .flatMap((text) => text.split(' '));
}

function decodeJson(part) {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Only while stopped or rehearsing may anything be posted, and the word of the service is needed for it. */
export function judgeSendStatus(status) {
  if (status?.dry_run === true) {
    const why = status.reason ?? `APP_MODE is ${status.app_mode}`;
    return pass(`nothing leaves: ${why}`);
  }
  if (status?.dry_run === false) return fail(`dry_run is false: it would really send. ${howToStop}`);
  return fail('it does not say whether it would send');
}

export const howToStop =
  'Stop it first: acc stop "verification" (or set DISABLE_SEND=true), then run this again';

const leavingStates = ['claimed', 'sent', 'retrying', 'unknown'];
const keptStates = ['held', 'rehearsed'];
const badEnds = ['dead', 'rejected', 'suppressed', 'expired', 'cancelled', 'discarded'];

/** The end of a synthetic event. `undefined`: not yet. Anything that may have left is a failure, whatever else. */
export function judgeEnding(event) {
  const messages = event.messages ?? [];
  const leaving = messages.find(({ state }) => leavingStates.includes(state));
  if (leaving !== undefined)
    return fail(`a message is ${leaving.state}: it was on its way to a provider. ${howToStop}`);
  if (event.state === 'quarantined')
    return pendingGate1('quarantined: the service has no keys to judge the token');
  const bad = [event, ...messages].find(({ state }) => badEnds.includes(state));
  if (bad !== undefined) return fail(`${bad === event ? 'the event' : 'a message'} ended ${describe(bad)}`);
  if (messages.length === 0 || !messages.every(({ state }) => keptStates.includes(state))) return undefined;
  return pass(messages.map((one) => `${one.channel} ${describe(one)}`).join(', '));
}

const describe = ({ state, reason }) => (reason === undefined ? state : `${state} (${reason})`);

/** The limit of messages a minute, as the service itself shows it. */
export function judgeThrottle(flags) {
  const isOn = flags?.RATE_LIMIT_ENABLED?.value;
  const perMinute = flags?.RATE_LIMIT_PER_MINUTE?.value;
  if (isOn === undefined || perMinute === undefined) return fail('its limits are not shown');
  if (isOn !== true) return fail('RATE_LIMIT_ENABLED is off');
  return perMinute > 0
    ? pass(`at most ${perMinute} messages a minute`)
    : fail(`RATE_LIMIT_PER_MINUTE is ${perMinute}`);
}

export function judgeQueue(status) {
  const queues = Object.entries(isObject(status?.queues) ? status.queues : {});
  if (queues.length === 0) return fail('the answer names no queue');
  const depths = queues.map(([name, { waiting, oldest_age_ms: age }]) =>
    waiting > 0 ? `${name} ${waiting}, oldest ${Math.round(age / 1000)} s` : `${name} 0`,
  );
  const measured = `${depths.join('; ')}; dead letters ${status.dead_letters}`;
  const paused = [
    ...(status.consumers_paused === true ? ['workers are paused'] : []),
    ...(status.ingestion_paused === true ? ['the intake is paused'] : []),
  ];
  return paused.length === 0 ? pass(measured) : degraded(`${paused.join(', ')}; ${measured}`);
}

export function judgeProviders(health) {
  const providers = Array.isArray(health?.providers) ? health.providers : [];
  if (providers.length === 0) return degraded('no provider is configured');
  const measured = providers
    .map(({ provider, status, latency_ms: ms }) => `${provider} ${status} ${Math.round(ms)} ms`)
    .join(', ');
  return health.ok === true ? pass(measured) : fail(measured);
}

/** Red if anything failed; else degraded if anything was degraded or could not run; else green. */
export function concludeRun(steps) {
  const count = (verdict) => steps.filter((step) => step.verdict === verdict).length;
  if (count('fail') > 0) return { verdict: 'red', exitCode: 1, words: `red – ${count('fail')} failed` };
  const { length: open } = steps.filter(({ verdict }) => verdict === 'degraded' || verdict === 'blocked');
  if (open === 0) return { verdict: 'green', exitCode: 0, words: `green – ${steps.length} steps passed` };
  const why = steps.some(({ gate1 }) => gate1)
    ? 'pending Gate 1'
    : [`${count('degraded')} degraded`, `${count('blocked')} could not run`]
        .filter((text) => !text.startsWith('0 '))
        .join(', ');
  return { verdict: 'degraded', exitCode: 2, words: `degraded – ${why}` };
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
