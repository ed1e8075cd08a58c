import type { Redis } from 'ioredis';
import type { AuditKey } from '../store/audit-key.ts';
import type { ShardKeys } from '../store/keys.ts';
import { callStore } from '../store/scripts.ts';
import {
  type AuditHead,
  type AuditLine,
  hashLine,
  hashPlainLine,
  readAuditBase,
  readAuditHead,
  readEntry,
  readNumber,
  sealHash,
} from './audit-chain.ts';
import { trimAction } from './trim-audit.ts';

/** What a walk over the chain found. */
export interface AuditFindings extends AuditHead {
  /** Lines in the store. */
  readonly lines: number;
  /** Number of the first one: more than 1 once older ones have been trimmed. */
  readonly first: number;
  /** Number of the last line that our key has sealed; 0: none. What follows, anybody who writes to the store could have written. */
  readonly sealedUpTo: number;
  /** Lines without any seal: of versions before it, and of `acc stop` at the store without the key. */
  readonly unsealed: number;
  /** Lines that another key has sealed: that of before a change of ADDRESS_HASH_KEY. */
  readonly foreign: number;
}

export type AuditVerdict = AuditFindings &
  (
    | { readonly ok: true }
    | {
        readonly ok: false;
        /** The first entry that is at failure; `end` when it is what is missing. */
        readonly entry: string;
        readonly detail: string;
      }
  );

const walkStep = 500;

/**
 * Walks the whole chain and finds the first line that was changed, added or taken out. A tail that was cut together with
 * the head, or a chain written anew by somebody with the key, only show beside a head that was kept elsewhere:
 * `expected`, of which the count may be left out when the head says it itself.
 */
export async function verifyAudit(
  redis: Redis,
  keys: ShardKeys,
  expected?: { readonly head: string; readonly count?: number },
): Promise<AuditVerdict> {
  for (let tries = 1; ; tries += 1) {
    const walk = await walkChain(redis, keys, expected?.head);
    const { failure, ...findings } = walk.report();
    if (failure !== undefined) {
      // Lines that were trimmed under the walk are no failure either.
      const base = await callStore('read audit base', () => readAuditBase(redis, keys));
      if (tries < 3 && base.count >= findings.first) continue;
      return { ok: false, ...failure, ...findings };
    }
    const stored = await readAuditHead(redis, keys);
    if (stored.head === findings.head) {
      const unmet = expected === undefined ? undefined : judgeExpected(findings, expected, walk.foundAt);
      return unmet === undefined ? { ok: true, ...findings } : { ok: false, ...unmet, ...findings };
    }
    // A line written between the walk and the look at the head is no failure: walk again.
    if (tries === 3) {
      const detail = 'the last line is not the one that the stored head names';
      return { ok: false, entry: 'end', detail, ...findings };
    }
  }
}

interface Failure {
  readonly entry: string;
  readonly detail: string;
}

function judgeExpected(
  findings: AuditFindings,
  expected: { readonly head: string; readonly count?: number },
  foundAt: number | undefined,
): Failure | undefined {
  const count = expected.count ?? readNumber(expected.head);
  if (foundAt !== undefined && (count === undefined || count === foundAt)) return undefined;
  if (count !== undefined && count > findings.count)
    return missed(
      `${count} lines were expected and the chain ends after ${findings.count}: its tail was cut, or the store went back in time`,
    );
  if (count !== undefined && count < findings.first)
    return missed(
      `line ${count} has been trimmed, so it cannot be compared: expect a head that is younger, or look into the guard's log`,
    );
  return missed('the chain holds no line with the expected hash: it was written anew');
}

function missed(detail: string): Failure {
  return { entry: 'end', detail };
}

interface Walk {
  /** Number of the line whose hash is the one looked for. */
  readonly foundAt: number | undefined;
  report(): AuditFindings & { readonly failure?: Failure };
}

async function walkChain(redis: Redis, keys: ShardKeys, lookedFor: string | undefined): Promise<Walk> {
  const base = await callStore('read audit base', () => readAuditBase(redis, keys));
  const walker = createWalker(base, keys.auditKey, lookedFor);
  for (let from = '-'; ; ) {
    const entries = await callStore('read audit', () =>
      redis.xrange(keys.audit, from, '+', 'COUNT', walkStep),
    );
    for (const [entry, fields] of entries) {
      walker.take(entry, readEntry(fields));
      if (walker.isBroken()) return walker;
    }
    const last = entries.at(-1);
    if (entries.length < walkStep || last === undefined) return walker;
    from = `(${last[0]}`;
  }
}

/** Follows the chain line by line from `base`, which the first line must follow. */
function createWalker(base: AuditHead, key: AuditKey | undefined, lookedFor: string | undefined) {
  let at = base;
  let failure: Failure | undefined;
  let foundAt: number | undefined;
  let baseToldAt: number | undefined;
  const counts = { lines: 0, sealedUpTo: 0, unsealed: 0, foreign: 0 };
  const take = (entry: string, { text, hash }: { readonly text: string; readonly hash: string }): void => {
    const seal = judgeLine(at, text, hash, key);
    if (seal === undefined) {
      failure = { entry, detail: 'this line does not follow from the one before it' };
      return;
    }
    if (seal === 'forged') {
      failure = { entry, detail: 'the seal of this line was not made with our key' };
      return;
    }
    at = { head: hash, count: at.count + 1 };
    counts.lines += 1;
    if (seal === 'ours') counts.sealedUpTo = at.count;
    else counts[seal] += 1;
    if (hash === lookedFor) foundAt = at.count;
    if (tellsBase(text, base)) baseToldAt = at.count;
  };
  const judgeBeginning = (): Failure | undefined => {
    const isTold = baseToldAt !== undefined && baseToldAt <= counts.sealedUpTo;
    if (base.count === 0 || isTold || failure !== undefined) return failure;
    return {
      entry: 'begin',
      detail: 'the beginning of the chain is missing, and no sealed line says that it was trimmed',
    };
  };
  return {
    take,
    isBroken: () => failure !== undefined,
    get foundAt() {
      return foundAt;
    },
    report: () => {
      const found = judgeBeginning();
      return { ...at, ...counts, first: base.count + 1, ...(found === undefined ? {} : { failure: found }) };
    },
  };
}

/** Whose seal a line has; undefined when it does not follow `before`. */
function judgeLine(
  before: AuditHead,
  text: string,
  hash: string,
  key: AuditKey | undefined,
): 'ours' | 'unsealed' | 'foreign' | 'forged' | undefined {
  if (hash === hashPlainLine(before.head, text)) return 'unsealed';
  const plain = hashLine(before, text, undefined);
  if (hash === plain) return 'unsealed';
  const [id = '', seal = ''] = hash.startsWith(`${plain}.`) ? hash.slice(plain.length + 1).split('.') : [];
  if (seal === '') return undefined;
  if (key === undefined || id !== key.id) return 'foreign';
  return seal === sealHash(plain, key) ? 'ours' : 'forged';
}

function tellsBase(text: string, { head, count }: AuditHead): boolean {
  if (count === 0 || !text.includes(head)) return false;
  const { action, detail } = JSON.parse(text) as AuditLine;
  return action === trimAction && detail?.['base'] === head && detail['base_count'] === count;
}
