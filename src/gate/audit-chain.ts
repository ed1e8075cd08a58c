import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { ShardKeys } from '../store/keys.ts';
import { loadScript, toStoreError } from '../store/scripts.ts';

/** Who did what, when and why. Each line's hash covers the line before it, so a changed line breaks the chain. */
export interface AuditLine {
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly reason: string;
  readonly before?: string;
  readonly after?: string;
  readonly requestId?: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

export type AuditVerdict =
  | { readonly ok: true; readonly lines: number }
  | { readonly ok: false; readonly entry: string; readonly detail: string };

/** A miss means that somebody else got through, so n writers at once need about n tries each; this is far more. */
export const chainTriesMax = 2_000;
const walkStep = 500;
const script = loadScript(new URL('./append-audit.lua', import.meta.url));

/** Adds a line. Throws when the store does not take it: an action that cannot be audited must not happen. */
export async function appendAudit(redis: Redis, keys: ShardKeys, line: AuditLine): Promise<void> {
  const text = JSON.stringify(line);
  let head = (await readHead(redis, keys)) ?? '';
  for (let tries = 0; tries < chainTriesMax; tries += 1) {
    const [word, newHead = ''] = (await script.run(
      redis,
      [keys.gate, keys.audit],
      [head, text, chainHash(head, text)],
    )) as string[];
    if (word === 'done') return;
    head = newHead;
  }
  throw toStoreError('append audit', new Error('the head of the audit chain kept moving'));
}

/** The hash of the chain up to and including `text`: SHA-256 over the hash before it and the line. */
export function chainHash(head: string, text: string): string {
  return createHash('sha256').update(head).update('\n').update(text).digest('hex');
}

/** The newest `count` lines, newest first. */
export async function readAudit(redis: Redis, keys: ShardKeys, count: number): Promise<AuditLine[]> {
  try {
    const entries = await redis.xrevrange(keys.audit, '+', '-', 'COUNT', count);
    return entries.map(([, fields]) => JSON.parse(readField(fields, 'line')) as AuditLine);
  } catch (error) {
    throw toStoreError('read audit', error);
  }
}

/** Walks the whole chain and finds the first line that was changed, added or taken out. */
export async function verifyAudit(redis: Redis, keys: ShardKeys): Promise<AuditVerdict> {
  for (let tries = 1; ; tries += 1) {
    const { head, lines, broken } = await walkChain(redis, keys);
    if (broken !== undefined) {
      return { ok: false, entry: broken, detail: 'this line does not follow from the one before it' };
    }
    if (((await readHead(redis, keys)) ?? '') === head) return { ok: true, lines };
    // A line written between the walk and the look at the head is no fault: walk again.
    if (tries === 3) {
      return { ok: false, entry: 'end', detail: 'the last line is not the one that the stored head names' };
    }
  }
}

interface Walk {
  readonly head: string;
  readonly lines: number;
  /** The first entry that does not follow. */
  readonly broken?: string;
}

async function walkChain(redis: Redis, keys: ShardKeys): Promise<Walk> {
  let head = '';
  let lines = 0;
  for (let from = '-'; ; ) {
    const entries = await readEntries(redis, keys, from);
    for (const [entry, fields] of entries) {
      const expected = chainHash(head, readField(fields, 'line'));
      if (expected !== readField(fields, 'hash')) return { head, lines, broken: entry };
      head = expected;
      lines += 1;
    }
    const last = entries.at(-1);
    if (entries.length < walkStep || last === undefined) return { head, lines };
    from = `(${last[0]}`;
  }
}

async function readEntries(redis: Redis, keys: ShardKeys, from: string): Promise<[string, string[]][]> {
  try {
    return await redis.xrange(keys.audit, from, '+', 'COUNT', walkStep);
  } catch (error) {
    throw toStoreError('read audit', error);
  }
}

async function readHead(redis: Redis, keys: ShardKeys): Promise<string | null> {
  try {
    return await redis.hget(keys.gate, 'auditHash');
  } catch (error) {
    throw toStoreError('read audit head', error);
  }
}

function readField(fields: readonly string[], name: string): string {
  const at = fields.indexOf(name);
  return at < 0 ? '' : (fields[at + 1] ?? '');
}
