import type { Redis } from 'ioredis';
import type { Keys } from '../store/keys.ts';
import { loadScript, toStoreError } from '../store/scripts.ts';
import { type AuditLine, chainTriesMax, hashNextLine } from './audit-chain.ts';

/** The run-time switches. `send*` are the kill switch, `ingest` and `consume*` pause intake and workers. */
export const flagNames = [
  'send',
  'send:email',
  'send:sms',
  'send:transactional',
  'send:promotional',
  'ingest',
  'consume',
  'consume:events',
  'consume:email',
  'consume:sms',
] as const;
export type FlagName = (typeof flagNames)[number];
export type FlagValue = 'on' | 'off';

/** The gate as it stands. A gate that is missing reads as everything off. */
export interface GateState {
  readonly epoch: number;
  readonly run: string;
  readonly flags: Readonly<Record<FlagName, FlagState>>;
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

export type FlagAnswer =
  | { readonly kind: 'done'; readonly epoch: number; readonly inFlight: number; readonly before: FlagValue }
  | { readonly kind: 'stale-epoch'; readonly epoch: number }
  | { readonly kind: 'gate-missing' };

const script = loadScript(new URL('./set-flag.lua', import.meta.url));

/** Reads the gate; undefined when it is missing or has no epoch, which means stopped. Throws `store-unavailable`. */
export async function readGate(redis: Redis, keys: Keys): Promise<GateState | undefined> {
  let fields: Record<string, string>;
  try {
    fields = await redis.hgetall(keys.shard(0).gate);
  } catch (error) {
    throw toStoreError('read gate', error);
  }
  return isEpoch(fields['epoch']) ? parseGate(fields) : undefined;
}

/** The value that counts at `nowMs`: off unless exactly on and not past its expiry. */
export function valueAt(flag: FlagState | undefined, nowMs: number): FlagValue {
  if (flag?.value !== 'on') return 'off';
  // Written so that an expiry that is no number reads as passed.
  return flag.until === undefined || nowMs < flag.until ? 'on' : 'off';
}

/**
 * Changes one flag, with its audit line, in one step. Once this has answered, every later permit sees the change.
 * Switching off never needs an epoch; switching on with another epoch than the current one is refused.
 */
export async function setFlag(
  redis: Redis,
  keys: Keys,
  change: FlagChange,
  now: () => number,
): Promise<FlagAnswer> {
  let seen = await readForChange(redis, keys.shard(0).gate, change.flag);
  for (let tries = 0; tries < chainTriesMax; tries += 1) {
    if (seen === undefined) return { kind: 'gate-missing' };
    if (change.value === 'on' && change.seenEpoch !== Number(seen.epoch))
      return { kind: 'stale-epoch', epoch: Number(seen.epoch) };
    const answer = await runChange(redis, keys, change, { seen, nowMs: now() });
    if (answer.kind === 'done') return { ...answer, before: seen.flag.value };
    ({ seen } = answer);
  }
  throw toStoreError('set flag', new Error('the epoch kept moving'));
}

interface Seen {
  readonly epoch: string;
  /** Hash of the last audit line. */
  readonly head: string;
  readonly flag: FlagState;
}

type ChangeAnswer =
  | { readonly kind: 'done'; readonly epoch: number; readonly inFlight: number }
  | { readonly kind: 'moved'; readonly seen: Seen | undefined };

async function runChange(
  redis: Redis,
  keys: Keys,
  change: FlagChange,
  { seen, nowMs }: { readonly seen: Seen; readonly nowMs: number },
): Promise<ChangeAnswer> {
  const { gate, inflight, audit } = keys.shard(0);
  const line = JSON.stringify(toAuditLine(change, seen.flag.value, nowMs));
  const startsRun = change.flag === 'send' && change.value === 'on' && valueAt(seen.flag, nowMs) === 'off';
  const [word, epoch = '', ...found] = (await script.run(
    redis,
    [gate, inflight, audit],
    [
      change.flag,
      change.value,
      seen.epoch,
      line,
      await hashNextLine(redis, keys.shard(0), seen.head, line),
      change.until ?? '',
      keys.gateHint,
      startsRun ? 'run' : '',
      seen.head,
    ],
  )) as string[];
  if (word === 'done') return { kind: 'done', epoch: Number(epoch), inFlight: Number(found[0]) };
  const [head, value, until] = found;
  return { kind: 'moved', seen: toSeen(epoch, head, value, until) };
}

/** Undefined: there is no gate, or its epoch is no number. */
async function readForChange(redis: Redis, gate: string, flag: FlagName): Promise<Seen | undefined> {
  try {
    const fields = await redis.hmget(gate, 'epoch', 'auditHash', flag, `until:${flag}`);
    const [epoch, head, value, until] = fields.map((field) => field ?? '');
    return toSeen(epoch, head, value, until);
  } catch (error) {
    throw toStoreError('read gate', error);
  }
}

/** Empty: the store has no such field. */
function toSeen(epoch = '', head = '', value = '', until = ''): Seen | undefined {
  return isEpoch(epoch) ? { epoch, head, flag: toFlagState(value, until === '' ? null : until) } : undefined;
}

function isEpoch(text: string | null | undefined): text is string {
  return /^\d+$/.test(text ?? '');
}

function toAuditLine(change: FlagChange, before: string, nowMs: number): AuditLine {
  return {
    at: new Date(nowMs).toISOString(),
    actor: change.actor,
    action: `set ${change.flag}`,
    reason: change.reason,
    before,
    after: change.value,
    ...(change.requestId === undefined ? {} : { requestId: change.requestId }),
    ...(change.until === undefined ? {} : { detail: { until: new Date(change.until).toISOString() } }),
  };
}

function parseGate(fields: Readonly<Record<string, string>>): GateState {
  const flags = Object.fromEntries(
    flagNames.map((name): [FlagName, FlagState] => {
      const meta = fields[`meta:${name}`];
      const state = toFlagState(fields[name], fields[`until:${name}`]);
      return [name, meta === undefined ? state : { ...state, change: JSON.parse(meta) as AuditLine }];
    }),
  ) as Record<FlagName, FlagState>;
  return { epoch: Number(fields['epoch']), run: fields['run'] ?? '0', flags };
}

/** A value that is not exactly `on` is off. */
function toFlagState(value: string | null | undefined, until: string | null | undefined): FlagState {
  const is = value === 'on' ? 'on' : 'off';
  return until === undefined || until === null ? { value: is } : { value: is, until: Number(until) };
}
