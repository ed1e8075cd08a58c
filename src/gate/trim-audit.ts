import type { Redis } from 'ioredis';
import type { ShardKeys } from '../store/keys.ts';
import { callStore, loadScript } from '../store/scripts.ts';
import { addLine, readAuditBase, readEntry } from './audit-chain.ts';

/** How much of the audit stays in the store. */
export interface AuditBounds {
  /** Younger lines stay… */
  readonly keepMs: number;
  /** …and so do this many of the newest, however old. */
  readonly keepLines: number;
  /** Above this even young lines go. */
  readonly linesMax: number;
}

/** A quarter for who looks back after an incident, and room for some two thousand lines a day. */
export const auditBounds: AuditBounds = { keepMs: 90 * 86_400_000, keepLines: 10_000, linesMax: 200_000 };

export const trimAction = 'trim audit';
const batchMax = 1_000;
const script = loadScript(new URL('./trim-audit.lua', import.meta.url), {
  keys: ['gate', 'audit'],
  args: ['head', 'line', 'hash', 'base', 'baseCount', 'firstKept'],
});

/**
 * Takes lines that are beyond the bounds off the store, the oldest first, at most a thousand, each handed to
 * `onTrimmed` before it goes: nothing is forgotten without a copy. Returns how many went. What is left still verifies:
 * a line in the chain itself names the hash that its beginning follows.
 */
export async function trimAudit(
  redis: Redis,
  keys: ShardKeys,
  options: {
    readonly bounds: AuditBounds;
    readonly nowMs: number;
    readonly onTrimmed: (line: { readonly text: string; readonly hash: string }) => void;
  },
): Promise<number> {
  const entries = await readSurplus(redis, keys, options);
  // The one behind the last that goes is the first that stays.
  const [stays, last] = entries.toReversed();
  if (stays === undefined || last === undefined) return 0;
  const base = await callStore('read audit base', () => readAuditBase(redis, keys));
  for (const entry of entries.slice(0, -1)) options.onTrimmed(entry);
  const lines = entries.length - 1;
  const line = {
    at: new Date(options.nowMs).toISOString(),
    actor: 'guard',
    action: trimAction,
    reason: 'older than what is kept in the store; each line was written to the log of the guard',
    detail: { lines, base: last.hash, base_count: base.count + lines },
  };
  const trim = { base: last.hash, baseCount: base.count + lines, firstKept: stays.id };
  await addLine(redis, keys, line, (next) => script.run(redis, keys, { ...next, ...trim }));
  return lines;
}

/** The lines that go, and the one behind them. */
async function readSurplus(
  redis: Redis,
  keys: ShardKeys,
  { bounds, nowMs }: { readonly bounds: AuditBounds; readonly nowMs: number },
): Promise<readonly ({ readonly id: string } & ReturnType<typeof readEntry>)[]> {
  return await callStore('read audit', async () => {
    const length = await redis.xlen(keys.audit);
    const surplus = Math.min(length - bounds.keepLines, batchMax);
    if (surplus <= 0) return [];
    const found = await redis.xrange(keys.audit, '-', '+', 'COUNT', surplus + 1);
    const mustGo = length - bounds.linesMax;
    const isOld = ([id]: [string, string[]]): boolean => Number(id.split('-')[0]) < nowMs - bounds.keepMs;
    const firstKept = found.findIndex((entry, at) => at >= surplus || (at >= mustGo && !isOld(entry)));
    return found.slice(0, firstKept + 1).map(([id, fields]) => ({ id, ...readEntry(fields) }));
  });
}
