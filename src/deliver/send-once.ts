import { setTimeout as delay } from 'node:timers/promises';
import { shardOf } from '../domain/ids.ts';
import type { AttemptOutcome } from '../domain/outcome.ts';
import type { Claim } from '../gate/permits.ts';
import { type Provider, ProviderUnavailable, type Reservation } from '../providers/provider.ts';
import type { JobEnd } from '../queue/queue-host.ts';
import { segmentsOf } from '../render/rendered.ts';
import { type AskedAt, createFence } from './fence.ts';
import { followRefusal, holdMessage } from './follow-refusal.ts';
import { judgeMessage } from './judge-message.ts';
import type { ReadyMessage, SendDeps } from './send-deps.ts';
import { settleAttempt } from './settle-attempt.ts';
import { toOutgoing } from './to-outgoing.ts';

type Choice = Extract<ReturnType<SendDeps['providers']['chooseProvider']>, { kind: 'chosen' }>;
/** A live connection, or why there is none: then the gate is asked all the same, since a stop must hold what waits. */
type Slot = { readonly reservation: Reservation } | { readonly unavailable: ProviderUnavailable };

const parkMsMax = 60_000;

/** There was a wait, for a limit of the whole fleet or for a connection; everything is to be asked again. */
export type SendEnd = JobEnd | { readonly kind: 'ask-again' };

/**
 * One provider call at most: connection in hand, then the permit, then at once the bytes; and the connection is free
 * again before the end is written down. There are more messages in hand than connections, so one may wait for its
 * connection here, with nothing claimed yet. A limit of the whole fleet is waited for here too, with the job's place
 * kept; every other wait lets the next message pass.
 */
export async function sendOnce(deps: SendDeps, ready: ReadyMessage, signal: AbortSignal): Promise<SendEnd> {
  const { message, draft } = ready;
  const segments = segmentsOf(draft) ?? 1;
  const failed = message.state === 'retrying' ? message.provider : undefined;
  for (;;) {
    const choice = deps.providers.chooseProvider(message.channel, deps.monotonicNow(), failed);
    if (choice.kind === 'none-configured') return await holdMessage(deps, ready, 'no-provider');
    if (choice.kind === 'none-ready') {
      const inMs = choice.retryAtMs - deps.monotonicNow() + Math.floor(deps.random() * 1_000);
      await deps.decisions.postpone(message.id, inMs, 'provider-back-off');
      return { kind: 'later', inMs };
    }
    const end = await tryProvider(deps, { ready, choice, segments }, signal);
    if (end.kind === 'choose-again') continue;
    if (end.kind !== 'park') return end;
    await park(deps, end.ms, signal);
    return { kind: 'ask-again' };
  }
}

type TryEnd = SendEnd | { readonly kind: 'park'; readonly ms: number } | { readonly kind: 'choose-again' };

async function tryProvider(
  deps: SendDeps,
  { ready, choice, segments }: { ready: ReadyMessage; choice: Choice; segments: number },
  signal: AbortSignal,
): Promise<TryEnd> {
  let slot: Slot | undefined;
  try {
    slot = await reserve(choice.provider, signal);
    if (judgeMessage(deps, ready.message).kind !== 'ask') return { kind: 'ask-again' };
    const asked: AskedAt = {
      monotonicMs: deps.monotonicNow(),
      wallMs: deps.now(),
      mark: deps.watch.knowledge.known(shardOf(ready.message.id)),
    };
    const result = await deps.permits.ask({
      message: ready.message,
      provider: choice.provider.name,
      segments,
      rehearse: false,
    });
    if (result.kind === 'go')
      return await useClaim(deps, { ready, claim: result.claim, slot, asked, choice });
    if (result.kind === 'rehearse') throw new Error('the gate rehearsed what was to be sent');
    if (result.kind === 'wait-later' && result.why === 'provider-back-off') {
      // Another worker was told to slow down. The next choice is another provider, or none for now.
      choice.block(result.ms, deps.monotonicNow());
      return { kind: 'choose-again' };
    }
    if (result.kind === 'wait-here' && !signal.aborted) return { kind: 'park', ms: result.ms };
    return await followRefusal(deps, ready, result);
  } finally {
    choice.report('unused', deps.monotonicNow());
    if (slot !== undefined && 'reservation' in slot) slot.reservation.release();
  }
}

interface Granted {
  readonly ready: ReadyMessage;
  readonly claim: Claim;
  readonly slot: Slot;
  readonly asked: AskedAt;
  readonly choice: Choice;
}

async function useClaim(deps: SendDeps, granted: Granted): Promise<JobEnd> {
  const { ready, claim, slot, asked, choice } = granted;
  const begun = deps.monotonicNow();
  const outcome =
    'reservation' in slot ? await sendFenced(deps, granted, slot.reservation) : toOutcome(slot.unavailable);
  const providerMs = deps.monotonicNow() - begun;
  // Another message may ask for its permit with this connection while the end of this one is written down.
  if ('reservation' in slot) slot.reservation.release();
  choice.report('unavailable' in slot ? 'unavailable' : outcome, deps.monotonicNow());
  deps.metrics.countAttempt({
    provider: claim.provider,
    channel: claim.message.channel,
    outcome: outcome.kind,
  });
  deps.metrics.observeAttempt(providerMs / 1000);
  return await settleAttempt(deps, { ready, claim, askedAtMs: asked.monotonicMs, outcome, providerMs });
}

/** A login that is refused is no outage: it is our account's, and all messages wait. */
function toOutcome({ code, message }: ProviderUnavailable): AttemptOutcome {
  return { kind: code === 'unauthorized' ? 'account-fault' : 'unreachable', code, detail: message };
}

async function sendFenced(
  deps: SendDeps,
  { ready, claim, asked }: Granted,
  reservation: Reservation,
): Promise<AttemptOutcome> {
  const fence = createFence(deps, claim, asked);
  const outcome = await reservation.send(toOutgoing(ready.message, ready.draft, deps.senders), fence);
  return outcome.kind === 'aborted'
    ? { kind: 'aborted', detail: fence.refusal() || outcome.detail }
    : outcome;
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
async function park(deps: SendDeps, ms: number, signal: AbortSignal): Promise<void> {
  const woken = new AbortController();
  const unsubscribe = deps.watch.onChange(() => woken.abort());
  try {
    await delay(Math.min(ms, parkMsMax) + 1, undefined, { signal: AbortSignal.any([woken.signal, signal]) });
  } catch {
    // Woken early: ask again.
  } finally {
    unsubscribe();
  }
}
