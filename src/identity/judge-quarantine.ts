import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { EventId } from '../domain/ids.ts';
import { askShards } from '../store/ask-shards.ts';
import type { Keys, ShardKeys } from '../store/keys.ts';
import { fingerprintEvent } from '../store/place-event.ts';
import { loadScript, toStoreError } from '../store/scripts.ts';
import { isOurVersion } from '../store/unreadable-record.ts';
import type { KeySet } from './key-set.ts';
import { quarantinedEvent } from './quarantine.ts';
import type { TokenSeal } from './seal-token.ts';
import { keyErrors, type TokenError, type TokenVerdict, type TokenVerifier } from './verify-token.ts';

const script = loadScript(new URL('./end-quarantine.lua', import.meta.url), {
  keys: ['event', 'eventsQuarantined', 'quarantineBytes', 'idempotency', 'tokenIdempotency', 'eventsOpen'],
  args: ['id', 'to', 'reason', 'client', 'fingerprint', 'idempotencyMs', 'now', 'retentionMs'],
});

/** What it takes to end the quarantine of an event. */
export interface EndQuarantineDeps {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly idempotencyMs: number;
  readonly retentionMs: number;
  /** The store's clock (epoch ms): a verdict is for good, so all its instants are of the one clock. */
  readonly storeNow: () => Promise<number>;
}

export interface QuarantineJudge extends EndQuarantineDeps {
  /** Absent when no key for sealed tokens is configured: then events only grow old. */
  readonly seal: TokenSeal | undefined;
  readonly tokens: Pick<TokenVerifier, 'verifyToken'>;
  readonly keySet: Pick<KeySet, 'health'>;
  readonly ageMsMax: number;
  /** Clocks of the processes may differ by this much. */
  readonly clockToleranceMs: number;
  /** The event may go on: adds its job, without being waited for. */
  readonly onAccepted: (event: {
    readonly id: EventId;
    readonly type: string;
    readonly client: string;
  }) => void;
  /** A token was judged bad, for this reason. */
  readonly onTokenError: (reason: TokenError) => void;
  /**
   * `token`: a sealed token does not open. It stays until its age ends it, since the key may come back. `record`: a newer
   * program wrote it. It stays until such a program is back.
   */
  readonly onUnreadable: (id: EventId, what: 'token' | 'record') => void;
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
  store: EndQuarantineDeps,
  id: EventId,
  reason: string,
): Promise<boolean> {
  const record = await readQuarantined(store, id);
  if (record === 'newer') return false;
  const [code] = await endQuarantine(store, id, record, { to: 'rejected', reason, client: '' });
  return code === 'rejected';
}

async function judgeOne(
  judge: QuarantineJudge,
  { id, receivedAt }: Waiting,
  report: JudgeReport,
): Promise<void> {
  const record = await readQuarantined(judge, id);
  const end = await decide(judge, { id, receivedAt }, record);
  if (end === undefined || record === 'newer') {
    report.undecided += 1;
    return;
  }
  const [code, reason = ''] = await endQuarantine(judge, id, record, end);
  if (code === 'accepted') {
    report.accepted += 1;
    judge.onAccepted({ id, type: record?.type ?? '', client: end.client });
  } else if (code === 'rejected') {
    report.rejected[reason] = (report.rejected[reason] ?? 0) + 1;
    if (end.error !== undefined) judge.onTokenError(end.error);
  }
}

interface QuarantineEnd {
  readonly to: 'accepted' | 'rejected';
  readonly reason: string;
  /** Empty when it was not proved. */
  readonly client: string;
  readonly error?: TokenError;
}

/** Only takes a stray entry off the index. */
const gone: QuarantineEnd = { to: 'rejected', reason: 'quarantine-unreadable', client: '' };

/** The end of this event, or `undefined` when it stays. Being too old is the last thing that counts against it. */
async function decide(
  judge: QuarantineJudge,
  { id, receivedAt }: Waiting,
  record: QuarantinedRecord | 'newer' | undefined,
): Promise<QuarantineEnd | undefined> {
  if (record === 'newer') {
    judge.onUnreadable(id, 'record');
    return undefined;
  }
  if (record === undefined) return gone;
  const token = judge.seal?.open(record.token, id);
  if (token === undefined) judge.onUnreadable(id, 'token');
  const nowMs = await judge.storeNow();
  const verdict = token === undefined ? undefined : await judge.tokens.verifyToken(token, receivedAt);
  const end = verdict === undefined ? undefined : toEnd(judge, verdict, receivedAt, nowMs);
  const isTooOld = nowMs - receivedAt > judge.ageMsMax;
  return end ?? (isTooOld ? { to: 'rejected', reason: 'quarantine-expired', client: '' } : undefined);
}

function toEnd(
  judge: QuarantineJudge,
  verdict: TokenVerdict,
  receivedAt: number,
  nowMs: number,
): QuarantineEnd | undefined {
  if (verdict.kind === 'verified') {
    const { clientId, scopes } = verdict.caller;
    return scopes.has('notify.send')
      ? { to: 'accepted', reason: '', client: clientId }
      : { to: 'rejected', reason: 'insufficient-scope', client: clientId };
  }
  if (verdict.kind === 'cannot-tell') return undefined;
  // A key that we do not know may be one that the issuer made after we last asked. A caller would try again; an event in
  // quarantine cannot. So it is judged by keys that were fetched after its receipt, and waits for those.
  const { ageMs = Number.POSITIVE_INFINITY } = judge.keySet.health();
  const areKeysNewer = nowMs - ageMs > receivedAt + judge.clockToleranceMs;
  return keyErrors.has(verdict.reason) && !areKeysNewer
    ? undefined
    : { to: 'rejected', reason: verdict.reason, client: '', error: verdict.reason };
}

const quarantined = quarantinedEvent
  .pick({ v: true, type: true, idempotency: true, tokenScope: true, token: true })
  // As it was taken, for the fingerprint.
  .extend({ body: z.string() });
type QuarantinedRecord = z.infer<typeof quarantined>;
const names = Object.keys(quarantined.shape);

async function readQuarantined(
  { redis, keys }: Pick<EndQuarantineDeps, 'redis' | 'keys'>,
  id: EventId,
): Promise<QuarantinedRecord | 'newer' | undefined> {
  const values = await redis.hmget(keys.of(id).event(id), ...names).catch((error: unknown) => {
    throw toStoreError('read quarantined event', error);
  });
  const fields = Object.fromEntries(names.map((name, at) => [name, values[at] ?? undefined]));
  return isOurVersion(fields) ? quarantined.safeParse(fields).data : 'newer';
}

async function endQuarantine(
  store: EndQuarantineDeps,
  id: EventId,
  record: QuarantinedRecord | undefined,
  end: QuarantineEnd,
): Promise<string[]> {
  const keys = store.keys.of(id);
  return (await script.run(
    store.redis,
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
      fingerprint: fingerprintEvent(record?.body ?? ''),
      idempotencyMs: store.idempotencyMs,
      now: await store.storeNow(),
      retentionMs: store.retentionMs,
    },
  )) as string[];
}

/** The oldest of all shards behind `place`, at most `limit`. */
async function readOldest(
  { redis, keys }: Pick<EndQuarantineDeps, 'redis' | 'keys'>,
  place: Waiting | undefined,
  limit: number,
): Promise<Waiting[]> {
  const from = place?.receivedAt ?? '-inf';
  const read = async ({ eventsQuarantined }: ShardKeys): Promise<Waiting[]> => {
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
  const shards = await askShards('read quarantine', keys, read);
  return shards.flat().sort(compare).slice(0, limit);
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
