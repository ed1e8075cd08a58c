import type { Channel } from '../../src/domain/channel.ts';
import { dayMs } from '../../src/domain/instant.ts';
import type { Category, MessageState } from '../../src/domain/message.ts';
import { settleEnd } from './message-model.ts';
import type { RecipientCounts } from './recipient-model.ts';

/**
 * May this message leave now? The reference model that `permit.lua` is compared against
 * (`test/integration/gate-model.test.ts`); production runs the script alone. Everything it looks at comes in as a value; the
 * instant is the store's. Strictest first:
 *
 * 1. there must be something to send: the message is queued or retrying, and not past its `notAfter`;
 * 2. the gate says exactly `on`, for sending as a whole, for the channel and for the category;
 * 3. the address is not suppressed;
 * 4. its time has come, and consumers are not paused;
 * 5. the recipient: interval, back-off, daily cap, quiet hours;
 * 6. the provider's back-off, the windows of the fleet, and at last the caps.
 */
export function judgePermit(facts: PermitFacts, ask: PermitAsk, nowMs: number): PermitVerdict {
  const { gate, suppression } = facts;
  const over = findEnd(facts.message, nowMs);
  if (over !== undefined) return over;
  const sendFlags = ['send', `send:${ask.channel}`, `send:${ask.category}`];
  if (gate === undefined || !sendFlags.every((flag) => isFlagOn(gate, flag, nowMs)))
    return { kind: 'held', reason: 'stopped' };
  if (suppression !== undefined)
    return endUntouched(facts.message, { kind: 'suppressed', reason: suppression });
  const obstacle = findObstacle(facts, gate, ask, nowMs);
  return ask.rehearse ? rehearseVerdict(obstacle) : (obstacle ?? { kind: 'go' });
}

/** What the store knows when a permit is asked for. */
export interface PermitFacts {
  readonly message: {
    readonly state: MessageState;
    /** Absent: none. */
    readonly resends?: number | undefined;
    readonly notAfter?: number | undefined;
    readonly deadline?: number | undefined;
    readonly sendAt?: number | undefined;
    readonly retryAt?: number | undefined;
  };
  /** Undefined: the gate is missing, which means stopped. */
  readonly gate: GateFacts | undefined;
  readonly suppression: string | undefined;
  readonly recipient: RecipientCounts;
  readonly providerBlockedUntil: number;
  readonly windows: readonly WindowFacts[];
  readonly caps: readonly CapFacts[];
}

export interface GateFacts {
  readonly run: string;
  readonly flags: ReadonlyMap<string, { readonly value: string; readonly until?: number | undefined }>;
}

export interface WindowFacts {
  readonly name: string;
  readonly limit: number;
  readonly spanMs: number;
  /** Instants of the permits granted, in any order. */
  readonly grants: readonly number[];
}

export interface CapFacts {
  readonly name: string;
  readonly limit: number;
  readonly amount: number;
  readonly used: number;
}

export interface PermitAsk {
  readonly channel: Channel;
  readonly category: Category;
  readonly rehearse: boolean;
  readonly intervalMs: number;
  readonly quietUntil: number;
  readonly recipientDailyCap?: number | undefined;
  /** The run and the UTC day that the caps were named for. */
  readonly run?: string | undefined;
  readonly day?: string | undefined;
}

export type PermitVerdict =
  | { readonly kind: 'go' }
  | { readonly kind: 'rehearse'; readonly verdict: string }
  | { readonly kind: 'suppressed'; readonly reason: string }
  | { readonly kind: 'expired' }
  | { readonly kind: 'claimed-elsewhere'; readonly ms: number }
  | { readonly kind: 'ended'; readonly state: MessageState }
  | Obstacle;

type Obstacle =
  | { readonly kind: 'held'; readonly reason: string }
  | { readonly kind: 'wait-here' | 'wait-later'; readonly ms: number; readonly why: string };

/** True when the flag says exactly `on` and its expiry, if it has one, has not come. */
export function isFlagOn(gate: GateFacts, name: string, nowMs: number): boolean {
  const flag = gate.flags.get(name);
  return flag?.value === 'on' && (flag.until === undefined || nowMs < flag.until);
}

/** Why there is nothing to send; undefined when there is. */
function findEnd(message: PermitFacts['message'], nowMs: number): PermitVerdict | undefined {
  const { state } = message;
  if (state === 'claimed') return { kind: 'claimed-elsewhere', ms: (message.deadline ?? 0) - nowMs };
  if (state !== 'queued' && state !== 'retrying') return { kind: 'ended', state };
  return nowMs >= (message.notAfter ?? Infinity) ? endUntouched(message, { kind: 'expired' }) : undefined;
}

/** The end of a message that never left; one that may have left is unknown instead. */
function endUntouched(
  { resends }: PermitFacts['message'],
  end: Extract<PermitVerdict, { kind: 'suppressed' | 'expired' }>,
): PermitVerdict {
  const { state } = settleEnd(end.kind, '', resends ?? 0);
  return state === end.kind ? end : { kind: 'ended', state };
}

function findObstacle(
  facts: PermitFacts,
  gate: GateFacts,
  ask: PermitAsk,
  nowMs: number,
): Obstacle | undefined {
  const { sendAt = 0, retryAt = 0, notAfter = Infinity } = facts.message;
  const leftMs = notAfter - nowMs;
  const later = (ms: number, why: string): Obstacle => ({
    kind: 'wait-later',
    ms: Math.min(ms, leftMs),
    why,
  });
  const dueAt = Math.max(sendAt, retryAt);
  if (dueAt > nowMs) return later(dueAt - nowMs, 'not-due');
  if (!['consume', `consume:${ask.channel}`].every((flag) => isFlagOn(gate, flag, nowMs)))
    return { kind: 'wait-later', ms: 1_000, why: 'consumers-paused' };
  const wait = findRecipientWait(facts.recipient, ask, nowMs);
  if (wait !== undefined) {
    // A wait of more than a day is for a person to know of, unless the message ends before.
    const isLong = wait.ms > dayMs && wait.ms < leftMs;
    return isLong ? { kind: 'held', reason: wait.why } : later(wait.ms, wait.why);
  }
  const blockedMs = facts.providerBlockedUntil - nowMs;
  return blockedMs > 0 ? later(blockedMs, 'provider-back-off') : findFleetLimit(facts, gate, ask, nowMs);
}

function findFleetLimit(
  facts: PermitFacts,
  gate: GateFacts,
  ask: PermitAsk,
  nowMs: number,
): Obstacle | undefined {
  return findWindowWait(facts.windows, nowMs) ?? findCap(facts, gate, ask, nowMs);
}

function findRecipientWait(
  counts: RecipientCounts,
  ask: PermitAsk,
  nowMs: number,
): { ms: number; why: string } | undefined {
  const last = counts.last.get(ask.category);
  if (ask.intervalMs > 0 && last !== undefined && nowMs - last < ask.intervalMs)
    return { ms: last + ask.intervalMs - nowMs, why: 'interval' };
  if (counts.notBefore > nowMs) return { ms: counts.notBefore - nowMs, why: 'recipient-back-off' };
  const today = Math.floor(nowMs / dayMs);
  if (ask.recipientDailyCap !== undefined && counts.day === today && counts.dayCount >= ask.recipientDailyCap)
    return { ms: (today + 1) * dayMs - nowMs, why: 'daily-cap' };
  return ask.quietUntil > nowMs ? { ms: ask.quietUntil - nowMs, why: 'quiet-hours' } : undefined;
}

/** The window that is full for longest. A window is full while `limit` grants are younger than its span. */
function findWindowWait(windows: readonly WindowFacts[], nowMs: number): Obstacle | undefined {
  let longest: { ms: number; name: string } | undefined;
  for (const window of windows) {
    const inside = window.grants.filter((at) => at > nowMs - window.spanMs).sort((a, b) => a - b);
    const leaves = inside.length - window.limit;
    if (leaves < 0) continue;
    const ms = (inside[leaves] ?? nowMs) + window.spanMs - nowMs;
    if (ms > (longest?.ms ?? 0)) longest = { ms, name: window.name };
  }
  if (longest === undefined) return undefined;
  const kind = longest.name.startsWith('domain:') ? 'wait-later' : 'wait-here';
  return { kind, ms: longest.ms, why: longest.name };
}

function findCap(facts: PermitFacts, gate: GateFacts, ask: PermitAsk, nowMs: number): Obstacle | undefined {
  const otherRun = ask.run !== undefined && ask.run !== gate.run;
  const otherDay = ask.day !== undefined && ask.day !== String(Math.floor(nowMs / dayMs));
  if (otherRun || otherDay) return { kind: 'wait-later', ms: 1, why: 'new-run-or-day' };
  const reached = facts.caps.some((cap) => cap.used + cap.amount > cap.limit + 1e-9);
  return reached ? { kind: 'held', reason: 'cap' } : undefined;
}

/** A rehearsal waits only for its time; whatever else stands in the way is told and changes nothing. */
function rehearseVerdict(obstacle: Obstacle | undefined): PermitVerdict {
  if (obstacle === undefined) return { kind: 'rehearse', verdict: 'go' };
  if (obstacle.kind === 'held') return { kind: 'rehearse', verdict: `held ${obstacle.reason}` };
  if (obstacle.why === 'not-due') return obstacle;
  return { kind: 'rehearse', verdict: `${obstacle.kind} ${obstacle.why}` };
}
