import { setTimeout as delay } from 'node:timers/promises';
import { callService, judgeRefusal, needService, StepEnd } from './verify-http.mjs';
import { requireSafe } from './verify-journey.mjs';
import { blocked, fail, pass } from './verify-rules.mjs';

/** The rule of the family: effective within a minute. */
const quiescedMaxMs = 60_000;
const addition = ' (pressed again by a verification)';

/**
 * Presses the kill switch on a system from which nothing leaves anyway, measures the time to `quiesced`, and puts the
 * switch back as it was. One that was off stays off and keeps the words of who pressed it. One that was on is turned
 * on again only with the epoch of our own stop: if anybody else touched it meanwhile, it stays off.
 */
export async function measureKillSwitch(run) {
  const safe = await tryStep(() => requireSafe(run));
  if (safe !== undefined) return safe.verdict === 'fail' ? blocked(`not pressed: ${safe.measured}`) : safe;
  const before = await readSwitch(run);
  const reason = before.isOn
    ? `verification ${run.id}: measures the kill switch`
    : `${before.reason.replace(addition, '').slice(0, 440)}${addition}`;
  const begun = performance.now();
  const response = await callService(run, '/api/control/send', {
    method: 'PUT',
    json: { enabled: false, scope: 'all', reason, wait_ms: 3_000 },
    signal: ownSignal(),
  });
  if (response.status === 403) return blocked('403: the token lacks notify.admin');
  if (response.status !== 200) return await restoreAfterDoubt(run, before, judgeRefusal(response));
  const finding = await measureQuiet(run, response.body, begun);
  return await restore(run, before, { epoch: response.body.epoch, finding });
}

/** Never throws: what comes after it has to come. */
async function measureQuiet(run, stop, begun) {
  try {
    let { state } = stop;
    while (state === 'stopping' && performance.now() - begun < quiescedMaxMs) {
      await delay(50);
      ({ state } = (await needService(run, '/api/control/send', { signal: ownSignal() })).body);
    }
    const words = `${state} ${(performance.now() - begun).toFixed(1)} ms after the request`;
    const measured = `${words} (acknowledged in ${stop.stop_ms} ms, ${stop.in_flight_at_stop} in flight)`;
    return state === 'quiesced' ? pass(measured) : fail(measured);
  } catch (error) {
    return error instanceof StepEnd ? error.finding : fail(error.message);
  }
}

async function readSwitch(run) {
  const { body } = await needService(run, '/api/control', { signal: ownSignal() });
  const send = body.flags?.send;
  return {
    isOn: send?.value === 'on',
    until: send?.until,
    epoch: body.epoch,
    reason: send?.changed?.reason ?? 'stopped',
  };
}

/** Puts the switch back and adds to the finding how that went; a good finding does not outlive a bad return. */
async function restore(run, before, { epoch, finding }) {
  const add = (words, change = {}) => ({ ...finding, ...change, measured: `${finding.measured}; ${words}` });
  if (!before.isOn) return add('it was off, and stays off');
  const response = await callService(run, '/api/control/send', {
    method: 'PUT',
    json: {
      enabled: true,
      scope: 'all',
      epoch,
      reason: `verification ${run.id}: put back as it was`,
      ...(before.until === undefined ? {} : { until: before.until }),
    },
    signal: ownSignal(),
  });
  if (response.status === 200) return add('put back to on');
  if (response.status !== 409) {
    const why = response.fault ?? response.status;
    return add(`NOT PUT BACK (${why}): acc start "verification" --epoch ${epoch}`, { verdict: 'fail' });
  }
  const isGood = finding.verdict === 'pass';
  return add(
    'left off: somebody else has changed the switches meanwhile',
    isGood ? { verdict: 'degraded' } : {},
  );
}

/** The stop got no good answer and may have been done all the same: look, and undo it if it was ours. */
async function restoreAfterDoubt(run, before, refusal) {
  const finding = fail(`the stop was not confirmed: ${refusal.measured}`);
  const now = await readSwitch(run).catch(() => undefined);
  if (now === undefined) return fail(`${finding.measured}; the switch cannot be read: look with acc status`);
  if (!before.isOn || now.isOn || !now.reason.includes(run.id)) return finding;
  return await restore(run, before, { epoch: now.epoch, finding });
}

async function tryStep(work) {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof StepEnd) return error.finding;
    throw error;
  }
}

/** From the press to the putting back nothing is cut short by an interruption. */
function ownSignal() {
  return new AbortController().signal;
}
