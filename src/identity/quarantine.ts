import type { Redis } from 'ioredis';
import { z } from 'zod';
import { ServiceError } from '../domain/errors.ts';
import type { IncomingEvent } from '../domain/event.ts';
import { type ClientId, type EventId, parseEventId } from '../domain/ids.ts';
import { recordVersion, type SendMode } from '../domain/message.ts';
import { takenEvent } from '../store/event-record.ts';
import type { Keys } from '../store/keys.ts';
import { createEventId, fingerprintEvent, placeEvent } from '../store/place-event.ts';
import { toPairs } from '../store/record-fields.ts';
import { loadScript } from '../store/scripts.ts';
import { hashToId } from '../store/shards.ts';
import { digestToken } from './digest-token.ts';
import type { TokenSeal } from './seal-token.ts';

const script = loadScript(new URL('./take-quarantined.lua', import.meta.url), {
  keys: [
    'idempotency',
    'event',
    'eventsQuarantined',
    'quarantineBytes',
    'quarantineSource',
    'messageCounts',
    'gate',
  ],
  args: [
    'fingerprint',
    'idempotencyMs',
    'id',
    'receivedAt',
    'eventsMax',
    'bytesMax',
    'ageMsMax',
    'perSourceMax',
    '...fields',
  ],
});

/** What is written of an event that goes into quarantine; its verdict erases the last three. */
export const quarantinedEvent = takenEvent.extend({
  /** What the token says, unproved. */
  claimedClient: z.string(),
  idempotency: z.string(),
  tokenScope: z.string(),
  /** Sealed. */
  token: z.string(),
});

/** What the quarantine holds at most. The store's shards share it evenly. */
export interface QuarantineBounds {
  readonly eventsMax: number;
  readonly bytesMax: number;
  /** An event that nobody could judge for this long ends `rejected`. */
  readonly ageMsMax: number;
  /** Of one claimed client at one remote address. */
  readonly perSourcePerMinute: number;
}

export interface QuarantineOptions {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly seal: TokenSeal;
  readonly bounds: QuarantineBounds;
  readonly mode: SendMode;
  readonly idempotencyMs: number;
  /** The store's clock (epoch ms). */
  readonly storeNow: () => Promise<number>;
}

/** An event that has passed every check at the door but one: who sent it. */
export interface UnjudgedEvent {
  readonly token: string;
  /** What the token says, unproved. */
  readonly claimedClient: ClientId;
  readonly remoteAddress: string;
  readonly idempotencyKey: string;
  readonly event: IncomingEvent;
  readonly requestId: string;
  readonly traceparent?: string;
}

export type QuarantineResult =
  | {
      readonly kind: 'accepted' | 'replayed';
      readonly eventId: EventId;
      readonly status: 'quarantined';
      readonly dryRun: boolean;
    }
  | { readonly kind: 'conflict'; readonly eventId: EventId };

/** The judge comes round once a second; only when it does not for this long is an old event a reason to take no more. */
const judgeGraceMs = 60_000;
const retryAfterSeconds = 30;

/**
 * Receive-and-queue (IDN-4): takes an event while no key can be had to judge its token. A result means *on disk*,
 * with the token sealed beside the event. `judge-quarantine.ts` decides later, as of the receipt.
 *
 * Nothing that is unproved touches what is proved. The idempotency of a quarantined event is scoped to its very
 * token, not to the client that the token claims: a forger can neither probe nor block the keys of the client he
 * claims to be, nor swallow its event by posting the same first. One client that posts a key with two tokens has two
 * events here; when they are judged good each joins the scope of the proved client, and the first one there wins. The
 * others end `rejected` with the reason `duplicate` (or `idempotency-conflict`, for another body), so nothing is
 * delivered twice: neither what was accepted before the outage, nor what was sent again after it. What ends rejected
 * forgets its token's key, so that the same post may come again. Until the verdict the record has no client at
 * all, and so nobody but an administrator can read it.
 *
 * A flood of forged tokens can at worst fill the quarantine: then honest callers get the 503 that they would
 * get without one.
 *
 * @throws ServiceError `keys-unavailable` (503) when a bound is reached, `store-unavailable`
 */
export function createQuarantine(
  options: QuarantineOptions,
): (unjudged: UnjudgedEvent) => Promise<QuarantineResult> {
  const { redis, keys, bounds, mode } = options;
  const share = (max: number): number => Math.ceil(max / keys.shards);
  const limits = {
    eventsMax: share(bounds.eventsMax),
    bytesMax: share(bounds.bytesMax),
    ageMsMax: bounds.ageMsMax + judgeGraceMs,
    perSourceMax: share(bounds.perSourcePerMinute),
  };
  return async (unjudged) => {
    const { claimedClient, remoteAddress, idempotencyKey, token } = unjudged;
    // The shard of the scope that it will join, so that the verdict is one step too.
    const { shard, idempotency } = placeEvent(claimedClient, idempotencyKey, keys.shards);
    const shardKeys = keys.shard(shard);
    // Its token will be judged as of its receipt, for good: by no clock that may be wrong.
    const receivedAt = await options.storeNow();
    const eventId = createEventId(shard, receivedAt);
    const tokenScope = hashToId('quarantine', digestToken(token), idempotencyKey);
    const fields = z.encode(quarantinedEvent, {
      v: recordVersion,
      state: 'quarantined',
      client: '',
      claimedClient,
      type: unjudged.event.type,
      mode,
      body: unjudged.event,
      receivedAt,
      requestId: unjudged.requestId,
      traceparent: unjudged.traceparent,
      idempotency,
      tokenScope,
      token: options.seal.seal(token, eventId),
    });
    const result = (await script.run(
      redis,
      {
        ...shardKeys,
        idempotency: shardKeys.idempotency(tokenScope),
        event: shardKeys.event(eventId),
        quarantineSource: shardKeys.quarantineSource(hashToId(claimedClient, remoteAddress)),
      },
      {
        ...limits,
        fingerprint: fingerprintEvent(fields.body),
        idempotencyMs: options.idempotencyMs,
        id: eventId,
        receivedAt,
        fields: toPairs(fields),
      },
    )) as string[];
    return readResult(result, { eventId, mode });
  };
}

function readResult(
  [code, detail = '', , firstMode]: string[],
  taken: { eventId: EventId; mode: SendMode },
): QuarantineResult {
  if (code === 'taken') {
    return {
      kind: 'accepted',
      eventId: taken.eventId,
      status: 'quarantined',
      dryRun: taken.mode === 'dry_run',
    };
  }
  if (code === 'full') {
    throw new ServiceError(
      'keys-unavailable',
      `The token cannot be judged now, and no more events can be kept until it can (${fullReasons[detail] ?? detail}). Send the same request again later.`,
      { retryAfterSeconds },
    );
  }
  const first = parseEventId(detail);
  if (first === undefined) throw new Error(`take-quarantined answered without an event id: ${code}`);
  if (code === 'conflict') return { kind: 'conflict', eventId: first };
  return { kind: 'replayed', eventId: first, status: 'quarantined', dryRun: firstMode === 'dry_run' };
}

const fullReasons: Readonly<Record<string, string>> = {
  age: 'the oldest has waited too long',
  events: 'there are too many',
  bytes: 'they take too much room',
  source: 'too many in one minute from this caller',
};
