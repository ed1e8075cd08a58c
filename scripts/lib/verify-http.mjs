import { blocked, fail, pendingGate1 } from './verify-rules.mjs';

const timeoutMs = 15_000;
const bytesMax = 2 * 1024 * 1024;

/** The step ends here, with this finding. */
export class StepEnd extends Error {
  constructor(finding) {
    super(finding.measured);
    this.finding = finding;
  }
}

/**
 * One HTTP exchange, bounded in time and size. Redirects are never followed: the token is for this address only.
 * `status` 0 means that no answer came, and `fault` says why; only an interruption ends the step from here.
 * `isPrivate` keeps bodies out of the evidence.
 */
export async function exchange(run, request) {
  const begun = performance.now();
  const response = await fetchWhole({ signal: run.signal, ...request });
  const whole = { ...response, body: readJson(response.text), ms: performance.now() - begun };
  run.record(describeExchange(request, whole));
  return whole;
}

/** For the evidence. No header that was sent is in it, so no token either. */
function describeExchange({ url, method = 'GET', body: sent, isPrivate = false }, response) {
  const { status, fault, headers, text, body, ms } = response;
  return {
    at: new Date().toISOString(),
    method,
    url,
    sent: sent === undefined || isPrivate ? undefined : (readJson(sent) ?? sent),
    status,
    ms: Math.round(ms * 10) / 10,
    fault,
    headers,
    answer: isPrivate ? undefined : (body ?? text),
  };
}

async function fetchWhole({ url, method = 'GET', headers = {}, body, signal }) {
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      method,
      headers,
      redirect: 'manual',
      signal: AbortSignal.any([deadline, signal]),
      ...(body === undefined ? {} : { body }),
    });
    const text = await readText(response);
    return { status: response.status, headers: Object.fromEntries(response.headers), text };
  } catch (error) {
    if (signal.aborted) throw new StepEnd(blocked('interrupted'));
    const fault = deadline.aborted ? `no answer within ${timeoutMs / 1000} s` : describeFailure(error);
    return { status: 0, headers: {}, text: '', fault };
  }
}

/** undici says "fetch failed" and keeps the reason in `cause`. */
function describeFailure({ cause, message }) {
  return `could not be reached (${cause?.code ?? cause?.message ?? message})`;
}

async function readText(response) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) throw new Error(`answered with more than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Calls the service with the token. What a missing token or scope makes impossible is `blocked`, not failed. */
export async function callService(run, path, { method = 'GET', json, signal = run.signal } = {}) {
  if (run.token === undefined) throw new StepEnd(blocked('there is no token'));
  return await exchange(run, {
    url: `${run.options.baseUrl}${path}`,
    method,
    signal,
    headers: {
      authorization: `Bearer ${run.token}`,
      accept: 'application/json',
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
}

/** The body of a good answer; ends the step for any other. */
export async function needService(run, path, init) {
  const response = await callService(run, path, init);
  if (response.status >= 200 && response.status < 300 && response.body !== undefined) return response;
  throw new StepEnd(judgeRefusal(response));
}

/** What an answer that is not a good one means for the step that needed it. */
export function judgeRefusal({ status, fault, body, headers }) {
  const code = typeof body?.code === 'string' ? body.code : 'no reason given';
  if (status === 0) return fail(fault);
  if (status === 401) return fail(`401 (${code}): the service does not take this token`);
  if (status === 403) return blocked('403: the token lacks the scope for this');
  if (code === 'keys-unavailable') return pendingGate1('503: the service has no keys to judge the token');
  if (code === 'ingestion-paused') return blocked('503: the intake is paused');
  return fail(`${status} (${code})${headers?.location === undefined ? '' : ', a redirect'}`);
}

function readJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
