import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Redis } from 'ioredis';
import { ServiceError } from '../domain/errors.ts';
import {
  groupOf,
  isEnded,
  type MessageState,
  messageMoves,
  messageStates,
  recordVersion,
  untouchedEnds,
} from '../domain/message.ts';
import { createCallGroups, type ScriptCall, type ScriptEnd } from './group-calls.ts';
import { messageIndexes } from './keys.ts';

/** A value for every name; a list of them for a name that begins with `...`, which only the last may. */
type Named<Name extends string, Value> = {
  readonly [N in Name as N extends `...${infer List}` ? List : N]: N extends `...${string}`
    ? readonly Value[]
    : Value;
};

/** A loaded Lua script: runs atomically on the shard of its keys. */
export interface Script<Key extends string, Arg extends string> {
  run(redis: Redis, keys: Named<Key, string>, args: Named<Arg, string | number>): Promise<unknown>;
}

/**
 * Loads a script that lies beside its stage. It finds what it is given by name, as `keys.gate` or `args.id`; the names
 * here are the only place that puts them in an order. A line `--- include: <file>` is replaced by that file (found from
 * the including one), `--- states` by the state machine of `domain/message.ts` as Lua tables, and `--- version` by its
 * `recordVersion`, so the store and the rules cannot disagree. Calls of one turn of the event loop run as a group
 * (`group-calls.ts`), one after another, each as if it were alone: one that fails takes no other with it. An error of
 * the store becomes a `store-unavailable` error here.
 * Throws when the names are not exactly those that the script uses.
 */
export function loadScript<const Key extends string, const Arg extends string>(
  url: URL,
  names: { readonly keys: readonly Key[]; readonly args: readonly Arg[] },
): Script<Key, Arg> {
  const name = url.pathname.split('/').at(-1) ?? 'script';
  const body = readLua(url);
  assertNames(name, 'keys', body, names.keys);
  assertNames(name, 'args', body, names.args);
  const source = writeGroupScript(body, names);
  const sha = createHash('sha1').update(source).digest('hex');
  const evaluate = async (redis: Redis, keys: readonly string[], args: readonly (string | number)[]) => {
    try {
      return await redis.evalsha(sha, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return await redis.eval(source, keys.length, ...keys, ...args);
    }
  };
  const call = createCallGroups(async (redis, calls) => {
    try {
      const { keys, args } = toGroup(names.keys, calls);
      const replies = (await evaluate(redis, keys, args)) as readonly GroupReply[];
      return replies.map((reply) => toScriptEnd(name, reply));
    } catch (error) {
      return calls.map(() => ({ error: toStoreError(name, error) }));
    }
  });
  return {
    run: async (redis, keys, args) =>
      await call(redis, { keys: toList<string>(names.keys, keys), args: toList(names.args, args) }),
  };
}

const isList = (name: string): boolean => name.startsWith('...');
const withoutDots = (name: string): string => name.replace(/^\.{3}/, '');

/** The values in the order of their names. */
function toList<Value>(names: readonly string[], values: Readonly<Record<string, Value | readonly Value[]>>) {
  return names.map((name) => values[withoutDots(name)] as Value | readonly Value[]);
}

/** What the script returns of each call: 1 and its result, or 0 and the text of its error. */
type GroupReply = readonly [1, unknown?] | readonly [0, string];

function toScriptEnd(name: string, [isDone, value = null]: GroupReply): ScriptEnd {
  if (isDone === 1) return { result: value };
  return { error: toStoreError(name, Object.assign(new Error(String(value)), { name: 'ReplyError' })) };
}

/**
 * A group as `writeGroupScript` reads it. A key that is the same in all calls is sent once; which ones those are, the
 * second argument says, with a letter for each name.
 */
function toGroup(names: readonly string[], calls: readonly ScriptCall[]) {
  const [first, ...others] = calls;
  const isShared = names.map(
    (name, at) => !isList(name) && others.every(({ keys }) => keys[at] === first?.keys[at]),
  );
  const keys: string[] = [];
  const args: (string | number)[] = [calls.length, isShared.map((shared) => (shared ? 's' : 'o')).join('')];
  for (const [at, shared] of isShared.entries()) if (shared) keys.push(first?.keys[at] as string);
  for (const call of calls) {
    for (const [at, key] of call.keys.entries()) {
      if (typeof key !== 'string') {
        args.push(key.length);
        keys.push(...key);
      } else if (isShared[at] !== true) keys.push(key);
    }
    for (const arg of call.args) {
      if (typeof arg === 'object') args.push(arg.length, ...arg);
      else args.push(arg);
    }
  }
  return { keys, args };
}

/** The body as a function of `keys` and `args`, and what runs it once for each call of a group. */
function writeGroupScript(
  body: string,
  names: { readonly keys: readonly string[]; readonly args: readonly string[] },
): string {
  const ownKeys = names.keys.map((name, at) =>
    isList(name)
      ? `keys.${withoutDots(name)} = takeKeys(tonumber(takeArg()))`
      : `if string.byte(ARGV[2], ${at + 1}) ~= SHARED then keys.${name} = takeKey() end`,
  );
  const sharedKeys = names.keys.flatMap((name, at) =>
    isList(name) ? [] : [`if string.byte(ARGV[2], ${at + 1}) == SHARED then keys.${name} = takeKey() end`],
  );
  const ownArgs = names.args.map((name) =>
    isList(name) ? `args.${withoutDots(name)} = takeArgs(tonumber(takeArg()))` : `args.${name} = takeArg()`,
  );
  const lines = body.split('\n');
  return [
    groupState,
    ...lines.filter(isStatic),
    'local function run(keys, args)',
    ...lines.filter((line) => !isStatic(line)),
    'end',
    groupRunner,
    ...sharedKeys,
    'local results = {}',
    'for call = 1, tonumber(ARGV[1]) do',
    ...ownKeys,
    ...ownArgs,
    'local isDone, result = pcall(run, keys, args)',
    "results[call] = isDone and { 1, result } or { 0, type(result) == 'table' and result.err or tostring(result) }",
    'end',
    'for _, run in ipairs(ends) do run() end',
    'return results',
  ].join('\n');
}

/** What does not depend on the call, and is made once for the group. */
const isStatic = (line: string): boolean => /^local (?:MOVES|UNTOUCHED|KEPT|RECORD_VERSION) = .*$/.test(line);

/** What calls of a group share, for as long as it runs, and what is still to be done when the last has ended. */
const groupState = 'local group, ends = {}, {}\nlocal function atEnd(run) ends[#ends + 1] = run end';

const groupRunner = `
local SHARED = string.byte('s')
local keyAt, argAt = 0, 2
local keys, args = {}, {}
local function takeKey() keyAt = keyAt + 1 return KEYS[keyAt] end
local function takeArg() argAt = argAt + 1 return ARGV[argAt] end
local function takeKeys(count) keyAt = keyAt + count return { unpack(KEYS, keyAt - count + 1, keyAt) } end
local function takeArgs(count) argAt = argAt + count return { unpack(ARGV, argAt - count + 1, argAt) } end`;

function assertNames(script: string, table: 'keys' | 'args', body: string, names: readonly string[]): void {
  const code = body.replace(/--.*$/gm, '');
  const matches = code.matchAll(new RegExp(`\\b${table}\\.(\\w+)`, 'g'));
  const used = new Set(Array.from(matches, ([, name = '']) => name));
  const declared = new Set(names.map(withoutDots));
  const fail = (what: string): Error => new Error(`${script}: ${what}`);
  if (/\b(?:KEYS|ARGV)\b|\b(?:keys|args)\[/.test(code)) throw fail('keys and args are to be read by name');
  if (names.slice(0, -1).some(isList)) throw fail(`only the last of its ${table} may be a list`);
  for (const name of used) if (!declared.has(name)) throw fail(`${table}.${name} is not declared`);
  for (const name of declared) if (!used.has(name)) throw fail(`${table}.${name} is declared and not used`);
}

/** What the calls of the store return; an error of theirs is thrown as `toStoreError` says. */
export async function callStore<T>(what: string, calls: () => Promise<T>): Promise<T> {
  try {
    return await calls();
  } catch (error) {
    throw toStoreError(what, error);
  }
}

/**
 * The error in the service's own words; the original stays as its cause. A store that is away, full or not the master
 * is an outage, which ends by itself. What it refuses although it could (a wrong type, an error in a script), and what
 * we could not read of its response, is a bug of ours: only those fire the 5xx trigger.
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
    /^--- (?:include: (\S+)|states|version)$/gm,
    (line, file: string | undefined) => {
      if (file !== undefined) return readLua(new URL(file, url));
      return line === '--- states' ? statesAsLua() : `local RECORD_VERSION = ${recordVersion}`;
    },
  );
}

function toLuaSet(states: readonly MessageState[]): string {
  return `{ ${states.map((state) => `${state} = true`).join(', ')} }`;
}

/** The moves of each state, the ends that leave a message untouched, states whose record is kept, the index of each. */
function statesAsLua(): string {
  const moves = messageStates.map((from) => `${from} = ${toLuaSet(messageMoves[from])}`);
  const indexes = messageStates.map((state) => `  ${state} = keys.${messageIndexes[groupOf(state)]},`);
  return [
    `local MOVES = { ${moves.join(', ')} }`,
    `local UNTOUCHED = ${toLuaSet(untouchedEnds)}`,
    `local KEPT = ${toLuaSet(messageStates.filter((state) => !isEnded(state)))}`,
    `local INDEX = {\n${indexes.join('\n')}\n}`,
  ].join('\n');
}
