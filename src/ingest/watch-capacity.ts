import type { Redis } from 'ioredis';
import { type CapacityBudget, type CapacityVerdict, findBurden, judgeCapacity } from '../domain/capacity.ts';
import { ServiceError } from '../domain/errors.ts';
import { countMembers } from '../store/count-members.ts';
import type { Keys } from '../store/keys.ts';

export interface CapacityWatch {
  /** Looks at the store's memory and at the backlog. A look that fails changes nothing and rejects. */
  look(): Promise<void>;
  /** Throws `over-capacity` (503) while memory or backlog is over its budget, as last seen. Asks nobody. */
  check(): void;
  /** How many times its price a request costs its client, as last seen: more as the budget fills. */
  burden(): number;
}

export interface CapacityWatchOptions {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly budget: CapacityBudget;
  readonly onChange: (verdict: CapacityVerdict) => void;
}

const reasons = {
  memory: 'The store is nearly full',
  backlog: 'Too much is waiting to be delivered',
} as const;

/** Knows whether there is room for more: looked at now and then, so that no request pays for it. */
export function createCapacityWatch(options: CapacityWatchOptions): CapacityWatch {
  let verdict: CapacityVerdict = { kind: 'open' };
  let burden = 1;
  return {
    look: async () => {
      const [memoryShare, backlog] = await Promise.all([
        readMemoryShare(options.redis),
        countMembers(options.redis, options.keys, ({ eventsOpen, messagesOpen }) => [
          eventsOpen,
          messagesOpen,
        ]),
      ]);
      const before = verdict;
      verdict = judgeCapacity(before, { memoryShare, backlog }, options.budget);
      burden = findBurden({ memoryShare, backlog }, options.budget);
      if (verdict.kind !== before.kind) options.onChange(verdict);
    },
    check: () => {
      if (verdict.kind === 'open') return;
      const detail = `${reasons[verdict.what]}. Nothing was accepted; send the same request again later.`;
      throw new ServiceError('over-capacity', detail, { retryAfterSeconds: 10 });
    },
    burden: () => burden,
  };
}

/** `used_memory` of `maxmemory`; undefined when the store has no limit (it then ends with its machine). */
async function readMemoryShare(redis: Redis): Promise<number | undefined> {
  const info = await redis.info('memory');
  const read = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  const max = read('maxmemory');
  return max === 0 ? undefined : read('used_memory') / max;
}
