import { toErrorText } from '../domain/errors.ts';
import {
  compareMarks,
  judgeStore,
  mergeMarks,
  mergeShardMarks,
  type ShardMarks,
  type StoreMark,
  type StoreState,
  sumMarks,
  type WitnessReading,
} from '../domain/store-mark.ts';
import type { Store } from '../store/keys.ts';
import { loadScript, toStoreError } from '../store/scripts.ts';
import type { Witness } from '../store/witness.ts';
import type { GateState } from './flags.ts';
import { settleGate } from './settle-gate.ts';

/**
 * What this process knows of how far the store has come: what it has seen itself of each shard, and what the witness
 * remembers of everybody, which is one mark for all shards. The store is compared with the witness when the process starts and whenever the connection was lost, and
 * with what was seen here at every look and every permit.
 */
export interface StoreKnowledge {
  /** Reads the gate and compares, and has shards follow the central one; undefined when there is none. Never rejects. */
  look(): Promise<GateState | undefined>;
  state(): StoreState;
  /** What a permit of the shard must not be behind; undefined until the store has been compared: then none is to be asked for. */
  known(shard: number): StoreMark | undefined;
  note(shard: number, mark: StoreMark): void;
  /** The connection ends, and what comes back may be older: the witness is informed at once how far the store had come. */
  forget(): Promise<void>;
  /** Why the witness could not be read or written when it was last tried; empty when it could, undefined when there is none. */
  witnessError(): string | undefined;
}

export interface StoreKnowledgeOptions extends Store {
  /** Absent: none is configured, and only what this process has seen itself is compared. */
  readonly witness?: Witness | undefined;
  /** Initialises the store when there is nothing in it, or in a shard: one that has been emptied is another store. */
  readonly openStore: () => Promise<unknown>;
  readonly monotonicNow: () => number;
  readonly onWentBack: (detail: string) => void;
}

const script = loadScript(new URL('./mark-behind.lua', import.meta.url), {
  keys: ['gate'],
  args: ['lineage', 'detail', 'hint'],
});
/** The witness is behind the store by this much at most while no flag changes and the connection lasts. */
const raiseEveryMs = 2_000;

/** Knows nothing at first. */
export function createStoreKnowledge(options: StoreKnowledgeOptions): StoreKnowledge {
  const witness = createWitnessClient(options);
  let memory: ShardMarks | undefined;
  let state: StoreState = { kind: 'unconfirmed', detail: 'it has not been compared yet' };
  /** Counts lost connections: a look that began before one confirms nothing after it. */
  let losses = 0;

  const settle = async (found: StoreState, gate: GateState): Promise<void> => {
    if (found.kind === 'confirmed') {
      if (state.kind !== 'confirmed' && !gate.isWitnessed) await witness.begin(gate.mark);
      memory = mergeShardMarks(gate.marks, memory);
      witness.raiseWhenDue(sumMarks(memory));
    } else if (found.kind === 'went-back') {
      memory ??= gate.marks;
      if (!gate.copies.isMarked) await markBehind(options, gate, found.detail);
      if (state.kind !== 'went-back') options.onWentBack(found.detail);
    }
    state = found;
  };
  const readBoth = async () => {
    // Before the store: a mark that is raised in between must not make the store look old.
    const reading = state.kind === 'confirmed' ? witness.notAsked : await witness.ask();
    const found = await settleGate(options);
    return { reading, gate: found?.copies.isOpen === true ? found : await reopen(options) };
  };
  const look = async (): Promise<GateState | undefined> => {
    const [lossesBefore, memoryBefore] = [losses, memory];
    const first = await readBoth();
    // Another process may have given the witness its first mark in between: it is lost when it is still not there.
    const mayBeNew = first.reading.kind === 'no-mark' && first.gate?.isWitnessed === true;
    const { reading, gate } = mayBeNew ? await readBoth() : first;
    if (losses !== lossesBefore) return gate;
    if (gate === undefined) state = { kind: 'unconfirmed', detail: 'the gate is missing' };
    else await settle(judgeStore(gate, memoryBefore, reading), gate);
    return gate;
  };
  return {
    look: async () => {
      try {
        const asked = state.kind !== 'confirmed';
        const gate = await look();
        // A changed lineage: the witness is to be asked, now.
        return asked || state.kind !== 'unconfirmed' ? gate : await look();
      } catch {
        state = { kind: 'unconfirmed', detail: 'the store cannot be read' };
        return undefined;
      }
    },
    state: () => state,
    known: (shard) => (state.kind === 'unconfirmed' ? undefined : memory?.[shard]),
    note: (shard, mark) => {
      if (memory === undefined) return;
      const [central, ...others] = memory;
      const merge = (one: StoreMark, at: number): StoreMark => (at === shard ? mergeMarks(mark, one) : one);
      memory = [merge(central, 0), ...others.map((one, index) => merge(one, index + 1))];
    },
    forget: async () => {
      losses += 1;
      const wasConfirmed = state.kind === 'confirmed';
      state = { kind: 'unconfirmed', detail: 'the connection was lost' };
      if (wasConfirmed && memory !== undefined) await witness.raise(sumMarks(memory));
    },
    witnessError: () => witness.failure(),
  };
}

/** On every shard: from then on nobody gets a permit of any. */
async function markBehind(
  { redis, keys }: StoreKnowledgeOptions,
  { marks }: GateState,
  detail: string,
): Promise<void> {
  await Promise.all(
    keys.all.map((shard, index) =>
      script.run(redis, shard, { lineage: marks[index]?.lineage ?? '', detail, hint: keys.gateHint }),
    ),
  );
}

async function reopen(options: StoreKnowledgeOptions): Promise<GateState | undefined> {
  await options.openStore();
  return await settleGate(options);
}

/** The witness, with the mark it was last given and the result of that. Nothing of it rejects but `begin`. */
function createWitnessClient({ witness, redis, keys, monotonicNow }: StoreKnowledgeOptions) {
  let raised: { readonly mark: StoreMark; readonly atMs: number } | undefined;
  let failure = '';
  const raise = async (mark: StoreMark): Promise<boolean> => {
    raised = { mark, atMs: monotonicNow() };
    try {
      await witness?.raise(mark);
      failure = '';
    } catch (error) {
      raised = undefined;
      failure = `cannot be written: ${toErrorText(error)}`;
    }
    return failure === '';
  };
  const notAsked: WitnessReading = witness === undefined ? { kind: 'none' } : { kind: 'not-asked' };
  return {
    notAsked,
    raise,
    failure: () => (witness === undefined ? undefined : failure),
    ask: async (): Promise<WitnessReading> => {
      if (witness === undefined) return { kind: 'none' };
      try {
        const mark = await witness.read();
        failure = '';
        return mark === undefined ? { kind: 'no-mark' } : { kind: 'mark', mark };
      } catch (error) {
        failure = `cannot be read: ${toErrorText(error)}`;
        return { kind: 'failed', detail: failure };
      }
    },
    /** The first mark of a store; that there is one is written into the store, so that a witness that lost it is noticed. */
    begin: async (mark: StoreMark): Promise<void> => {
      if (witness === undefined || !(await raise(mark))) return;
      await redis.hset(keys.central.gate, 'witnessed', '1').catch((error: unknown) => {
        throw toStoreError('mark as witnessed', error);
      });
    },
    raiseWhenDue: (mark: StoreMark): void => {
      const isNews = raised === undefined || compareMarks(raised.mark, mark) !== 'same-or-ahead';
      const isUrgent = raised?.mark.lineage !== mark.lineage || raised.mark.epoch < mark.epoch;
      if (isNews && (isUrgent || monotonicNow() - (raised?.atMs ?? 0) >= raiseEveryMs)) void raise(mark);
    },
  };
}
