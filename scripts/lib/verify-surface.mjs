import { exchange } from './verify-http.mjs';
import { fail, judgeCanary, judgeHeaders, judgeP95, pass } from './verify-rules.mjs';

const samplesCount = 30;

/** GET and HEAD of the canary: contract v2.7, always 200 and JSON. */
export async function checkCanary(run) {
  const url = `${run.options.baseUrl}/canary`;
  const got = await exchange(run, { url });
  const fault = findFault('GET', got) ?? findFault('HEAD', await exchange(run, { url, method: 'HEAD' }));
  if (fault !== undefined) return fail(fault);
  const finding = judgeCanary(got.body, Date.now());
  if (finding.verdict !== 'pass') return finding;
  const said = got.body.app_base_url.replace(/\/+$/, '');
  return said === run.options.baseUrl ? finding : pass(`${finding.measured}; it calls itself ${said}`);
}

function findFault(method, { status, headers, fault }) {
  if (status !== 200) return `${method} ${fault ?? `answers ${status}`}`;
  return (headers['content-type'] ?? '').includes('json') ? undefined : `${method} is not JSON`;
}

/** The six headers on a good answer, on one that is not found and on one that is refused. */
export async function checkHeaders(run) {
  const { baseUrl } = run.options;
  const places = [
    ['canary', '/canary', 200],
    ['404', `/not-here-${run.id}`, 404],
    ['401', '/api/send/status', 401],
  ];
  const responses = [];
  for (const [what, path, status] of places) {
    const response = await exchange(run, { url: `${baseUrl}${path}` });
    if (response.status !== status)
      return fail(`GET ${path} answers ${response.status || response.fault}, not ${status}`);
    responses.push([what, response.headers]);
  }
  return judgeHeaders(responses);
}

/** Thirty canaries one after another over a warm connection: what the service takes, not the handshake. */
export async function measureP95(run) {
  const samplesMs = [];
  for (let number = 1; number <= samplesCount; number += 1) {
    const response = await exchange(run, { url: `${run.options.baseUrl}/canary` });
    if (response.status !== 200) return fail(`sample ${number} answers ${response.status || response.fault}`);
    samplesMs.push(response.ms);
  }
  return judgeP95(samplesMs, run.options.p95MaxMs);
}

/**
 * Without a token nothing is taken. The event is the very one that is posted with the token later: had this post left
 * anything behind, that one would be answered as a duplicate.
 */
export async function checkNoToken(run) {
  const response = await exchange(run, {
    url: `${run.options.baseUrl}/api/events`,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(run.events[0].body),
  });
  if (response.status === 0) return fail(response.fault);
  if (response.status !== 401)
    return fail(`POST /api/events without a token answers ${response.status}, not 401`);
  if (response.body?.event_id !== undefined || response.headers.location !== undefined)
    return fail('401, and yet the answer names an event');
  if (!/^bearer\b/i.test(response.headers['www-authenticate'] ?? ''))
    return fail('401 without a Bearer challenge');
  return pass(`401 (${response.body?.code}), with its challenge, no event named`);
}
