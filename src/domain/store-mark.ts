/**
 * How far a store is known to have come. A store that is put back in time (a restored copy, a failover that lost
 * writes, an old volume) shows a lower mark than one that was seen before; another store shows another lineage.
 */
export interface StoreMark {
  /** `<era>.<random>`: made when the store is created, and anew whenever a person adopts it. The era only grows. */
  readonly lineage: string;
  /** Changes of the flags. */
  readonly epoch: number;
  /** Whatever else must not be forgotten: events accepted, messages planned and moved, suppressions. */
  readonly changes: number;
}

export type StoreComparison = 'same-or-ahead' | 'behind' | 'other-lineage';

/** What a store's mark says beside one that was known before it was read. */
export function compareMarks(store: StoreMark, known: StoreMark): StoreComparison {
  if (store.lineage !== known.lineage) return 'other-lineage';
  return store.epoch < known.epoch || store.changes < known.changes ? 'behind' : 'same-or-ahead';
}

/** The furthest of two marks: each count by itself within a lineage, else the one of the later era. */
export function mergeMarks(one: StoreMark, other: StoreMark | undefined): StoreMark {
  if (other === undefined || eraOf(other.lineage) < eraOf(one.lineage)) return one;
  if (other.lineage !== one.lineage) return eraOf(one.lineage) < eraOf(other.lineage) ? other : one;
  return {
    lineage: one.lineage,
    epoch: Math.max(one.epoch, other.epoch),
    changes: Math.max(one.changes, other.changes),
  };
}

/** How often the store has been adopted, plus one. What was accepted in an earlier era may have been sent unseen. */
export function eraOf(lineage: string): number {
  return Number(/^(\d{1,9})\./.exec(lineage)?.[1] ?? 0);
}

/** A lineage of the era, never seen before. `random`: at least 8 characters of `[0-9a-z]`. */
export function formatLineage(era: number, random: string): string {
  return `${era}.${random}`;
}

/** True for what `formatLineage` makes. */
export function isLineage(text: string): boolean {
  return /^\d{1,9}\.[0-9a-z]{8,32}$/.test(text);
}

/** A mark in words, for status, log and audit. */
export function describeMark({ lineage, epoch, changes }: StoreMark): string {
  return `lineage ${lineage}, epoch ${epoch}, ${changes} changes`;
}

/** The mark of a whole store from those of its shards, the central one first: it never sinks while none of them does. */
export function sumMarks([central, ...others]: ShardMarks): StoreMark {
  return { ...central, changes: others.reduce((sum, { changes }) => sum + changes, central.changes) };
}

/** The marks of all shards of a store, the central one first. */
export type ShardMarks = readonly [StoreMark, ...StoreMark[]];

/** The furthest of two, shard by shard. */
export function mergeShardMarks(one: ShardMarks, other: ShardMarks | undefined): ShardMarks {
  const [central, ...others] = one;
  return [
    mergeMarks(central, other?.[0]),
    ...others.map((mark, index) => mergeMarks(mark, other?.[index + 1])),
  ];
}

/** A store as it was read just now. */
export interface SeenStore {
  readonly mark: StoreMark;
  /** Of each of its shards: a process compares them one by one, the witness knows their sum. */
  readonly marks: ShardMarks;
  /** What somebody found when the store was behind what was known of it. */
  readonly wentBack?: string | undefined;
  /** A witness has had a mark of this store. */
  readonly isWitnessed: boolean;
  readonly adoptedFrom?: string | undefined;
}

/** What the witness said before the store was read. */
export type WitnessReading =
  | { readonly kind: 'none' | 'not-asked' | 'no-mark' }
  | { readonly kind: 'mark'; readonly mark: StoreMark }
  | { readonly kind: 'failed'; readonly detail: string };

/** What a process makes of the store that it is connected to. Only `confirmed` lets a message leave. */
export type StoreState =
  | { readonly kind: 'confirmed' }
  /** Not compared yet, or not possible now. */
  | { readonly kind: 'unconfirmed'; readonly detail: string }
  /** Behind what is known of it, or another store than the one that is known: until a person adopts it. */
  | { readonly kind: 'went-back'; readonly detail: string };

/** Compares a store with what the process has seen of it before (`memory`) and with what the witness remembers of everybody. */
export function judgeStore(
  store: SeenStore,
  memory: ShardMarks | undefined,
  witness: WitnessReading,
): StoreState {
  if (store.wentBack !== undefined) return { kind: 'went-back', detail: store.wentBack };
  if (witness.kind === 'failed') return { kind: 'unconfirmed', detail: `the witness ${witness.detail}` };
  if (witness.kind === 'no-mark' && store.isWitnessed)
    return { kind: 'went-back', detail: 'the witness has lost its mark of this store, or is another one' };
  if (witness.kind === 'mark' && compareMarks(store.mark, witness.mark) !== 'same-or-ahead')
    return toWentBack(store.mark, 'the witness has', witness.mark);
  if (store.marks.some(({ lineage }) => lineage !== store.mark.lineage))
    return { kind: 'unconfirmed', detail: 'a shard has not followed the adoption yet' };
  return memory === undefined ? { kind: 'confirmed' } : judgeByMemory(store, memory, witness);
}

function judgeByMemory(store: SeenStore, memory: ShardMarks, witness: WitnessReading): StoreState {
  const behind = store.marks.findIndex((mark, shard) => isBehind(mark, memory[shard]));
  if (behind >= 0) {
    const [mark, known] = [store.marks[behind] ?? store.mark, memory[behind] ?? memory[0]];
    return toWentBack(mark, 'this process has seen', known, behind);
  }
  const comparison = compareMarks(store.mark, memory[0]);
  if (comparison === 'other-lineage' && witness.kind === 'not-asked')
    return { kind: 'unconfirmed', detail: 'its lineage has changed: the witness is to be asked' };
  const isAdopted =
    comparison === 'other-lineage' && (witness.kind === 'mark' || store.adoptedFrom === memory[0].lineage);
  return comparison === 'same-or-ahead' || isAdopted
    ? { kind: 'confirmed' }
    : toWentBack(store.mark, 'this process has seen', memory[0]);
}

function isBehind(mark: StoreMark, known: StoreMark | undefined): boolean {
  return known !== undefined && compareMarks(mark, known) === 'behind';
}

function toWentBack(store: StoreMark, who: string, known: StoreMark, shard = 0): StoreState {
  const what = shard === 0 ? 'the store' : `shard ${shard} of the store`;
  return {
    kind: 'went-back',
    detail: `${what} is at ${describeMark(store)}; ${who} ${describeMark(known)}`,
  };
}
