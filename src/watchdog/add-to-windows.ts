import type { CounterName } from '../domain/fleet-counters.ts';
import { clientCountersOf, countersOf, type EndedRequest } from '../domain/request-counters.ts';
import { bucketMs, triggerTable } from '../domain/thresholds.ts';
import type { Store } from '../store/keys.ts';

/** Adds what one process counts to the buckets of the whole fleet. */
export interface WindowAdder {
  /** Counts in memory; never waits and never fails. */
  countRequest(request: EndedRequest): void;
  /** Writes what was counted since, in one round trip. What the store did not take is kept for the next time. */
  flush(): Promise<void>;
}

export interface WindowAdderOptions extends Store {
  readonly now: () => number;
  /** Bounds how many clients have a name: `createLabelBound`. */
  readonly nameClient: (client: string) => string;
  /** Told of each counter and the request too: the same counts, for this process's own metrics. */
  readonly onCount?: (count: Count) => void;
}

export interface Count {
  readonly counter: CounterName;
  readonly request: EndedRequest;
  /** Set when it is the client's part that is counted, beside the whole. */
  readonly client?: string;
}

export const countersKeptMs = 3 * 3_600_000;
/** Who had which part is of use for as long as a trigger looks back. */
export const clientCountersKeptMs = triggerTable.depth.spanMs + 60_000;
/** While the store is away, counts of this many buckets are kept; older ones are let go, oldest first. */
const bucketsKeptMax = 60;

/**
 * Counts in memory and writes on `flush`. A write that is known to have failed is repeated; one whose answer was
 * lost may count twice: a count that is a little too high after a failure is on the safe side of a threshold. Each flush also says that
 * this process lives, for the bucket of that moment and no other: nobody can say so afterwards.
 */
export function createWindowAdder(options: WindowAdderOptions): WindowAdder {
  const shard = options.keys.central;
  let pending = new Map<string, Sheet>();
  const add = (place: Place, field: string, count = 1): void => {
    const sheet = pending.get(place.key) ?? { ...place, counts: new Map<string, number>() };
    sheet.counts.set(field, (sheet.counts.get(field) ?? 0) + count);
    pending.set(place.key, sheet);
  };
  return {
    countRequest: (request) => {
      const startMs = toBucketStart(options.now());
      const whole = { key: shard.fleetCounters(startMs), startMs, keptMs: countersKeptMs };
      for (const counter of countersOf(request)) {
        add(whole, counter);
        options.onCount?.({ counter, request });
      }
      const own = clientCountersOf(request);
      if (own === undefined) return;
      const client = options.nameClient(own.client);
      const part = { key: shard.clientCounters(startMs), startMs, keptMs: clientCountersKeptMs };
      for (const counter of own.counters) {
        add(part, `${counter} ${client}`);
        options.onCount?.({ counter, request, client });
      }
    },
    flush: async () => {
      const taken = pending;
      pending = new Map();
      try {
        await writeGauges(options, [...taken.values()]);
      } catch (error) {
        for (const { counts, ...place } of taken.values())
          for (const [field, count] of counts) add(place, field, count);
        dropOldest(pending);
        throw error;
      }
    },
  };
}

/** A hash of the store that counts of one bucket are added to. */
interface Place {
  readonly key: string;
  readonly startMs: number;
  readonly keptMs: number;
}

/** What was counted for it since the last flush, by field. */
interface Sheet extends Place {
  readonly counts: Map<string, number>;
}

/** The start of the bucket that an instant lies in. */
export function toBucketStart(atMs: number): number {
  return Math.floor(atMs / bucketMs) * bucketMs;
}

async function writeGauges({ redis, keys, now }: WindowAdderOptions, taken: readonly Sheet[]): Promise<void> {
  const writes = redis.multi();
  for (const { key, keptMs, counts } of taken) {
    for (const [field, count] of counts) writes.hincrby(key, field, count);
    writes.pexpire(key, keptMs);
  }
  const present = keys.central.fleetCounters(toBucketStart(now()));
  writes.hincrby(present, 'alive', 1);
  writes.pexpire(present, countersKeptMs);
  await writes.exec();
}

function dropOldest(pending: Map<string, Sheet>): void {
  const newest = [...new Set([...pending.values()].map(({ startMs }) => startMs))]
    .sort((left, right) => right - left)
    .slice(0, bucketsKeptMax);
  for (const { key, startMs } of pending.values()) if (!newest.includes(startMs)) pending.delete(key);
}
