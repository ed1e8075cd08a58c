import { toUnknownPolicy } from '../domain/decide-outcome.ts';
import { type MessageId, parseMessageId } from '../domain/ids.ts';
import { type MessageState, openStates } from '../domain/message.ts';
import type { JobEnd } from '../queue/queue-host.ts';
import type { ReportSurvival } from '../queue/suspect-jobs.ts';
import { RenderError } from '../render/rendered.ts';
import type { MessageRecord } from '../store/message-record.ts';
import { UnreadableRecord } from '../store/unreadable-record.ts';
import { draftMessage } from './draft-message.ts';
import { holdMessage } from './follow-refusal.ts';
import { judgeMessage } from './judge-message.ts';
import { rehearseMessage } from './rehearse-message.ts';
import type { ReadyMessage, SendDeps } from './send-deps.ts';
import { type SendEnd, sendOnce } from './send-once.ts';

const done: JobEnd = { kind: 'done' };
/** The claim has lapsed by our clock and not by the store's. */
const clockAheadPauseMs = 1_000;

/**
 * Takes one message as far as it may go now: render, ask the environment, ask the gate, send, write down. Whatever
 * happens, the record holds the state of the message; the result only says when the queue is to come back.
 */
export async function attemptMessage(
  deps: SendDeps,
  jobId: string,
  signal: AbortSignal,
  reportSurvival: ReportSurvival = () => Promise.resolve(),
): Promise<JobEnd> {
  const id = parseMessageId(jobId);
  const message = id === undefined ? undefined : await readOrPark(deps, id);
  if (message === undefined) return done;
  const turn = await findTurn(deps, message);
  if (turn.kind !== 'now') return turn;
  const ready = await renderMessage(deps, message);
  if (ready === undefined) return done;
  await reportSurvival();
  for (;;) {
    // Who waited for long may find another environment than before.
    const end = await followVerdict(deps, ready, signal);
    if (end.kind !== 'ask-again') return end;
  }
}

/** A message that this program cannot read is parked, and no worker of its kind takes it up again. */
async function readOrPark(deps: SendDeps, id: MessageId): Promise<MessageRecord | undefined> {
  try {
    return await deps.readMessage(id);
  } catch (error) {
    if (!(error instanceof UnreadableRecord)) throw error;
    if (await deps.parkMessage(id)) deps.log.error({ err: error, message_id: id }, 'a record was parked');
    return undefined;
  }
}

/**
 * Ends a message whose handling kept killing or hanging its worker. The record is not looked at, since that may be what
 * kills; one that is claimed may have left, and a person is asked.
 */
export async function endPoisonMessage(deps: SendDeps, jobId: string): Promise<JobEnd> {
  const id = parseMessageId(jobId);
  if (id === undefined) return done;
  const end = {
    to: 'dead',
    from: ['queued', 'retrying'],
    reason: 'poison',
    fields: { lastError: 'its handling killed or hung three workers' },
  } as const;
  const result = await deps.decisions.end(id, end);
  if (result.kind === 'done') {
    deps.metrics.countDeadLetter('poison');
    deps.log.error({ message_id: id }, 'a message that kills its workers was given up');
    return done;
  }
  if (result.state !== 'claimed') return done;
  const lapsed = await deps.permits.lapse({ id }, 'ask');
  if (lapsed === 'unknown') deps.metrics.countUnknown('answer', 'ask');
  return lapsed === 'live' ? { kind: 'later', inMs: clockAheadPauseMs } : done;
}

/** Whether the message's turn is now, later, or never again. */
async function findTurn(deps: SendDeps, message: MessageRecord): Promise<JobEnd | { readonly kind: 'now' }> {
  if (message.state === 'claimed') return await awaitClaim(deps, message);
  if (!openStates.includes(message.state)) return done;
  const earlyMs = await findWait(deps, message.sendAt);
  if (earlyMs > 0) return { kind: 'later', inMs: earlyMs };
  if (message.notAfter === undefined || message.notAfter > deps.now()) return { kind: 'now' };
  const end = { to: 'expired', from: openStates, reason: 'not-after' } as const;
  const result = await deps.decisions.end(message.id, end);
  // Refused although it is open still: our clock is ahead of the store's, which decides.
  return result.kind === 'refused' && openStates.includes(result.state as MessageState)
    ? { kind: 'now' }
    : done;
}

/** How long until an instant, by the store's clock; only an instant that is to come by our own costs the question. */
async function findWait(deps: SendDeps, atMs: number | undefined): Promise<number> {
  return atMs === undefined || atMs <= deps.now() ? 0 : atMs - (await deps.storeNow());
}

async function followVerdict(deps: SendDeps, ready: ReadyMessage, signal: AbortSignal): Promise<SendEnd> {
  const { message } = ready;
  const verdict = judgeMessage(deps, message);
  switch (verdict.kind) {
    case 'hold':
      deps.noteDecision(message, 'held', `${verdict.reason}, by the environment`);
      return await holdMessage(deps, ready, verdict.reason);
    case 'rehearse':
      return await rehearseMessage(deps, ready);
    case 'ask':
      return await sendOnce(deps, ready, signal);
    default:
      return verdict satisfies never;
  }
}

/** Another worker has the message, or had it and died. Whether it was sent then is for the policy to say. */
async function awaitClaim(deps: SendDeps, message: MessageRecord): Promise<JobEnd> {
  const claimedMs = await findWait(deps, message.deadline);
  if (claimedMs > 0) return { kind: 'later', inMs: claimedMs + 50 };
  const { onUnknown = 'ask' } = deps.findTemplate(message.type) ?? {};
  const policy = toUnknownPolicy({ onUnknown, retriesEnabled: deps.retriesEnabled });
  const result = await deps.permits.lapse(message, policy);
  if (result === 'unknown') {
    deps.metrics.countUnknown('answer', policy);
    deps.log.warn(
      { message_id: message.id, event_id: message.event },
      'a worker died with this message: unknown whether it was sent',
    );
  }
  if (result === 'live') return { kind: 'later', inMs: clockAheadPauseMs };
  return result === 'queued' ? { kind: 'later', inMs: 50 } : done;
}

async function renderMessage(deps: SendDeps, message: MessageRecord): Promise<ReadyMessage | undefined> {
  const template = deps.findTemplate(message.type);
  const begun = deps.monotonicNow();
  try {
    if (template === undefined) throw new RenderError(`there is no template ${message.type} any more`);
    const draft = draftMessage(deps.renderer, message);
    const renderMs = deps.monotonicNow() - begun;
    deps.metrics.observeRender(message.type, message.channel, renderMs / 1000);
    return { message, template, draft, renderMs };
  } catch (error) {
    if (!(error instanceof RenderError)) throw error;
    await deps.decisions.end(message.id, {
      to: 'dead',
      from: ['queued', 'retrying'],
      reason: 'render',
      fields: { lastError: error.message },
    });
    deps.metrics.countDeadLetter('render');
    deps.log.warn(
      { message_id: message.id, event_id: message.event, err: error },
      'the message could not be rendered',
    );
    return undefined;
  }
}
