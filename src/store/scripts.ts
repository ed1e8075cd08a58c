import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Redis } from 'ioredis';
import { ServiceError } from '../domain/errors.ts';
import { messageMoves, recordVersion, untouchedEnds } from '../domain/message.ts';

/** A loaded Lua script: runs atomically on the shard of its keys. */
export interface Script {
  readonly name: string;
  run(redis: Redis, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>;
}

/**
 * Loads a script that lies beside its stage. A line `--- include: <file>` is replaced by that file (found from
 * the including one), and `--- moves` by the state machine of `domain/message.ts` as a Lua table, so the store
 * and the rules cannot disagree. A fault of the store becomes a `store-unavailable` error here.
 */
export function loadScript(url: URL): Script {
  const source = readLua(url);
  const sha = createHash('sha1').update(source).digest('hex');
  const name = url.pathname.split('/').at(-1) ?? 'script';
  return {
    name,
    run: async (redis, keys, args) => {
      try {
        return await redis.evalsha(sha, keys.length, ...keys, ...args);
      } catch (error) {
        if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT'))
          throw toStoreError(name, error);
      }
      try {
        return await redis.eval(source, keys.length, ...keys, ...args);
      } catch (error) {
        throw toStoreError(name, error);
      }
    },
  };
}

/**
 * The fault as the service's own words; the original stays as its cause. A store that is away, full or not the master
 * is an outage, which ends by itself. What it refuses although it could (a wrong type, a fault in a script), and what
 * we could not read of its answer, is a fault of ours: only those fire the 5xx trigger.
 */
export function toStoreError(what: string, cause: unknown): ServiceError {
  if (cause instanceof ServiceError) return cause;
  const isOurs = isFaultOfOurs(cause);
  const detail = isOurs
    ? `"${what}" failed, and this is our fault, not yours. Nothing is known to be written.`
    : `The store could not do "${what}". Nothing is known to be written; the same request can be sent again.`;
  return isOurs
    ? new ServiceError('internal-error', detail, { cause })
    : new ServiceError('store-unavailable', detail, { cause, retryAfterSeconds: 2 });
}

/** Words that a server begins its refusal with when it cannot serve anybody now, as redis.io lists them. */
const refusalsOfAll =
  /(?:^|-)(?:LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|MOVED|ASK|OOM|MISCONF|NOREPLICAS|BUSY|NOAUTH|WRONGPASS|NOPERM|EXECABORT|UNBLOCKED|ERR max number of clients)\b/;
const namesOfBugs: ReadonlySet<string> = new Set([
  'TypeError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'ZodError',
  '$ZodError',
]);

function isFaultOfOurs(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  return cause.name === 'ReplyError' ? !refusalsOfAll.test(cause.message) : namesOfBugs.has(cause.name);
}

function readLua(url: URL): string {
  return readFileSync(fileURLToPath(url), 'utf8').replace(
    /^--- (?:include: (\S+)|(moves))$/gm,
    (_line, file: string | undefined) => (file === undefined ? movesAsLua() : readLua(new URL(file, url))),
  );
}

function movesAsLua(): string {
  const rows = Object.entries(messageMoves).map(
    ([from, to]) => `  ${from} = {${to.map((state) => `${state} = true`).join(', ')}},`,
  );
  const untouched = untouchedEnds.map((state) => `${state} = true`).join(', ');
  return `local MOVES = {\n${rows.join('\n')}\n}\nlocal UNTOUCHED = { ${untouched} }\nlocal RECORD_VERSION = ${recordVersion}`;
}
