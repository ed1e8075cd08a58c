import { setTimeout as delay } from 'node:timers/promises';
import {
  type Decision,
  decideOutcome,
  type OutcomePolicy,
  toUnknownPolicy,
} from '../domain/decide-outcome.ts';
import { maskAddress } from '../domain/mask.ts';
import type { AttemptOutcome } from '../domain/outcome.ts';
import type { AttemptEnd, Claim } from '../gate/permits.ts';
import { logAttempt } from '../observe/log.ts';
import { type Provider, ProviderUnavailable, type Reservation } from '../providers/provider.ts';
import type { JobEnd } from '../queue/queue-host.ts';
import type { Desk, ReadyMessage } from './desk.ts';
import { type AskedAt, createFence } from './fence.ts';
import { followRefusal, holdMessage } from './follow-refusal.ts';
import { redactReply } from './redact-reply.ts';
import { toOutgoing } from './to-outgoing.ts';

type Choice = Extract<ReturnType<Desk['providers']['chooseProvider']>, { kind: 'chosen' }>;
/** A live connection, or why there is none: then the gate is asked all the same, since a stop must hold what waits. */
type Slot = { readonly reservation: Reservation } | { readonly unavailable: ProviderUnavailable };

const parkMsMax = 60_000;
/** Long enough that a worker whose own watch says stopped, while the gate says go, does not spin. */
const givenBackPauseMs = 100;

/** A limit of the whole fleet was waited for; everything is to be asked again. */
export type SendEnd = JobEnd | { readonly kind: 'ask-again' };

/**
 * One provider call at most: connection in hand, then the permit, then at once the bytes. A limit of the whole
 * fleet is waited for here, with the job's place kept; every other wait lets the next message pass.
 */
export async function sendOnce(desk: Desk, ready: ReadyMessage, signal: AbortSignal): Promise<SendEnd> {
  const { message, draft } = ready;
  const segments = draft.channel === 'sms' ? draft.segments : 1;
  const failed = message.state === 'retrying' ? message.provider : undefined;
  for (;;) {
    const choice = desk.providers.chooseProvider(message.channel, desk.monotonicNow(), failed);
    if (choice.kind === 'none-configured') return await holdMessage(desk, ready, 'no-provider');
    if (choice.kind === 'none-ready') {
      const inMs = choice.retryAtMs - desk.monotonicNow() + Math.floor(desk.random() * 1_000);
      await desk.decisions.postpone(message.id, inMs, 'provider-back-off');
      return { kind: 'later', inMs };
    }
    const end = await tryProvider(desk, { ready, choice, segments }, signal);
    if (end.kind === 'done' || end.kind === 'later') return end;
    if (end.kind === 'choose-again') continue;
    await park(desk, end.ms, signal);
    return { kind: 'ask-again' };
  }
}

type TryEnd = JobEnd | { readonly kind: 'park'; readonly ms: number } | { readonly kind: 'choose-again' };

async function tryProvider(
  desk: Desk,
  { ready, choice, segments }: { ready: ReadyMessage; choice: Choice; segments: number },
  signal: AbortSignal,
): Promise<TryEnd> {
  let slot: Slot | undefined;
  try {
    slot = await reserve(choice.provider, signal);
    const asked: AskedAt = {
      monotonicMs: desk.monotonicNow(),
      wallMs: desk.now(),
      mark: desk.watch.knowledge.known(),
    };
    const answer = await desk.permits.ask({
      message: ready.message,
      provider: choice.provider.name,
      segments,
      rehearse: false,
    });
    if (answer.kind === 'go')
      return await useClaim(desk, { ready, claim: answer.claim, slot, asked, choice });
    if (answer.kind === 'rehearse') throw new Error('the gate rehearsed what was to be sent');
    if (answer.kind === 'wait-later' && answer.why === 'provider-back-off') {
      // Another worker was told to slow down. The next choice is another provider, or none for now.
      choice.block(answer.ms, desk.monotonicNow());
      return { kind: 'choose-again' };
    }
    if (answer.kind === 'wait-here' && !signal.aborted) return { kind: 'park', ms: answer.ms };
    return await followRefusal(desk, ready, answer);
  } finally {
    choice.report('unused', desk.monotonicNow());
    if (slot !== undefined && 'reservation' in slot) slot.reservation.release();
  }
}

interface Attempt {
  readonly ready: ReadyMessage;
  readonly claim: Claim;
  readonly slot: Slot;
  readonly asked: AskedAt;
  readonly choice: Choice;
}

async function useClaim(desk: Desk, attempt: Attempt): Promise<JobEnd> {
  const { claim, slot, choice } = attempt;
  const begun = desk.monotonicNow();
  const outcome: AttemptOutcome =
    'reservation' in slot ? await sendFenced(desk, attempt, slot.reservation) : toOutcome(slot.unavailable);
  const providerMs = desk.monotonicNow() - begun;
  choice.report('unavailable' in slot ? 'unavailable' : outcome, desk.monotonicNow());
  desk.metrics.countAttempt({
    provider: claim.provider,
    channel: claim.message.channel,
    outcome: outcome.kind,
  });
  desk.metrics.observeAttempt(providerMs / 1000);
  return await settle(desk, attempt, { outcome, providerMs });
}

/** A login that is refused is no outage: it is our account's, and all messages wait. */
function toOutcome({ code, message }: ProviderUnavailable): AttemptOutcome {
  return { kind: code === 'unauthorized' ? 'account-fault' : 'unreachable', code, detail: message };
}

async function sendFenced(desk: Desk, attempt: Attempt, reservation: Reservation): Promise<AttemptOutcome> {
  const { claim, ready } = attempt;
  const fence = createFence({
    watch: desk.watch,
    claim,
    asked: attempt.asked,
    permitDeadlineMs: desk.permitDeadlineMs,
    bodyDeadlineMs: desk.attemptTimeoutMs,
    now: desk.now,
    monotonicNow: desk.monotonicNow,
  });
  const outcome = await reservation.send(toOutgoing(ready.message, ready.draft, desk.senders), fence);
  return outcome.kind === 'aborted'
    ? { kind: 'aborted', detail: fence.refusal() || outcome.detail }
    : outcome;
}

interface Settled {
  readonly outcome: AttemptOutcome;
  readonly providerMs: number;
}

/** Writes down how the attempt ended. Until this is on disk, the claim stands and nobody else may send. */
async function settle(desk: Desk, attempt: Attempt, settled: Settled): Promise<JobEnd> {
  const { claim, ready } = attempt;
  const { message } = ready;
  const decision = decideOutcome(settled.outcome, toOutcomePolicy(desk, ready), {
    attempt: claim.attempt,
    sinceFirstAttemptMs: claim.sinceFirstAttemptMs + settled.providerMs,
    resends: claim.resends,
    anotherReady: desk.providers.isAnotherReady(message.channel, claim.provider, desk.monotonicNow()),
    random: desk.random(),
  });
  writeLine(desk, attempt, settled, decision);
  if (decision.to === 'given-back') {
    await persist(desk, () => desk.permits.giveBack(claim, decision.reason));
    return { kind: 'later', inMs: givenBackPauseMs };
  }
  const end = toEnd(attempt, settled, decision);
  const committed = await persist(desk, () => desk.permits.commit(claim, end));
  // A late "it was sent" has put the record right; anything else late needs a person's eye.
  if (committed.late && committed.state !== 'sent') {
    const fields = { message_id: message.id, state: committed.state };
    desk.log.error(fields, 'the claim had lapsed before the attempt ended');
  }
  countEnd(desk, attempt, settled.outcome, decision);
  if (decision.to === 'retrying') return { kind: 'later', inMs: decision.inMs + 1 };
  return decision.to === 'resend' ? { kind: 'later', inMs: 50 } : { kind: 'done' };
}

function toOutcomePolicy({ retriesEnabled }: Desk, { template }: ReadyMessage): OutcomePolicy {
  return { ...template.retry, retriesEnabled, onUnknown: template.onUnknown };
}

/**
 * The outcome is known here and nowhere else, so a store that is away is asked again for as long as the claim may
 * live. After that the message counts as unknown, and a late "sent" still corrects it. That nothing left is worth as
 * much: a give-back that is lost would make an unknown message of one that was never sent.
 */
async function persist<T>(desk: Desk, write: () => Promise<T>): Promise<T> {
  const giveUpAt = desk.monotonicNow() + 2 * desk.attemptTimeoutMs;
  for (let pauseMs = 50; ; pauseMs = Math.min(2 * pauseMs, 1_000)) {
    try {
      return await write();
    } catch (error) {
      if (desk.monotonicNow() >= giveUpAt) throw error;
      await delay(pauseMs);
    }
  }
}

function toEnd(
  attempt: Attempt,
  settled: Settled,
  decision: Exclude<Decision, { to: 'given-back' }>,
): AttemptEnd {
  const { claim } = attempt;
  const detail = describe(settled.outcome, attempt.ready);
  const common = {
    ...describeAttempt(claim, settled, detail),
    reason: 'reason' in decision ? decision.reason : '',
  };
  const block =
    'blockProviderMs' in decision && decision.blockProviderMs !== undefined
      ? { blockProviderMs: decision.blockProviderMs }
      : {};
  switch (decision.to) {
    case 'sent':
      return { ...common, to: 'sent', fields: { providerRef: decision.providerRef, draft: '' } };
    case 'retrying':
      return {
        ...common,
        ...block,
        to: 'retrying',
        fields: {
          lastError: detail,
          ...(decision.isUncounted === true ? { attempts: String(claim.attempt - 1) } : {}),
        },
        retryInMs: decision.inMs,
        ...(decision.isUnseen === true ? { isUnseen: true } : {}),
      };
    case 'dead':
      return {
        ...common,
        ...block,
        to: 'dead',
        fields: { lastError: detail, draft: JSON.stringify(attempt.ready.draft) },
        ...suppressGone(attempt, decision),
      };
    case 'resend':
      return { ...common, to: 'queued', fields: { resends: '1', lastError: detail } };
    case 'unknown':
      return {
        ...common,
        to: 'unknown',
        fields: { lastError: detail, draft: JSON.stringify(attempt.ready.draft) },
      };
    default:
      return decision satisfies never;
  }
}

function describeAttempt(
  { attempt, provider }: Claim,
  { outcome, providerMs }: Settled,
  detail: string,
): Pick<AttemptEnd, 'line' | 'undo' | 'blamesRecipient'> {
  const { kind } = outcome;
  return {
    line: { number: attempt, provider, outcome: kind, detail, durationMs: Math.round(providerMs) },
    undo: kind !== 'accepted' && kind !== 'unknown',
    blamesRecipient: kind === 'deferred' || kind === 'refused',
  };
}

function suppressGone(
  attempt: Attempt,
  decision: Extract<Decision, { to: 'dead' }>,
): Pick<AttemptEnd, 'suppress'> {
  const { channel, to } = attempt.ready.message;
  return decision.suppress
    ? { suppress: { reason: 'no-such-recipient', masked: maskAddress(channel, to) } }
    : {};
}

function countEnd(desk: Desk, attempt: Attempt, outcome: AttemptOutcome, decision: Decision): void {
  if (decision.to === 'dead') desk.metrics.countDeadLetter(decision.reason);
  const policy = toUnknownPolicy(toOutcomePolicy(desk, attempt.ready));
  if (outcome.kind === 'unknown') desk.metrics.countUnknown(outcome.phase, policy);
}

function writeLine(desk: Desk, attempt: Attempt, settled: Settled, decision: Decision): void {
  const { ready, claim } = attempt;
  const { message } = ready;
  const { outcome, providerMs } = settled;
  logAttempt(desk.log, {
    event_id: message.event,
    message_id: message.id,
    type: message.type,
    client: message.client,
    channel: message.channel,
    provider: claim.provider,
    to: maskAddress(message.channel, message.to),
    to_hash: message.toHash,
    attempt: claim.attempt,
    outcome: outcome.kind,
    detail: describe(outcome, attempt.ready),
    state: decision.to,
    ...('code' in outcome ? { code: outcome.code } : {}),
    ...('phase' in outcome ? { phase: outcome.phase } : {}),
    ...(outcome.kind === 'accepted' ? { provider_ref: outcome.providerRef } : {}),
    ...(message.traceparent === undefined ? {} : { trace_id: message.traceparent.split('-')[1] ?? '' }),
    queued_ms: desk.now() - message.createdAt,
    render_ms: ready.renderMs,
    permit_ms: desk.monotonicNow() - attempt.asked.monotonicMs - providerMs,
    provider_ms: providerMs,
  });
}

function describe(outcome: AttemptOutcome, { message }: ReadyMessage): string {
  return redactReply(outcome.detail, message).slice(0, 500);
}

async function reserve(provider: Provider, signal: AbortSignal): Promise<Slot> {
  try {
    return { reservation: await provider.reserve(signal) };
  } catch (error) {
    if (error instanceof ProviderUnavailable && !signal.aborted) return { unavailable: error };
    throw error;
  }
}

/** Waits for a limit of the fleet; a stop, a change of the gate or the worker's own end cuts it short. */
async function park(desk: Desk, ms: number, signal: AbortSignal): Promise<void> {
  const woken = new AbortController();
  const unsubscribe = desk.watch.onChange(() => woken.abort());
  try {
    await delay(Math.min(ms, parkMsMax) + 1, undefined, { signal: AbortSignal.any([woken.signal, signal]) });
  } catch {
    // Woken early: ask again.
  } finally {
    unsubscribe();
  }
}
