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
  const answers = [];
  for (const [what, path, status] of places) {
    const answer = await exchange(run, { url: `${baseUrl}${path}` });
    if (answer.status !== status)
      return fail(`GET ${path} answers ${answer.status || answer.fault}, not ${status}`);
    answers.push([what, answer.headers]);
  }
  return judgeHeaders(answers);
}

/** Thirty canaries one after another over a warm connection: what the service takes, not the handshake. */
export async function measureP95(run) {
  const samplesMs = [];
  for (let number = 1; number <= samplesCount; number += 1) {
    const answer = await exchange(run, { url: `${run.options.baseUrl}/canary` });
    if (answer.status !== 200) return fail(`sample ${number} answers ${answer.status || answer.fault}`);
    samplesMs.push(answer.ms);
  }
  return judgeP95(samplesMs, run.options.p95MaxMs);
}

/**
 * Without a token nothing is taken. The event is the very one that is posted with the token later: had this post left
 * anything behind, that one would be answered as a duplicate.
 */
export async function checkNoToken(run) {
  const answer = await exchange(run, {
    url: `${run.options.baseUrl}/api/events`,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(run.events[0].body),
  });
  if (answer.status === 0) return fail(answer.fault);
  if (answer.status !== 401)
    return fail(`POST /api/events without a token answers ${answer.status}, not 401`);
  if (answer.body?.event_id !== undefined || answer.headers.location !== undefined)
    return fail('401, and yet the answer names an event');
  if (!/^bearer\b/i.test(answer.headers['www-authenticate'] ?? ''))
    return fail('401 without a Bearer challenge');
  return pass(`401 (${answer.body?.code}), with its challenge, no event named`);
}
