import type { Redis } from 'ioredis';
import { type FlagName, flagNames } from '../domain/flags.ts';
import { type SeenStore, type StoreMark, sumMarks } from '../domain/store-mark.ts';
import type { Keys, Store } from '../store/keys.ts';
import { callStore, loadScript, toStoreError } from '../store/scripts.ts';
import { type Witness, witnessTimeoutMs } from '../store/witness.ts';
import { type AuditLine, chainTriesMax, hashNextLine } from './audit-chain.ts';
import { copyGate, type InFlight, parseInFlight, sumInFlight } from './copy-gate.ts';
import { type CopyFindings, compareCopies, type GateCopy, readCopies } from './gate-copies.ts';

export type FlagValue = 'on' | 'off';

/** The state of the gate, as the central shard has it. A gate that is missing reads as everything off. */
export interface GateState extends SeenStore {
  readonly epoch: number;
  readonly run: string;
  readonly flags: Readonly<Record<FlagName, FlagState>>;
  /** Hash of the last line of the audit chain. */
  readonly auditHead: string;
  /** As it lies in the store, to be copied. */
  readonly fields: Readonly<Record<string, string>>;
  /** What the other shards make of it. */
  readonly copies: Omit<CopyFindings, 'fault'>;
}

export interface FlagState {
  readonly value: FlagValue;
  /** After this instant (epoch ms) an `on` reads as `off`: an expiry can only make things stricter. */
  readonly until?: number;
  readonly change?: AuditLine;
}

export interface FlagChange {
  readonly flag: FlagName;
  readonly value: FlagValue;
  readonly actor: string;
  readonly reason: string;
  /** Needed to switch on: the epoch that the caller saw, so that a stale "start" cannot undo a newer stop. */
  readonly seenEpoch?: number;
  readonly until?: number;
  readonly requestId?: string;
}

/** Adopts the store in the same step as a flag changes: it gets another lineage, and an epoch above `epochAbove`. */
export interface Adoption {
  readonly from: string;
  readonly to: string;
  readonly epochAbove: number;
}

/** A change of a flag, perhaps with an adoption. */
type Change = FlagChange & { readonly adoption?: Adoption };

export interface FlagStore extends Store {
  readonly now: () => number;
  /** Absent: none is configured. */
  readonly witness?: Pick<Witness, 'raise'>;
  /** What this process saw of the gate last: a stop then takes one round trip, and one more where something has changed since. */
  readonly lastSeen?: () => GateState | undefined;
}

export type FlagResult =
  | {
      readonly kind: 'done';
      readonly epoch: number;
      /** Of what the flag governs, on all shards. */
      readonly inFlight: InFlight;
      readonly before: FlagValue;
      /** False: the witness did not take it, and a store that is put back in time would forget it. Absent: there is no witness. */
      readonly witnessed?: boolean;
    }
  | { readonly kind: 'stale-epoch'; readonly epoch: number }
  | { readonly kind: 'gate-missing' };
type Turned = Extract<FlagResult, { kind: 'done' }>;

const script = loadScript(new URL('./set-flag.lua', import.meta.url), {
  keys: ['gate', 'inflight', 'audit', 'messageCounts'],
  args: [
    'flag',
    'value',
    'epoch',
    'line',
    'hash',
    'expiresAt',
    'hint',
    'startsRun',
    'head',
    'lineage',
    'lineageBefore',
    'epochAbove',
    'part',
  ],
});

/**
 * Reads the gate, and how the other shards stand to it; undefined when it is missing or has no epoch, which means stopped.
 * Throws `store-unavailable`.
 */
export async function readGate(redis: Redis, keys: Keys): Promise<GateState | undefined> {
  return await callStore('read gate', async () => {
    const { gate, messageCounts } = keys.central;
    // Copies first: none of them can be newer then than what is read of the central one.
    const copies = await readCopies(redis, keys);
    const [fields, changes] = await Promise.all([redis.hgetall(gate), redis.hget(messageCounts, 'changes')]);
    return isEpoch(fields['epoch']) ? parseGate(fields, Number(changes ?? 0), copies) : undefined;
  });
}

/** The value that counts at `nowMs`: off unless exactly on and not past its expiry. */
export function valueAt(flag: FlagState | undefined, nowMs: number): FlagValue {
  if (flag?.value !== 'on') return 'off';
  // Written so that an expiry that is no number reads as passed.
  return flag.until === undefined || nowMs < flag.until ? 'on' : 'off';
}

/**
 * Changes one flag, with its audit line, in one step. Once this has resolved, every later permit sees the change, and
 * the witness has been informed. Switching off never needs an epoch; switching on with another epoch than the current one
 * is refused.
 */
export async function setFlag(store: FlagStore, change: FlagChange): Promise<FlagResult> {
  const result = await changeGate(store, change);
  if (result.kind === 'other-lineage') throw new Error('a change of a flag met a condition of an adoption');
  return result;
}

/** The same, perhaps with an adoption; `other-lineage` when somebody else adopted the store meanwhile. */
export async function changeGate(
  store: FlagStore,
  change: Change,
): Promise<FlagResult | { readonly kind: 'other-lineage' }> {
  const { redis, keys } = store;
  // A start is held against what there is now: an old view of it must not refuse one.
  const last = change.value === 'off' ? store.lastSeen?.() : undefined;
  let seen =
    last === undefined
      ? await readForChange(redis, keys.central.gate, change.flag)
      : { epoch: String(last.epoch), head: last.auditHead, flag: last.flags[change.flag] };
  for (let tries = 0; tries < chainTriesMax; tries += 1) {
    if (seen === undefined) return { kind: 'gate-missing' };
    if (change.value === 'on' && change.seenEpoch !== Number(seen.epoch))
      return { kind: 'stale-epoch', epoch: Number(seen.epoch) };
    const result = await runChange(store, change, seen);
    if (result.kind === 'other-lineage') return result;
    if (result.kind === 'done') return await confirmChange(store, change, result, seen.flag.value);
    ({ seen } = result);
  }
  throw toStoreError('set flag', new Error('the epoch kept moving'));
}

/** The central shard has it: now every other one, and the witness. Throws when a shard does not say that it follows. */
async function confirmChange(
  store: FlagStore,
  change: Change,
  { mark, inFlight, gate }: Extract<ChangeResult, { kind: 'done' }>,
  before: FlagValue,
): Promise<Turned> {
  const [copies, witnessed] = await Promise.all([
    copyGate(store, gate, { part: toPart(change.flag), adopts: change.adoption !== undefined }),
    store.witness === undefined ? undefined : informWitness(store.witness, mark),
  ]);
  if (copies.some(({ word }) => word === 'other-lineage'))
    throw toStoreError('copy gate', new Error('a shard is of another store than the central one'));
  return {
    kind: 'done',
    epoch: mark.epoch,
    inFlight: sumInFlight([inFlight, ...copies.map((copy) => copy.inFlight)]),
    before,
    ...(witnessed === undefined ? {} : { witnessed }),
  };
}

/** The channel or category that a flag is about; empty for all. */
export function toPart(flag: FlagName): string {
  return flag.split(':')[1] ?? '';
}

interface Seen {
  readonly epoch: string;
  /** Hash of the last audit line. */
  readonly head: string;
  readonly flag: FlagState;
}

type ChangeResult =
  | {
      readonly kind: 'done';
      readonly mark: StoreMark;
      readonly inFlight: InFlight;
      readonly gate: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'other-lineage' }
  | { readonly kind: 'moved'; readonly seen: Seen | undefined };

/** A witness that is away must not keep a stop from being acknowledged; the result says that the witness does not know of it. */
async function informWitness(witness: Pick<Witness, 'raise'>, mark: StoreMark): Promise<boolean> {
  const raised = witness.raise(mark).then(
    () => true,
    () => false,
  );
  const late = new Promise<false>((resolve) => {
    setTimeout(() => resolve(false), witnessTimeoutMs).unref();
  });
  return await Promise.race([raised, late]);
}

async function runChange({ redis, keys, now }: FlagStore, change: Change, seen: Seen): Promise<ChangeResult> {
  const shard = keys.central;
  const nowMs = now();
  const line = JSON.stringify(toAuditLine(change, seen.flag.value, nowMs));
  const hash = await hashNextLine(redis, shard, seen.head, line);
  const { to, from, epochAbove } = change.adoption ?? { to: '', from: '', epochAbove: 0 };
  const startsRun = change.flag === 'send' && change.value === 'on' && valueAt(seen.flag, nowMs) === 'off';
  const reply = await script.run(redis, shard, {
    flag: change.flag,
    value: change.value,
    epoch: seen.epoch,
    line,
    hash,
    expiresAt: change.until ?? '',
    hint: keys.gateHint,
    startsRun: startsRun ? 'run' : '',
    head: seen.head,
    lineage: to,
    lineageBefore: from,
    epochAbove,
    part: toPart(change.flag),
  });
  const [code] = reply as [string];
  if (code === 'other-lineage') return { kind: code };
  return code === 'done'
    ? parseDone(reply as DoneReply)
    : { kind: 'moved', seen: toSeen(...(reply as string[]).slice(1)) };
}

type DoneReply = readonly [
  code: 'done',
  epoch: string,
  lineage: string,
  changes: string,
  inFlight: unknown,
  gate: string[],
];

function parseDone([, epoch, lineage, changes, inFlight, gate]: DoneReply): ChangeResult {
  return {
    kind: 'done',
    mark: { lineage, epoch: Number(epoch), changes: Number(changes) },
    inFlight: parseInFlight(inFlight),
    gate: toFields(gate),
  };
}

/** What HGETALL returns inside of a script: fields and values, by turns. */
function toFields(flat: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    flat.flatMap((name, at): [string, string][] => (at % 2 === 0 ? [[name, flat[at + 1] ?? '']] : [])),
  );
}

/** Undefined: there is no gate, or its epoch is no number. */
async function readForChange(redis: Redis, gate: string, flag: FlagName): Promise<Seen | undefined> {
  return await callStore('read gate', async () => {
    const fields = await redis.hmget(gate, 'epoch', 'auditHash', flag, `until:${flag}`);
    const [epoch, head, value, until] = fields.map((field) => field ?? '');
    return toSeen(epoch, head, value, until);
  });
}

/** Empty: the store has no such field. */
function toSeen(epoch = '', head = '', value = '', until = ''): Seen | undefined {
  return isEpoch(epoch) ? { epoch, head, flag: toFlagState(value, until === '' ? null : until) } : undefined;
}

function isEpoch(text: string | null | undefined): text is string {
  return /^\d+$/.test(text ?? '');
}

function toAuditLine(change: Change, before: string, nowMs: number): AuditLine {
  return {
    at: new Date(nowMs).toISOString(),
    actor: change.actor,
    action: change.adoption === undefined ? `set ${change.flag}` : 'adopt store',
    reason: change.reason,
    before,
    after: change.value,
    ...(change.requestId === undefined ? {} : { requestId: change.requestId }),
    ...(change.until === undefined ? {} : { detail: { until: new Date(change.until).toISOString() } }),
    ...(change.adoption === undefined ? {} : { detail: { ...change.adoption } }),
  };
}

function parseGate(
  fields: Readonly<Record<string, string>>,
  changes: number,
  copies: readonly GateCopy[],
): GateState {
  const flags = Object.fromEntries(
    flagNames.map((name): [FlagName, FlagState] => {
      const meta = fields[`meta:${name}`];
      const state = toFlagState(fields[name], fields[`until:${name}`]);
      return [name, meta === undefined ? state : { ...state, change: JSON.parse(meta) as AuditLine }];
    }),
  ) as Record<FlagName, FlagState>;
  const { lineage = '', adoptedFrom, witnessed, epoch, run = '0', auditHash = '' } = fields;
  const central = { lineage, epoch: Number(epoch), changes };
  const { fault, ...found } = compareCopies({ ...central, wentBack: fields['wentBack'] }, copies);
  const wentBack = fields['wentBack'] ?? fault;
  const marks = [central, ...copies.map(({ mark }) => mark)] as const;
  return {
    mark: sumMarks(marks),
    marks,
    ...(wentBack === undefined ? {} : { wentBack }),
    ...(adoptedFrom === undefined ? {} : { adoptedFrom }),
    isWitnessed: witnessed === '1',
    epoch: Number(epoch),
    run,
    flags,
    auditHead: auditHash,
    fields,
    copies: found,
  };
}

/** A value that is not exactly `on` is off. */
function toFlagState(value: string | null | undefined, until: string | null | undefined): FlagState {
  const is = value === 'on' ? 'on' : 'off';
  return until === undefined || until === null ? { value: is } : { value: is, until: Number(until) };
}
