import { setTimeout as delay } from 'node:timers/promises';
import { channelTable } from '../domain/channel.ts';
import {
  type Decision,
  decideOutcome,
  type OutcomePolicy,
  toUnknownPolicy,
} from '../domain/decide-outcome.ts';
import type { AttemptOutcome } from '../domain/outcome.ts';
import type { AttemptEnd, Claim } from '../gate/permits.ts';
import { logAttempt } from '../observe/log.ts';
import type { JobEnd } from '../queue/queue-host.ts';
import { redactReply } from './redact-reply.ts';
import type { ReadyMessage, SendDeps } from './send-deps.ts';

/** One attempt, as it went. */
export interface Attempt {
  readonly ready: ReadyMessage;
  readonly claim: Claim;
  /** When the permit was asked for (monotonic ms). */
  readonly askedAtMs: number;
  readonly outcome: AttemptOutcome;
  readonly providerMs: number;
}

/** Long enough that a worker whose own watch says stopped, while the gate says go, does not spin. */
const givenBackPauseMs = 100;

/** Writes down how the attempt ended. Until this is on disk, the claim remains and nobody else may send. */
export async function settleAttempt(deps: SendDeps, attempt: Attempt): Promise<JobEnd> {
  const { claim, ready, outcome, providerMs } = attempt;
  const { message } = ready;
  const policy: OutcomePolicy = {
    ...ready.template.retry,
    retriesEnabled: deps.retriesEnabled,
    onUnknown: ready.template.onUnknown,
  };
  const decision = decideOutcome(outcome, policy, {
    attempt: claim.attempt,
    sinceFirstAttemptMs: claim.sinceFirstAttemptMs + providerMs,
    resends: claim.resends,
    anotherReady: deps.providers.isAnotherReady(message.channel, claim.provider, deps.monotonicNow()),
    random: deps.random(),
  });
  const detail = redactReply(outcome.detail, message).slice(0, 500);
  writeLine(deps, attempt, decision, detail);
  if (decision.to === 'given-back') {
    await persist(deps, () => deps.permits.giveBack(claim, decision.reason));
    return { kind: 'later', inMs: givenBackPauseMs };
  }
  const committed = await persist(deps, () => deps.permits.commit(claim, toEnd(attempt, decision, detail)));
  // A late "it was sent" has put the record right; anything else late needs a person's eye.
  if (committed.late && committed.state !== 'sent') {
    const fields = { message_id: message.id, state: committed.state };
    deps.log.error(fields, 'the claim had lapsed before the attempt ended');
  }
  if (decision.to === 'dead') deps.metrics.countDeadLetter(decision.reason);
  if (outcome.kind === 'unknown') deps.metrics.countUnknown(outcome.phase, toUnknownPolicy(policy));
  if (decision.to === 'retrying') return { kind: 'later', inMs: decision.inMs + 1 };
  return decision.to === 'resend' ? { kind: 'later', inMs: 50 } : { kind: 'done' };
}

/**
 * The outcome is known here and nowhere else, so a store that is away is asked again for as long as the claim may
 * live. After that the message counts as unknown, and a late "sent" still corrects it. That nothing left is worth as
 * much: a give-back that is lost would make an unknown message of one that was never sent.
 */
async function persist<T>(deps: SendDeps, write: () => Promise<T>): Promise<T> {
  const giveUpAt = deps.monotonicNow() + 2 * deps.attemptTimeoutMs;
  for (let pauseMs = 50; ; pauseMs = Math.min(2 * pauseMs, 1_000)) {
    try {
      return await write();
    } catch (error) {
      if (deps.monotonicNow() >= giveUpAt) throw error;
      await delay(pauseMs);
    }
  }
}

function toEnd(
  { ready, claim, outcome: { kind }, providerMs }: Attempt,
  decision: Exclude<Decision, { to: 'given-back' }>,
  detail: string,
): AttemptEnd {
  const { attempt: number, provider } = claim;
  const common = {
    line: { number, provider, outcome: kind, detail, durationMs: Math.round(providerMs) },
    undo: kind !== 'accepted' && kind !== 'unknown',
    blamesRecipient: kind === 'deferred' || kind === 'refused',
    reason: 'reason' in decision ? decision.reason : '',
    ...('blockProviderMs' in decision && decision.blockProviderMs !== undefined
      ? { blockProviderMs: decision.blockProviderMs }
      : {}),
  };
  const keep = () => ({ lastError: detail, draft: JSON.stringify(ready.draft) });
  switch (decision.to) {
    case 'sent':
      return { ...common, to: 'sent', fields: { providerRef: decision.providerRef, draft: '' } };
    case 'retrying':
      return {
        ...common,
        to: 'retrying',
        fields: {
          lastError: detail,
          ...(decision.isUncounted === true ? { attempts: String(number - 1) } : {}),
        },
        retryInMs: decision.inMs,
        ...(decision.isUnseen === true ? { isUnseen: true } : {}),
      };
    case 'dead': {
      const { channel, to } = ready.message;
      const masked = channelTable[channel].maskAddress(to);
      const suppress = { reason: 'no-such-recipient', masked };
      return { ...common, to: 'dead', fields: keep(), ...(decision.suppress ? { suppress } : {}) };
    }
    case 'resend':
      return { ...common, to: 'queued', fields: { resends: '1', lastError: detail } };
    case 'unknown':
      return { ...common, to: 'unknown', fields: keep() };
    default:
      return decision satisfies never;
  }
}

function writeLine(deps: SendDeps, attempt: Attempt, decision: Decision, detail: string): void {
  const { ready, claim, askedAtMs, outcome, providerMs } = attempt;
  const { message } = ready;
  logAttempt(deps.log, {
    event_id: message.event,
    message_id: message.id,
    type: message.type,
    client: message.client,
    channel: message.channel,
    provider: claim.provider,
    to: channelTable[message.channel].maskAddress(message.to),
    to_hash: message.toHash,
    attempt: claim.attempt,
    outcome: outcome.kind,
    detail,
    state: decision.to,
    ...('code' in outcome ? { code: outcome.code } : {}),
    ...('phase' in outcome ? { phase: outcome.phase } : {}),
    ...(outcome.kind === 'accepted' ? { provider_ref: outcome.providerRef } : {}),
    ...(message.traceparent === undefined ? {} : { trace_id: message.traceparent.split('-')[1] ?? '' }),
    queued_ms: deps.now() - message.createdAt,
    render_ms: ready.renderMs,
    permit_ms: deps.monotonicNow() - askedAtMs - providerMs,
    provider_ms: providerMs,
  });
}
