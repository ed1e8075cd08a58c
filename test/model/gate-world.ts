import type { MessageId } from '../../src/domain/ids.ts';
import { dayMs } from '../../src/domain/instant.ts';
import { type AmbiguityPolicy, type Category, isEnded, type MessageState } from '../../src/domain/message.ts';
import type { AttemptEnd } from '../../src/gate/permits.ts';
import {
  claimMessage,
  commitAttempt,
  endMessage,
  giveBackClaim,
  lapseClaim,
  type MessageFacts,
  type RequeueAsk,
  type Ruled,
  requeueMessage,
  settleEnd,
} from './message-model.ts';
import { type GateFacts, judgePermit, type PermitAsk, type PermitVerdict } from './permit-model.ts';
import {
  backOffRecipient,
  countRecipient,
  type RecipientCounts,
  uncountRecipient,
} from './recipient-model.ts';

/** The limits of the small world in which the model test lives. */
export const world = {
  perMinute: 3,
  perMinuteByDomain: 2,
  spanMs: 60_250,
  intervalMs: { transactional: 0, promotional: 3 * dayMs },
  recipientDailyCap: 5,
  recipientBackOffMs: 10_000,
  perRun: 6,
  perDay: 3,
  claimMs: 20_000,
} as const;

export interface WorldMessage {
  readonly id: MessageId;
  readonly recipient: string;
  readonly category: Category;
  facts: MessageFacts;
}

export interface WorldClaim {
  readonly message: number;
  readonly owner: string;
  readonly claimedAt: number;
  readonly lastBefore: number | undefined;
  readonly caps: readonly string[];
}

/**
 * The whole gate as the reference models see it: a few messages, their recipients, one provider, the counters. Each method
 * does what one script does, and answers the same word.
 */
export class GateWorld {
  readonly messages: WorldMessage[] = [];
  readonly claims: WorldClaim[] = [];
  readonly recipients = new Map<string, RecipientCounts>();
  readonly windows = new Map<string, Map<string, number>>([
    ['all', new Map()],
    ['domain:example.com', new Map()],
  ]);
  readonly caps = new Map<string, number>();
  readonly flags = new Map<string, { value: string; until?: number | undefined }>();
  epoch = 1;
  run = '1';
  blockedUntil = 0;
  now: number;
  /** Caps go back for so long after the claim. */
  readonly returnableMs: number;

  constructor(nowMs: number, returnableMs = Infinity) {
    this.now = nowMs;
    this.returnableMs = returnableMs;
  }

  message(index: number): WorldMessage {
    const found = this.messages[index];
    if (found === undefined) throw new RangeError(`no message ${index}`);
    return found;
  }

  recipient(name: string): RecipientCounts {
    return this.recipients.get(name) ?? { last: new Map(), day: 0, dayCount: 0, failures: 0, notBefore: 0 };
  }

  ask(index: number, rehearse: boolean): PermitVerdict {
    const { facts, category, recipient } = this.message(index);
    const caps = this.namedCaps();
    const ask: PermitAsk = {
      channel: 'email',
      category,
      rehearse,
      intervalMs: world.intervalMs[category],
      quietUntil: 0,
      recipientDailyCap: world.recipientDailyCap,
    };
    const gate: GateFacts = { run: this.run, flags: this.flags };
    const limits = { all: world.perMinute, 'domain:example.com': world.perMinuteByDomain };
    const verdict = judgePermit(
      {
        message: facts,
        gate,
        suppression: undefined,
        recipient: this.recipient(recipient),
        providerBlockedUntil: this.blockedUntil,
        windows: Object.entries(limits).map(([name, limit]) => ({
          name,
          limit,
          spanMs: world.spanMs,
          grants: [...(this.windows.get(name)?.values() ?? [])],
        })),
        caps: caps.map(({ name, limit }) => ({ name, limit, amount: 1, used: this.caps.get(name) ?? 0 })),
      },
      ask,
      this.now,
    );
    const ends = verdict.kind === 'expired' || (verdict.kind === 'ended' && verdict.state !== facts.state);
    if (ends) this.message(index).facts = { ...facts, ...settleEnd('expired', 'not-after', facts.resends) };
    return verdict;
  }

  /** What the store does when the verdict was `go`; the owner is the one that the client made up. */
  grant(index: number, owner: string): void {
    const message = this.message(index);
    const counts = this.recipient(message.recipient);
    const lastBefore = counts.last.get(message.category);
    const caps = this.namedCaps().map(({ name }) => name);
    message.facts = claimMessage(message.facts, { owner, claimMs: world.claimMs, lastBefore }, this.now);
    for (const grants of this.windows.values()) grants.set(owner, this.now);
    for (const cap of caps) this.caps.set(cap, (this.caps.get(cap) ?? 0) + 1);
    this.recipients.set(message.recipient, countRecipient(counts, message.category, this.now));
    this.claims.push({ message: index, owner, claimedAt: this.now, lastBefore, caps });
  }

  commit(claim: WorldClaim, end: AttemptEnd): string {
    const message = this.message(claim.message);
    const before = message.facts;
    if (before.committed === claim.owner) return 'done';
    if (end.blockProviderMs !== undefined)
      this.blockedUntil = Math.max(this.blockedUntil, this.now + end.blockProviderMs);
    const resends = end.to === 'queued' ? 1 : undefined;
    const ruled = commitAttempt(
      before,
      { owner: claim.owner, to: end.to, reason: end.reason, retryInMs: end.retryInMs, resends },
      this.now,
    );
    message.facts = ruled.message;
    if (ruled.answer !== 'done') return ruled.answer;
    if (end.isUnseen === true) for (const grants of this.windows.values()) grants.delete(claim.owner);
    if (end.undo) this.uncount(claim);
    const counts = this.recipient(message.recipient);
    if (end.blamesRecipient === true)
      this.recipients.set(message.recipient, backOffRecipient(counts, world.recipientBackOffMs, this.now));
    else if (end.to === 'sent')
      this.recipients.set(message.recipient, { ...counts, failures: 0, notBefore: 0 });
    return 'done';
  }

  giveBack(claim: WorldClaim): void {
    const message = this.message(claim.message);
    const ruled = giveBackClaim(message.facts, claim.owner, 'stopped');
    message.facts = ruled.message;
    if (ruled.answer !== 'done') return;
    for (const grants of this.windows.values()) grants.delete(claim.owner);
    this.uncount(claim);
  }

  lapse(index: number, policy: AmbiguityPolicy): string {
    return this.apply(index, (facts) => lapseClaim(facts, policy, this.now));
  }

  release(index: number, ask: RequeueAsk): string {
    return this.apply(index, (facts) => requeueMessage(facts, ask, this.now));
  }

  end(index: number, to: MessageState, from: readonly MessageState[], reason: string): string {
    return this.apply(index, (facts) => endMessage(facts, { to, from, reason }, this.now));
  }

  /** True when `on` was refused for a stale epoch. */
  setFlag(name: string, value: 'on' | 'off', seenEpoch: number, until: number | undefined): boolean {
    if (value === 'on' && seenEpoch !== this.epoch) return true;
    const before = this.flags.get(name);
    const wasOn = before?.value === 'on' && (before.until === undefined || this.now < before.until);
    this.epoch += 1;
    if (name === 'send' && value === 'on' && !wasOn) this.run = String(this.epoch);
    this.flags.set(name, { value, until });
    return false;
  }

  countsByState(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { facts } of this.messages) {
      const names = facts.state === 'held' ? ['held', `held:${facts.reason}`] : [facts.state];
      for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  }

  isExpiring(index: number): boolean {
    return isEnded(this.message(index).facts.state);
  }

  private namedCaps(): { name: string; limit: number }[] {
    return [
      { name: `run:${this.run}`, limit: world.perRun },
      { name: `day:${Math.floor(this.now / dayMs)}`, limit: world.perDay },
    ];
  }

  private uncount(claim: WorldClaim): void {
    const { recipient, category } = this.message(claim.message);
    if (this.now < claim.claimedAt + this.returnableMs)
      for (const cap of claim.caps) this.caps.set(cap, (this.caps.get(cap) ?? 0) - 1);
    this.recipients.set(recipient, uncountRecipient(this.recipient(recipient), category, claim));
  }

  private apply(index: number, rule: (facts: MessageFacts) => Ruled): string {
    const message = this.message(index);
    const ruled = rule(message.facts);
    message.facts = ruled.message;
    return ruled.answer;
  }
}
