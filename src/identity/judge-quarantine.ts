import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { EventId } from '../domain/ids.ts';
import type { Keys } from '../store/keys.ts';
import { loadScript, toStoreError } from '../store/scripts.ts';
import { isOurVersion } from '../store/unreadable-record.ts';
import type { KeySet } from './key-set.ts';
import { fingerprint, quarantinedEvent } from './quarantine.ts';
import type { TokenSeal } from './seal-token.ts';
import type { TokenFault, TokenVerdict, TokenVerifier } from './verify-token.ts';

const script = loadScript(new URL('./end-quarantine.lua', import.meta.url), {
  keys: ['event', 'eventsQuarantined', 'quarantineBytes', 'idempotency', 'tokenIdempotency', 'eventsOpen'],
  args: ['id', 'to', 'reason', 'client', 'fingerprint', 'idempotencyMs', 'now', 'retentionMs'],
});

export interface QuarantineJudge {
  readonly redis: Redis;
  readonly keys: Keys;
  /** Absent when no key for sealed tokens is configured: then events only grow old. */
  readonly seal: TokenSeal | undefined;
  readonly tokens: Pick<TokenVerifier, 'verifyToken'>;
  readonly keySet: Pick<KeySet, 'health'>;
  readonly ageMsMax: number;
  readonly idempotencyMs: number;
  readonly retentionMs: number;
  /** Clocks of the processes may differ by this much. */
  readonly clockToleranceMs: number;
  /** The event may go on: adds its job, without being waited for. */
  readonly onAccepted: (event: {
    readonly id: EventId;
    readonly type: string;
    readonly client: string;
  }) => void;
  /** A token was judged bad, for this reason. */
  readonly onTokenFault: (reason: TokenFault) => void;
  /**
   * `token`: a sealed token does not open. It stays until its age ends it, since the key may come back. `record`: a newer
   * program wrote it. It stays until such a program is back.
   */
  readonly onUnreadable: (id: EventId, what: 'token' | 'record') => void;
  /** The store's clock (epoch ms): a verdict is for good, so all its instants are of the one clock. */
  readonly storeNow: () => Promise<number>;
}

/** What one round did, as counts. */
export interface JudgeReport {
  accepted: number;
  /** By reason. */
  readonly rejected: Record<string, number>;
  /** Looked at and still not to be judged. */
  undecided: number;
}

/** An entry of the index of what is quarantined. */
interface Waiting {
  readonly id: EventId;
  readonly receivedAt: number;
}

/**
 * Builds rounds of the judge. A round looks at up to `limit` events, oldest first, and judges each token *as of its
 * receipt*: good ones go on in the order of their receipt, bad ones end rejected, both together with the erasure of
 * the token; what still cannot be told stays, and the next round begins behind it. Every verdict is a
 * compare-and-set, so a judge may be killed anywhere, and two may work at the same time.
 */
export function createJudge(judge: QuarantineJudge): (limit: number) => Promise<JudgeReport> {
  let place: Waiting | undefined;
  return async (limit) => {
    const report: JudgeReport = { accepted: 0, rejected: {}, undecided: 0 };
    const waiting = await readOldest(judge, place, limit);
    for (const one of waiting) {
      await judgeOne(judge, one, report);
      place = one;
    }
    if (waiting.length < limit || report.undecided === 0) place = undefined;
    return report;
  };
}

/** Ends the quarantine of one event without a verdict on its token; false when it was no longer in it. */
export async function rejectQuarantined(
  judge: Pick<QuarantineJudge, 'redis' | 'keys' | 'idempotencyMs' | 'retentionMs' | 'storeNow'>,
  id: EventId,
  reason: string,
): Promise<boolean> {
  const record = await readQuarantined(judge, id);
  if (record === 'newer') return false;
  const [word] = await endQuarantine(judge, id, record, { to: 'rejected', reason, client: '' });
  return word === 'rejected';
}

async function judgeOne(
  judge: QuarantineJudge,
  { id, receivedAt }: Waiting,
  report: JudgeReport,
): Promise<void> {
  const record = await readQuarantined(judge, id);
  if (record === 'newer') {
    judge.onUnreadable(id, 'record');
    report.undecided += 1;
    return;
  }
  const end = record === undefined ? gone : await decide(judge, { id, receivedAt, record });
  if (end === undefined) {
    report.undecided += 1;
    return;
  }
  const result = await endQuarantine(judge, id, record, end);
  noteEnd(judge, report, { id, type: record?.type ?? '', end, result });
}

function noteEnd(
  judge: QuarantineJudge,
  report: JudgeReport,
  {
    id,
    type,
    end,
    result: [word, reason = ''],
  }: {
    readonly id: EventId;
    readonly type: string;
    readonly end: QuarantineEnd;
    readonly result: readonly string[];
  },
): void {
  if (word === 'accepted') {
    report.accepted += 1;
    judge.onAccepted({ id, type, client: end.client });
  }
  if (word !== 'rejected') return;
  report.rejected[reason] = (report.rejected[reason] ?? 0) + 1;
  if (end.fault !== undefined) judge.onTokenFault(end.fault);
}

interface QuarantineEnd {
  readonly to: 'accepted' | 'rejected';
  readonly reason: string;
  /** Empty when it was not proved. */
  readonly client: string;
  readonly fault?: TokenFault;
}

/** Only takes a stray entry off the index. */
const gone: QuarantineEnd = { to: 'rejected', reason: 'quarantine-unreadable', client: '' };

/** The end of this event, or `undefined` when it stays. Being too old is the last thing that counts against it. */
async function decide(
  judge: QuarantineJudge,
  { id, receivedAt, record }: Waiting & { readonly record: QuarantinedRecord },
): Promise<QuarantineEnd | undefined> {
  const token = judge.seal?.open(record.token, id);
  if (token === undefined) judge.onUnreadable(id, 'token');
  const nowMs = await judge.storeNow();
  const end =
    token === undefined
      ? undefined
      : toEnd(judge, { receivedAt, nowMs }, await judge.tokens.verifyToken(token, receivedAt));
  const isTooOld = nowMs - receivedAt > judge.ageMsMax;
  return end ?? (isTooOld ? { to: 'rejected', reason: 'quarantine-expired', client: '' } : undefined);
}

interface At {
  readonly receivedAt: number;
  readonly nowMs: number;
}

function toEnd(judge: QuarantineJudge, at: At, verdict: TokenVerdict): QuarantineEnd | undefined {
  if (verdict.kind === 'verified') {
    const { clientId, scopes } = verdict.caller;
    return scopes.has('notify.send')
      ? { to: 'accepted', reason: '', client: clientId }
      : { to: 'rejected', reason: 'insufficient-scope', client: clientId };
  }
  if (verdict.kind === 'cannot-tell' || !isCertain(judge, verdict, at)) return undefined;
  return { to: 'rejected', reason: verdict.reason, client: '', fault: verdict.reason };
}

/** Verdicts that other keys could turn round; a key without an id, or one whose id is used again, shows as a bad signature. */
const verdictsOfKeys: ReadonlySet<TokenFault> = new Set(['unknown-key', 'wrong-algorithm', 'bad-signature']);

/**
 * A key that we do not know may be one that the issuer made after we last asked. A caller would try again; an event in
 * quarantine cannot. So it is judged by keys that were fetched after its receipt, and waits for those.
 */
function isCertain(
  { keySet, clockToleranceMs }: QuarantineJudge,
  verdict: Extract<TokenVerdict, { kind: 'rejected' }>,
  { receivedAt, nowMs }: At,
): boolean {
  if (!verdictsOfKeys.has(verdict.reason)) return true;
  const { ageMs = Number.POSITIVE_INFINITY } = keySet.health();
  return nowMs - ageMs > receivedAt + clockToleranceMs;
}

const quarantined = quarantinedEvent
  .pick({ v: true, type: true, idempotency: true, tokenScope: true, token: true })
  // As it was taken, for the fingerprint.
  .extend({ body: z.string() });
type QuarantinedRecord = z.infer<typeof quarantined>;
const names = Object.keys(quarantined.shape);

async function readQuarantined(
  { redis, keys }: Pick<QuarantineJudge, 'redis' | 'keys'>,
  id: EventId,
): Promise<QuarantinedRecord | 'newer' | undefined> {
  const values = await redis.hmget(keys.of(id).event(id), ...names).catch((error: unknown) => {
    throw toStoreError('read quarantined event', error);
  });
  const fields = Object.fromEntries(names.map((name, at) => [name, values[at] ?? undefined]));
  return isOurVersion(fields) ? quarantined.safeParse(fields).data : 'newer';
}

async function endQuarantine(
  judge: Pick<QuarantineJudge, 'redis' | 'keys' | 'idempotencyMs' | 'retentionMs' | 'storeNow'>,
  id: EventId,
  record: QuarantinedRecord | undefined,
  end: QuarantineEnd,
): Promise<string[]> {
  const keys = judge.keys.of(id);
  return (await script.run(
    judge.redis,
    {
      ...keys,
      event: keys.event(id),
      idempotency: keys.idempotency(record?.idempotency ?? ''),
      tokenIdempotency: keys.idempotency(record?.tokenScope ?? ''),
    },
    {
      id,
      to: end.to,
      reason: end.reason,
      client: end.client,
      fingerprint: fingerprint(record?.body ?? ''),
      idempotencyMs: judge.idempotencyMs,
      now: await judge.storeNow(),
      retentionMs: judge.retentionMs,
    },
  )) as string[];
}

/** The oldest of all shards behind `place`, at most `limit`. */
async function readOldest(
  { redis, keys }: Pick<QuarantineJudge, 'redis' | 'keys'>,
  place: Waiting | undefined,
  limit: number,
): Promise<Waiting[]> {
  const from = place?.receivedAt ?? '-inf';
  const read = async (shard: number): Promise<Waiting[]> => {
    const { eventsQuarantined } = keys.shard(shard);
    const found: Waiting[] = [];
    // Of those that came in the same millisecond as `place`, any number may lie before it.
    for (let at = 0; found.length < limit; at += limit) {
      const raw = await redis.zrangebyscore(
        eventsQuarantined,
        from,
        '+inf',
        'WITHSCORES',
        'LIMIT',
        at,
        limit,
      );
      const entries = toWaiting(raw);
      found.push(...entries.filter((one) => place === undefined || compare(one, place) > 0));
      if (entries.length < limit) break;
    }
    return found;
  };
  try {
    const shards = await Promise.all(Array.from({ length: keys.shards }, (_, shard) => read(shard)));
    return shards.flat().sort(compare).slice(0, limit);
  } catch (error) {
    throw toStoreError('read quarantine', error);
  }
}

/** Members and scores, by turns. */
function toWaiting(raw: readonly string[]): Waiting[] {
  return raw.flatMap((id, at) =>
    at % 2 === 0 ? [{ id: id as EventId, receivedAt: Number(raw[at + 1]) }] : [],
  );
}

function compare(one: Waiting, other: Waiting): number {
  return one.receivedAt - other.receivedAt || (one.id < other.id ? -1 : Number(one.id > other.id));
}
