/**
 * A message: one recipient, one channel. Its states and moves, in prose:
 *
 * The planner writes a message as *queued* (perhaps for later). A worker that holds rendered content and a free
 * provider connection asks for a permit; the permit *claims* the message for that worker. From *claimed* the attempt
 * ends one way: *sent* (the provider took it), *retrying* (not sent for sure; it is claimed again later), *dead*
 * (refused for good, or retries spent), *unknown* (bytes left and no response came), or back to *queued* (given back: no
 * byte left).
 *
 * What may not leave now is *held* with its draft and waits for a person, who *releases* it to *queued* or
 * *discards* it. *suppressed*, *rehearsed*, *expired*, *cancelled*, *discarded* and *sent* are ends. *dead* and
 * *unknown* are ends that a person may reopen: a replay queues a dead message, and an unknown one is resolved
 * as sent or queued once more.
 *
 * A message that is queued once more after an attempt without a response may have left already. It may be held like any
 * other, but it never ends as if nothing had left: where it would expire, be cancelled, suppressed or rehearsed, it is
 * *unknown* again.
 *
 * News may come late: a worker that was cut off for longer than its claim comes back and knows that the provider took
 * the message. Whatever became of the message meanwhile, it is *sent* then, unless it has ended for a person's reason.
 *
 * Only the Lua scripts move a message, and the table they obey is generated from `messageMoves` below.
 */
export const messageStates = [
  'queued',
  'claimed',
  'retrying',
  'held',
  'sent',
  'dead',
  'unknown',
  'suppressed',
  'rehearsed',
  'expired',
  'cancelled',
  'discarded',
] as const;

export type MessageState = (typeof messageStates)[number];

/** The `v` of the records and jobs that this program writes. What has a higher one is left alone (docs/adr/0015). */
export const recordVersion = 1;

/** Every permitted move. A move that is not here is refused by the store. */
export const messageMoves: Readonly<Record<MessageState, readonly MessageState[]>> = {
  queued: ['claimed', 'held', 'suppressed', 'rehearsed', 'expired', 'cancelled', 'dead', 'unknown', 'sent'],
  claimed: ['sent', 'retrying', 'dead', 'unknown', 'queued'],
  retrying: [
    'claimed',
    'held',
    'suppressed',
    'rehearsed',
    'expired',
    'cancelled',
    'dead',
    'unknown',
    'queued',
    'sent',
  ],
  held: ['queued', 'expired', 'cancelled', 'discarded', 'unknown', 'sent'],
  dead: ['queued', 'discarded', 'sent'],
  unknown: ['queued', 'sent', 'discarded'],
  sent: [],
  suppressed: [],
  rehearsed: [],
  expired: [],
  cancelled: [],
  discarded: [],
};

/** Ends that say that no byte has left. A message that may have left is `unknown` where it would end as one of these. */
export const untouchedEnds: readonly MessageState[] = ['suppressed', 'rehearsed', 'expired', 'cancelled'];

/** States in which the service itself still has something to do. */
export const openStates: readonly MessageState[] = ['queued', 'claimed', 'retrying'];
/** States that wait for a person. The record is kept until someone decides. */
export const waitingStates: readonly MessageState[] = ['held', 'unknown'];

export const categories = ['transactional', 'promotional'] as const;
export type Category = (typeof categories)[number];

/** How the service was running when a message was planned. A rehearsal stays a rehearsal. */
export const sendModes = ['dry_run', 'testing', 'production'] as const;
export type SendMode = (typeof sendModes)[number];

/** The groups of messages that have an index: open ones, those that wait for a person, and what has ended for good. */
export const messageGroups = ['open', 'held', 'unknown', 'dead', 'ended'] as const;
export type MessageGroup = (typeof messageGroups)[number];

/** In which index a message in this state is found. */
export function groupOf(state: MessageState): MessageGroup {
  if (openStates.includes(state)) return 'open';
  return state === 'held' || state === 'unknown' || state === 'dead' ? state : 'ended';
}

/** True when nothing will change this message again unless a person asks for it. Only such a record expires. */
export function isEnded(state: MessageState): boolean {
  return !openStates.includes(state) && !waitingStates.includes(state);
}

/** Why a message is held. Operators filter by it. */
export const holdReasons = [
  'stopped',
  'promo',
  'not-allowed',
  'guard',
  'interval',
  'daily-cap',
  'cap',
  'sms-country',
  'no-provider',
  'dry-run',
  'other-mode',
  'store-went-back',
  'restored',
] as const;
export type HoldReason = (typeof holdReasons)[number];

/** What to do when an attempt's outcome is not known (DLV-3). */
export type AmbiguityPolicy = 'ask' | 'resend-once';
