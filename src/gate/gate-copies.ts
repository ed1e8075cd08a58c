import type { Redis } from 'ioredis';
import { eraOf, type StoreMark } from '../domain/store-mark.ts';
import type { Keys } from '../store/keys.ts';

/** What another shard than the central one says of its gate. */
export interface GateCopy {
  readonly shard: number;
  readonly mark: StoreMark;
  /** It was initialised. Else whoever began a store has not come to it yet, or died before. */
  readonly isOpen: boolean;
  readonly hasGate: boolean;
  readonly wentBack: string | undefined;
}

export interface CopyFindings {
  /** Every shard was initialised. */
  readonly isOpen: boolean;
  /** A copy is older than the central gate: whoever changed it died before every shard had it, or is about to write it. */
  readonly isLagging: boolean;
  /** Every gate that there is says that the store went back. */
  readonly isMarked: boolean;
  /** What no copy can be without the store having gone back, or what a shard says of that itself. */
  readonly fault: string | undefined;
}

/** Reads what the other shards have of the gate. */
export async function readCopies(redis: Redis, keys: Keys): Promise<readonly GateCopy[]> {
  return await Promise.all(
    keys.all.slice(1).map(async ({ store, gate, messageCounts }, index) => {
      // The marker first: it is written together with the gate, so a gate that is missing after it is lost.
      const [isOpen, [lineage, epoch, wentBack], changes] = await Promise.all([
        redis.hexists(store, 'shards'),
        redis.hmget(gate, 'lineage', 'epoch', 'wentBack'),
        redis.hget(messageCounts, 'changes'),
      ]);
      const mark = { lineage: lineage ?? '', epoch: Number(epoch ?? 0), changes: Number(changes ?? 0) };
      const hasGate = typeof epoch === 'string';
      return { shard: index + 1, mark, isOpen: isOpen === 1, hasGate, wentBack: wentBack ?? undefined };
    }),
  );
}

/** Holds the copies against the central gate, which was read after them. */
export function compareCopies(
  central: StoreMark & { readonly wentBack: string | undefined },
  copies: readonly GateCopy[],
): CopyFindings {
  const present = copies.filter(({ hasGate }) => hasGate);
  const faults = copies.map((copy) => copy.wentBack ?? findFault(central, copy));
  return {
    isOpen: copies.every(({ isOpen }) => isOpen),
    isLagging: present.some(({ mark }) => isOlder(mark, central)),
    isMarked: [central, ...present].every(({ wentBack }) => wentBack !== undefined),
    fault: faults.find((fault) => fault !== undefined),
  };
}

function findFault(central: StoreMark, { shard, mark, isOpen, hasGate }: GateCopy): string | undefined {
  if (!hasGate) return isOpen ? `shard ${shard} has lost its gate` : undefined;
  if (isOlder(central, mark)) return `shard ${shard} is ahead of the central one`;
  const isOther = mark.lineage !== central.lineage && eraOf(mark.lineage) === eraOf(central.lineage);
  return isOther ? `shard ${shard} is of another store` : undefined;
}

function isOlder(one: StoreMark, other: StoreMark): boolean {
  return one.lineage === other.lineage ? one.epoch < other.epoch : eraOf(one.lineage) < eraOf(other.lineage);
}
