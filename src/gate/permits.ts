import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type OwnerId, shardOf } from '../domain/ids.ts';
import { type AmbiguityPolicy, type HoldReason, holdReasons } from '../domain/message.ts';
import type { StoreMark } from '../domain/store-mark.ts';
import type { Store } from '../store/keys.ts';
import { type HistoryLine, type MessageRecord, moveKeyNames, moveKeys } from '../store/message-record.ts';
import { callStore, loadScript } from '../store/scripts.ts';
import { type LimitAsk, type Limits, listLimits } from './limits.ts';
import { createSharedLimits, type SharedLimits, type TakenLimits } from './shared-limits.ts';
import type { StoreKnowledge } from './store-knowledge.ts';

/** The gate's decision: may it leave now?. Only `go` lets a byte leave. */
export type PermitResult =
  | { readonly kind: 'go'; readonly claim: Claim }
  | { readonly kind: 'rehearse'; readonly verdict: string }
  | { readonly kind: 'held'; readonly reason: HoldReason }
  | { readonly kind: 'wait-here'; readonly ms: number; readonly why: string }
  /** `storeMs`: the store's clock, where caps were named of another run or day than there. */
  | { readonly kind: 'wait-later'; readonly ms: number; readonly why: string; readonly storeMs?: number }
  | { readonly kind: 'suppressed'; readonly reason: string }
  | { readonly kind: 'expired' }
  | { readonly kind: 'claimed-elsewhere'; readonly ms: number }
  | { readonly kind: 'ended'; readonly state: string };

/** A granted permit: what it takes to end the attempt or to give the permit back. */
export interface Claim {
  readonly message: MessageRecord;
  readonly owner: OwnerId;
  /** How far the store was when it granted it. */
  readonly mark: StoreMark;
  readonly attempt: number;
  /** As the record says at the claim; `message` was read before it, perhaps long before. */
  readonly resends: number;
  /** From the first attempt to the permit, by the store's clock. */
  readonly sinceFirstAttemptMs: number;
  /** From the permit to the message's `not_after`, by the store's clock; infinite when it has none. */
  readonly leftMs: number;
  readonly provider: string;
  readonly limits: LimitAsk;
}

/** What the gate returns along with `go`. */
type Grant = Pick<Claim, 'mark' | 'attempt' | 'resends' | 'sinceFirstAttemptMs' | 'leftMs'>;

export interface PermitRequest {
  readonly message: MessageRecord;
  readonly provider: string;
  readonly segments: number;
  readonly rehearse: boolean;
}

export interface AttemptEnd {
  readonly to: 'sent' | 'retrying' | 'dead' | 'unknown' | 'queued';
  readonly reason: string;
  readonly line: HistoryLine['attempt'];
  readonly fields: Readonly<Record<string, string>>;
  readonly retryInMs?: number;
  readonly blockProviderMs?: number;
  readonly suppress?: { readonly reason: string; readonly masked: string };
  /** True when nothing was sent for sure: caps and intervals are given back. */
  readonly undo: boolean;
  /** No provider saw the message: windows are given back too. */
  readonly isUnseen?: true;
  /** It is the recipient's doing: others to the same one wait as well, where that is asked for. */
  readonly blamesRecipient?: boolean;
}

export interface Permits {
  ask(request: PermitRequest): Promise<PermitResult>;
  commit(claim: Claim, end: AttemptEnd): Promise<{ readonly late: boolean; readonly state: string }>;
  giveBack(claim: Claim, reason: string): Promise<void>;
  /** Ends a claim past its deadline; `live` when it is not past it after all. */
  lapse(
    message: Pick<MessageRecord, 'id'>,
    policy: AmbiguityPolicy,
  ): Promise<'unknown' | 'queued' | 'live' | 'not-claimed'>;
}

export interface PermitOptions extends Store {
  readonly limits: Limits;
  /** Longest time from permit to the end of the attempt. */
  readonly claimMs: number;
  readonly retentionMs: number;
  /** How far the store is known to have come. Absent in a store that nobody compares. */
  readonly knowledge?: Pick<StoreKnowledge, 'known' | 'note'>;
  readonly now: () => number;
}

/** Until the store has been compared with what is known of it. */
const unconfirmedPauseMs = 250;

const noMark: StoreMark = { lineage: '', epoch: 0, changes: 0 };
const noGrant: Grant = { mark: noMark, attempt: 0, resends: 0, sinceFirstAttemptMs: 0, leftMs: 0 };
const permitScript = loadScript(new URL('./permit.lua', import.meta.url), {
  keys: [...moveKeyNames, 'inflight', 'suppression', 'recipient', 'provider', '...counters'],
  args: ['ask'],
});
const commitScript = loadScript(new URL('./commit-attempt.lua', import.meta.url), {
  keys: [...moveKeyNames, 'inflight', 'provider', 'recipient', 'suppression', 'suppressions', '...counters'],
  args: ['commit'],
});
const giveBackScript = loadScript(new URL('./give-back.lua', import.meta.url), {
  keys: [...moveKeyNames, 'inflight', 'recipient', '...counters'],
  args: ['back'],
});
const lapseScript = loadScript(new URL('./lapse-claim.lua', import.meta.url), {
  keys: [...moveKeyNames, 'inflight'],
  args: ['policy', 'retentionMs'],
});

type Deps = PermitOptions & { readonly shared: SharedLimits };

/** The gate's four scripts behind typed calls: ask, commit, give back, lapse. The store decides; this only speaks. */
export function createPermits(given: PermitOptions): Permits {
  const { redis } = given;
  const options: Deps = { ...given, shared: createSharedLimits(given, given.claimMs) };
  return {
    ask: (request) => askInItsDay(options, request),
    commit: async (claim, end) => await commit(options, claim, end),
    giveBack: async (claim, reason) => void (await giveBack(options, claim, reason)),
    lapse: async (message, policy) => {
      const keys = options.keys.of(message.id);
      const result = (await lapseScript.run(
        redis,
        { ...moveKeys(keys, message.id), inflight: keys.inflight },
        { policy, retentionMs: options.retentionMs },
      )) as string[];
      return result[0] as 'unknown' | 'queued' | 'live' | 'not-claimed';
    },
  };
}

/** Caps are named by the day; where the store has another one than this process, by the store's. */
async function askInItsDay(options: Deps, request: PermitRequest): Promise<PermitResult> {
  const result = await askPermit(options, request, options.now());
  return result.kind === 'wait-later' && result.storeMs !== undefined
    ? await askPermit(options, request, result.storeMs)
    : result;
}

async function askPermit(options: Deps, request: PermitRequest, nowMs: number): Promise<PermitResult> {
  const { message, provider } = request;
  const shard = shardOf(message.id);
  const known = options.knowledge?.known(shard);
  if (options.knowledge !== undefined && known === undefined)
    return { kind: 'wait-later', ms: unconfirmedPauseMs, why: 'store-unconfirmed' };
  const run = options.limits.perRun === undefined ? '' : await readRun(options);
  const limits = listLimits(options.limits, options.keys.central, message, {
    segments: request.segments,
    run,
    nowMs,
  });
  if (limits === 'sms-country') return { kind: 'held', reason: 'sms-country' };
  const owner = randomUUID() as string as OwnerId;
  const toClaim = (grant: Grant): Claim => ({ ...grant, message, owner, provider, limits });
  try {
    const taken = await options.shared.take({ owner, provider, limits, rehearse: request.rehearse });
    const result = parseResult(await runPermit(options, request, { owner, limits, known, taken }), toClaim);
    if (result.kind === 'go') options.knowledge?.note(shard, result.claim.mark);
    else if (taken === 'taken')
      await options.shared.returnAll({ owner, provider, limits }).catch(stayCounted);
    return result;
  } catch (error) {
    // The response is lost, and the claim may exist. Nobody else knows its owner, and no byte has left.
    await giveBackIfPossible(options, toClaim(noGrant));
    throw error;
  }
}

/** A place that cannot be returned now leaves its window with time. */
function stayCounted(): void {}

async function runPermit(
  options: Deps,
  request: PermitRequest,
  {
    owner,
    limits,
    known,
    taken,
  }: {
    readonly owner: OwnerId;
    readonly limits: LimitAsk;
    readonly known: StoreMark | undefined;
    readonly taken: TakenLimits | undefined;
  },
): Promise<string[]> {
  const { message, provider, rehearse } = request;
  const keys = options.keys.of(message.id);
  const { windows, caps, counters } = options.shared.countersOf(limits);
  const { claimMs, retentionMs } = options;
  const { id, channel, category } = message;
  const facts = { id, owner, channel, category, provider, rehearse, claimMs, retentionMs, known };
  const limitsAsked = taken !== undefined;
  const limitInTheWay = typeof taken === 'object' ? taken : undefined;
  const ask = { ...limits, ...facts, windows, caps, limitsAsked, limitInTheWay };
  const given = {
    ...moveKeys(keys, id),
    inflight: keys.inflight,
    suppression: keys.suppression(channel, message.toHash),
    recipient: keys.recipient(message.toHash),
    provider: keys.provider(provider),
    counters,
  };
  return (await permitScript.run(options.redis, given, { ask: JSON.stringify(ask) })) as string[];
}

async function giveBack(options: Deps, claim: Claim, reason: string): Promise<'done' | 'late'> {
  const { id, toHash } = claim.message;
  const keys = options.keys.of(id);
  const { windows, caps, counters } = options.shared.countersOf(claim.limits);
  const back = { ...toName(claim), reason, retentionMs: options.retentionMs, windows, caps };
  const [word] = (await giveBackScript.run(
    options.redis,
    { ...moveKeys(keys, id), inflight: keys.inflight, recipient: keys.recipient(toHash), counters },
    { back: JSON.stringify(back) },
  )) as ['done' | 'late'];
  if (word === 'done') await options.shared.returnAll(claim);
  return word;
}

/** Tries for as long as the claim may live; what stays claimed after that lapses and counts as unknown. */
async function giveBackIfPossible(options: Deps, claim: Claim): Promise<void> {
  const giveUpAt = performance.now() + options.claimMs;
  for (let pauseMs = 50; performance.now() < giveUpAt; pauseMs = Math.min(2 * pauseMs, 1_000)) {
    try {
      const word = await giveBack(options, claim, 'permit-answer-lost');
      // There was no claim, but perhaps a place was taken for it.
      if (word === 'late') await options.shared.returnAll(claim);
      return;
    } catch {
      await delay(pauseMs);
    }
  }
}

async function readRun({ redis, keys }: Store): Promise<string> {
  return (await callStore('read run', () => redis.hget(keys.central.gate, 'run'))) ?? '0';
}

function parseGrant([, lineage = '', ...facts]: readonly string[]): Grant {
  const [epoch = 0, changes = 0, attempt = 0, , resends = 0, sinceFirstAttemptMs = 0, leftMs = Infinity] =
    facts.map(Number);
  return { mark: { lineage, epoch, changes }, attempt, resends, sinceFirstAttemptMs, leftMs };
}

function parseResult(result: readonly string[], toClaim: (grant: Grant) => Claim): PermitResult {
  const [code, first = '', second = '', third] = result;
  switch (code) {
    case 'go':
      return { kind: 'go', claim: toClaim(parseGrant(result)) };
    case 'rehearse':
      return { kind: 'rehearse', verdict: first };
    case 'held':
      return { kind: 'held', reason: holdReasons.find((reason) => reason === first) ?? 'stopped' };
    case 'wait-here':
      return { kind: code, ms: Number(first), why: second };
    case 'wait-later':
      return {
        kind: code,
        ms: Number(first),
        why: second,
        ...(third === undefined ? {} : { storeMs: Number(third) }),
      };
    case 'suppressed':
      return { kind: 'suppressed', reason: first };
    case 'expired':
      return { kind: 'expired' };
    case 'claimed-elsewhere':
      return { kind: 'claimed-elsewhere', ms: Number(first) };
    case 'ended':
      return { kind: 'ended', state: first };
    case undefined:
    default:
      // A response that this program does not know must never be taken for a permit.
      return { kind: 'held', reason: 'stopped' };
  }
}

async function commit(
  options: Deps,
  claim: Claim,
  end: AttemptEnd,
): Promise<{ readonly late: boolean; readonly state: string }> {
  const { message, provider } = claim;
  const keys = options.keys.of(message.id);
  const { windows, caps, counters } = options.shared.countersOf(claim.limits);
  const ask = {
    ...toCommit(options, claim, end),
    windows: end.isUnseen === true ? windows : [],
    caps: end.undo ? caps : [],
  };
  const given = {
    ...moveKeys(keys, message.id),
    inflight: keys.inflight,
    provider: keys.provider(provider),
    recipient: keys.recipient(message.toHash),
    suppression: keys.suppression(message.channel, message.toHash),
    suppressions: keys.suppressions,
    counters,
  };
  const [code, state, again] = (await commitScript.run(options.redis, given, {
    commit: JSON.stringify(ask),
  })) as string[];
  const late = code === 'late';
  // Not for a repeated commit: whoever breaks off in between leaves places counted, and a block to the provider's next answer.
  if (again === undefined)
    await options.shared.settle(claim, late ? { ...end, undo: false, isUnseen: false } : end);
  return { late, state: state ?? end.to };
}

function toCommit(options: Deps, claim: Claim, end: AttemptEnd): object {
  const { message } = claim;
  return {
    ...toName(claim),
    to: end.to,
    reason: end.reason,
    line: { by: claim.provider, attempt: end.line },
    fields: end.fields,
    retryAt: end.retryInMs,
    retentionMs: options.retentionMs,
    blockProviderMs: options.keys.shards === 1 ? end.blockProviderMs : undefined,
    backOffRecipientMs:
      end.blamesRecipient === true && options.limits.recipientBackOffMs > 0
        ? options.limits.recipientBackOffMs
        : undefined,
    suppress:
      end.suppress === undefined
        ? undefined
        : { ...end.suppress, source: claim.provider, member: `${message.channel}:${message.toHash}` },
    undoRecipient: end.undo ? true : undefined,
  };
}

function toName(claim: Claim): { id: string; owner: string; channel: string; category: string } {
  const { id, channel, category } = claim.message;
  return { id, owner: claim.owner, channel, category };
}
