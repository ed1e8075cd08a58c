import { createHash, createHmac } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { AuditKey } from '../store/audit-key.ts';
import type { ShardKeys } from '../store/keys.ts';
import { callStore, loadScript, toStoreError } from '../store/scripts.ts';

/**
 * Who did what, when and why. The hash of each line covers the line before it, and is sealed with a key that is not in the
 * store: `<number>.<SHA-256>.<key id>.<HMAC>`. A line that was written where the key is not at hand (`acc stop` at the
 * store) ends after the SHA-256. Lines of versions before seals have a bare SHA-256.
 */
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

/**
 * Where the chain ends: the hash of its last line (empty before the first) and how many lines there ever were, those
 * included that have been trimmed. Kept outside the store, it shows a chain that was cut, rewritten or set back.
 */
export interface AuditHead {
  readonly head: string;
  readonly count: number;
}

/** A miss means that somebody else got through, so n writers at once need about n tries each; this is far more. */
export const chainTriesMax = 2_000;
const script = loadScript(new URL('./append-audit.lua', import.meta.url), {
  keys: ['gate', 'audit'],
  args: ['head', 'line', 'hash'],
});

/** Adds a line. Throws when the store does not take it: an action that cannot be audited must not happen. */
export async function appendAudit(redis: Redis, keys: ShardKeys, line: AuditLine): Promise<void> {
  await addLine(redis, keys, line, (next) => script.run(redis, keys, next));
}

/** Has `add` add a line behind the head, again with the new head for as long as somebody else was faster. */
export async function addLine(
  redis: Redis,
  keys: ShardKeys,
  auditLine: AuditLine,
  add: (next: Readonly<Record<'head' | 'line' | 'hash', string>>) => Promise<unknown>,
): Promise<void> {
  const line = JSON.stringify(auditLine);
  let { head } = await readAuditHead(redis, keys);
  for (let tries = 0; tries < chainTriesMax; tries += 1) {
    const hash = await hashNextLine(redis, keys, head, line);
    const [result, newHead = ''] = (await add({ head, line, hash })) as string[];
    if (result === 'done') return;
    head = newHead;
  }
  throw toStoreError('append audit', new Error('the head of the audit chain kept moving'));
}

/** The hash of the line that is to follow `head`, sealed where the key is at hand. */
export async function hashNextLine(
  redis: Redis,
  keys: ShardKeys,
  head: string,
  text: string,
): Promise<string> {
  const count = readNumber(head) ?? (await callStore('count audit', () => countLines(redis, keys)));
  return hashLine({ head, count }, text, keys.auditKey);
}

/** The hash of the line `text` behind `before`. */
export function hashLine(before: AuditHead, text: string, key: AuditKey | undefined): string {
  const number = before.count + 1;
  const digest = createHash('sha256').update(`${number}\n${before.head}\n`).update(text).digest('hex');
  const plain = `${number}.${digest}`;
  return key === undefined ? plain : `${plain}.${key.id}.${sealHash(plain, key)}`;
}

/** 128 bits of an HMAC over a hash without its seal. */
export function sealHash(plain: string, { key }: AuditKey): string {
  return createHmac('sha256', key).update(plain).digest('hex').slice(0, 32);
}

/** The hash that versions before seals wrote; an old program may still write one while a release rolls out. */
export function hashPlainLine(head: string, text: string): string {
  return createHash('sha256').update(head).update('\n').update(text).digest('hex');
}

/** The number of the line of a hash; undefined for a bare SHA-256. */
export function readNumber(hash: string): number | undefined {
  if (hash === '') return 0;
  const [, number] = /^(\d{1,15})\./.exec(hash) ?? [];
  return number === undefined ? undefined : Number(number);
}

/** The newest `count` lines, newest first. */
export async function readAudit(redis: Redis, keys: ShardKeys, count: number): Promise<AuditLine[]> {
  return await callStore('read audit', async () => {
    const entries = await redis.xrevrange(keys.audit, '+', '-', 'COUNT', count);
    return entries.map(([, fields]) => JSON.parse(readEntry(fields).text) as AuditLine);
  });
}

/** Where the chain ends now. Throws `store-unavailable`. */
export async function readAuditHead(redis: Redis, keys: ShardKeys): Promise<AuditHead> {
  return await callStore('read audit head', async () => {
    const head = (await redis.hget(keys.gate, 'auditHash')) ?? '';
    return { head, count: readNumber(head) ?? (await countLines(redis, keys)) };
  });
}

/** For a head without a number: what is in the store, and what was trimmed. */
async function countLines(redis: Redis, keys: ShardKeys): Promise<number> {
  const [{ count }, lines] = await Promise.all([readAuditBase(redis, keys), redis.xlen(keys.audit)]);
  return count + lines;
}

/** What the first line in the store follows: nothing, or the last line that was trimmed. */
export async function readAuditBase(redis: Redis, keys: ShardKeys): Promise<AuditHead> {
  const [head, count] = await redis.hmget(keys.gate, 'auditBase', 'auditBaseCount');
  return { head: head ?? '', count: Number(count ?? 0) };
}

/** What an entry of the stream holds. */
export function readEntry(fields: readonly string[]): { readonly text: string; readonly hash: string } {
  const read = (name: string): string => {
    const at = fields.indexOf(name);
    return at < 0 ? '' : (fields[at + 1] ?? '');
  };
  return { text: read('line'), hash: read('hash') };
}
