import { setTimeout as delay } from 'node:timers/promises';
import { callService, judgeRefusal, needService, StepEnd } from './verify-http.mjs';
import {
  blocked,
  degraded,
  fail,
  judgeEnding,
  judgeProviders,
  judgeQueue,
  judgeSendStatus,
  judgeThrottle,
  pass,
} from './verify-rules.mjs';

const hourMs = 3_600_000;
/** Nobody can have these: RFC 2606, and the numbers kept for fiction. */
const reservedAddresses = { email: 'verification@example.com', phone: '+15555550100' };

/**
 * The two synthetic events of a run, with keys that no other run has. Their fence is near: should one outlive this run
 * by any accident, it expires rather than leaves.
 */
export function buildEvents(id, { studentId, waitMs }, nowMs) {
  const recipient = { ...reservedAddresses, name: 'Verification', locale: 'en', time_zone: 'UTC' };
  const common = {
    source: 'verify-production',
    student_id: studentId ?? 'verification',
    scholarship_id: 'verification',
    ...(studentId === undefined ? { recipient } : {}),
    not_after: new Date(nowMs + 2 * waitMs + 15 * 60_000).toISOString(),
  };
  const bodies = [
    {
      type: 'deadline_approaching',
      deadline: new Date(nowMs + 72 * hourMs).toISOString(),
      hours_remaining: 72,
    },
    { type: 'new_match_found', match_score: 87 },
  ];
  return bodies.map((body) => ({
    type: body.type,
    body: { ...body, ...common, idempotency_key: `${id}-${body.type}` },
  }));
}

/** Whether anything could leave. What posts or stops something asks this again, right before. */
export async function checkSendStatus(run) {
  const { body } = await needService(run, '/api/send/status');
  run.sendStatus = body;
  return judgeSendStatus(body);
}

/** Ends the step unless the service says, now, that nothing leaves. */
export async function requireSafe(run) {
  const finding = await checkSendStatus(run);
  if (finding.verdict !== 'pass') throw new StepEnd(finding);
}

/** Posts one synthetic event and follows it to its end. */
export async function followEvent(run, event) {
  await requireSafe(run);
  const begun = performance.now();
  // Never cut short: what was taken must be known, to be taken back.
  const post = { method: 'POST', json: event.body, ...ownTime() };
  const response = await callService(run, '/api/events', post);
  event.isPosted = response.status === 202 || response.status === 0;
  if (response.status !== 202) return judgeRefusal(response);
  event.id = response.body.event_id;
  if (response.body.status === 'duplicate')
    return fail('answered as a duplicate: the post without a token had left something behind');
  const state = { event: undefined };
  const finding = await waitForEnd(run, event, state);
  const ms = Math.round(performance.now() - begun);
  if (finding !== undefined) return { ...finding, measured: `${finding.measured}, after ${ms} ms` };
  if (run.signal.aborted) return blocked('interrupted');
  return await explainWaiting(run, state.event);
}

async function waitForEnd(run, event, state) {
  const deadline = performance.now() + run.options.waitMs;
  do {
    const { body } = await needService(run, `/api/events/${event.id}`);
    state.event = body;
    const finding = judgeEnding(body);
    if (finding !== undefined) return finding;
    await delay(200, undefined, { signal: run.signal }).catch(() => undefined);
  } while (performance.now() < deadline && !run.signal.aborted);
  return undefined;
}

/** It did not end. With paused workers that was to be expected, and proves nothing; else it is red. */
async function explainWaiting(run, event) {
  const { body } = await needService(run, '/api/queue/status');
  const seconds = run.options.waitMs / 1000;
  if (body.consumers_paused === true) return blocked(`the workers are paused: no end within ${seconds} s`);
  const states = event.messages.map(({ channel, state }) => `${channel} ${state}`).join(', ');
  return fail(
    `no end within ${seconds} s: still ${event.state}${states === '' ? '' : ` (${states})`}; are the workers alive?`,
  );
}

export async function checkQueue(run) {
  return judgeQueue((await needService(run, '/api/queue/status')).body);
}

export async function checkProviders(run) {
  return judgeProviders((await needService(run, '/api/providers/health')).body);
}

export async function checkThrottle(run) {
  const { body } = await needService(run, '/api/send/status');
  return judgeThrottle(body.flags);
}

/** Takes back what this run made. What cannot be taken back is named, and its fence ends it soon. */
export async function cleanUp(run) {
  const posted = run.events.filter(({ isPosted }) => isPosted);
  if (posted.length === 0) return pass('nothing was made');
  const left = [];
  const cancelled = [];
  for (const event of posted) await takeBack(run, event, { left, cancelled });
  const measured = `${posted.length} events, ${cancelled.length} messages cancelled`;
  if (left.length === 0) return pass(measured);
  return degraded(`${measured}; left: ${left.join(', ')}; not_after ${posted[0].body.not_after}`);
}

async function takeBack(run, { type, id }, { left, cancelled }) {
  if (id === undefined) return left.push(`perhaps ${type}, whose post was not answered`);
  const { body } = await callService(run, `/api/events/${id}`, ownTime());
  const { state: eventState = 'unreadable', messages = [] } = body ?? {};
  if (!(await isEventOver(run, id, eventState))) left.push(`${id} ${eventState}`);
  for (const { message_id: messageId, state } of messages) {
    if (!['queued', 'held', 'retrying'].includes(state)) continue;
    const isCancelled = await cancelMessage(run, messageId);
    (isCancelled ? cancelled : left).push(`${messageId} ${state}`);
  }
}

/** Nothing more comes of it: a message that is planned later would be one that nobody takes back. */
async function isEventOver(run, id, state) {
  if (state === 'quarantined') return await discardQuarantined(run, id);
  return state !== 'unreadable' && state !== 'accepted';
}

async function cancelMessage(run, id) {
  const { status } = await callService(run, `/api/messages/${id}`, { method: 'DELETE', ...ownTime() });
  return status === 200;
}

async function discardQuarantined(run, id) {
  const { status, body } = await callService(run, '/api/quarantine/discard', {
    method: 'POST',
    json: { filter: { ids: [id] }, preview: false, reason: `verification ${run.id}: taken back` },
    ...ownTime(),
  });
  return status === 200 && body?.discarded === 1;
}

/** Not ended by an interruption of the run. */
function ownTime() {
  return { signal: new AbortController().signal };
}
