import {
  type AmbiguityPolicy,
  type MessageState,
  messageMoves,
  untouchedEnds,
} from '../../src/domain/message.ts';

/**
 * What each decision does to one message: the reference that the Lua scripts of the gate are compared against
 * (`test/integration/gate-model.test.ts`); production runs the scripts alone. Every function answers the word that the
 * script answers and the message afterwards, the same object when nothing changed.
 *
 * Whoever ends an attempt must be the *owner* of the live claim. `lateSent` remembers news that came while another
 * worker held a claim: whatever that attempt comes to, the message is sent.
 */
export interface MessageFacts {
  readonly state: MessageState;
  readonly reason: string;
  readonly generation: number;
  readonly attempts: number;
  readonly resends: number;
  readonly createdAt: number;
  readonly notAfter?: number | undefined;
  readonly sendAt?: number | undefined;
  readonly retryAt?: number | undefined;
  readonly firstAttemptAt?: number | undefined;
  readonly owner: string;
  readonly claimedAt?: number | undefined;
  readonly deadline?: number | undefined;
  /** The recipient's last instant before this claim. */
  readonly lastBefore?: number | undefined;
  /** Owner of the last attempt that was written down. */
  readonly committed?: string | undefined;
  readonly lateSent?: number | undefined;
}

export interface Ruled {
  readonly answer: string;
  readonly message: MessageFacts;
}

/** A permit: the message is the owner's until the deadline. */
export function claimMessage(
  message: MessageFacts,
  claim: { readonly owner: string; readonly claimMs: number; readonly lastBefore: number | undefined },
  nowMs: number,
): MessageFacts {
  const attempts = message.attempts + 1;
  return {
    ...message,
    state: 'claimed',
    reason: '',
    attempts,
    owner: claim.owner,
    claimedAt: nowMs,
    deadline: nowMs + claim.claimMs,
    lastBefore: claim.lastBefore,
    firstAttemptAt: attempts === 1 ? nowMs : (message.firstAttemptAt ?? nowMs),
  };
}

export interface CommittedEnd {
  readonly owner: string;
  readonly to: 'sent' | 'retrying' | 'dead' | 'unknown' | 'queued';
  readonly reason: string;
  readonly retryInMs?: number | undefined;
  readonly resends?: number | undefined;
}

/** The end of an attempt, on time or late. A commit repeated because its answer was lost changes nothing. */
export function commitAttempt(message: MessageFacts, end: CommittedEnd, nowMs: number): Ruled {
  if (message.committed === end.owner) return { answer: 'done', message };
  if (message.state !== 'claimed' || message.owner !== end.owner) return noteLate(message, end, nowMs);
  const to = message.lateSent === undefined ? end.to : 'sent';
  return {
    answer: 'done',
    message: {
      ...message,
      state: to,
      reason: to === end.to ? end.reason : 'late-sent',
      committed: end.owner,
      retryAt: end.retryInMs === undefined ? message.retryAt : nowMs + end.retryInMs,
      resends: end.resends ?? message.resends,
    },
  };
}

/** Only one late word matters: that the provider took the message. */
function noteLate(message: MessageFacts, end: CommittedEnd, nowMs: number): Ruled {
  if (end.to !== 'sent') return { answer: 'late', message };
  const noted = { ...message, lateSent: nowMs };
  return message.state !== 'claimed' && isMoveAllowed(message.state, 'sent')
    ? { answer: 'late', message: { ...noted, state: 'sent', reason: 'late-sent' } }
    : { answer: 'late', message: noted };
}

/** A permit returned unused: no byte left, so the attempt does not count. */
export function giveBackClaim(message: MessageFacts, owner: string, reason: string): Ruled {
  if (message.state !== 'claimed' || message.owner !== owner) return { answer: 'late', message };
  const attempts = Math.max(0, message.attempts - 1);
  const sent = message.lateSent !== undefined;
  return {
    answer: 'done',
    message: {
      ...message,
      state: sent ? 'sent' : 'queued',
      reason: sent ? 'late-sent' : reason,
      attempts,
      owner: '',
      firstAttemptAt: attempts === 0 ? undefined : message.firstAttemptAt,
    },
  };
}

/** A claim past its deadline: whether the message left cannot be known, so the policy decides, once. */
export function lapseClaim(message: MessageFacts, policy: AmbiguityPolicy, nowMs: number): Ruled {
  if (message.state !== 'claimed') return { answer: 'not-claimed', message };
  if ((message.deadline ?? 0) > nowMs) return { answer: 'live', message };
  if (message.lateSent !== undefined)
    return { answer: 'not-claimed', message: { ...message, state: 'sent', reason: 'late-sent' } };
  if (policy === 'resend-once' && message.resends === 0) {
    const generation = message.generation + 1;
    const resent = { ...message, state: 'queued', reason: 'resend-once', resends: 1, generation } as const;
    return { answer: 'queued', message: resent };
  }
  return { answer: 'unknown', message: { ...message, state: 'unknown', reason: 'claim-lapsed' } };
}

export interface AskedEnd {
  readonly to: MessageState;
  readonly from: readonly MessageState[];
  readonly reason: string;
}

/**
 * A hold, a cancellation, or another end that no attempt brings about; never of an attempt under way, and expired
 * never before its `not_after`.
 */
export function endMessage(message: MessageFacts, { to, from, reason }: AskedEnd, nowMs: number): Ruled {
  const end = settleEnd(to, reason, message.resends);
  return message.state !== 'claimed' &&
    from.includes(message.state) &&
    isMoveAllowed(message.state, end.state) &&
    (to !== 'expired' || nowMs >= (message.notAfter ?? 0))
    ? { answer: 'done', message: { ...message, ...end } }
    : { answer: 'refused', message };
}

export interface RequeueAsk {
  readonly from: 'held' | 'dead' | 'unknown';
  readonly reason: string;
  readonly dueAt: number;
  readonly createdSince?: number | undefined;
}

/** A person puts it back in the queue. A replay of a dead one starts its attempts anew. */
export function requeueMessage(message: MessageFacts, ask: RequeueAsk, nowMs: number): Ruled {
  if (message.state !== ask.from) return { answer: 'refused', message };
  if (message.lateSent !== undefined) return { answer: 'sent-before', message };
  if (ask.createdSince !== undefined && message.createdAt < ask.createdSince)
    return { answer: 'too-old', message };
  const anew = ask.from === 'dead' ? { attempts: 0, firstAttemptAt: undefined } : {};
  return {
    answer: 'done',
    message: {
      ...message,
      ...anew,
      state: 'queued',
      reason: ask.reason,
      generation: message.generation + 1,
      retryAt: 0,
      resends: ask.from === 'unknown' ? 1 : message.resends,
      sendAt: ask.dueAt > nowMs ? ask.dueAt : message.sendAt,
    },
  };
}

/**
 * What a move to `to` comes to, given how often the message was queued once more after an attempt without an answer:
 * one that may have left is `unknown` where another would end untouched. The reason keeps what it would have been.
 */
export function settleEnd(
  to: MessageState,
  reason: string,
  resends: number,
): { readonly state: MessageState; readonly reason: string } {
  return resends > 0 && untouchedEnds.includes(to)
    ? { state: 'unknown', reason: `not-resent-${to}` }
    : { state: to, reason };
}

/** True when the state machine allows the move. */
export function isMoveAllowed(from: MessageState, to: MessageState): boolean {
  return messageMoves[from].includes(to);
}
