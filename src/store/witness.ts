import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { compareMarks, eraOf, isLineage, mergeMarks, type StoreMark } from '../domain/store-mark.ts';
import { loadScript } from './scripts.ts';

/**
 * Remembers outside the store how far the store has come, so that a store that is put back in time is noticed and a
 * stop is not forgotten with it. It must not be backed up, restored or lost together with the store.
 */
export interface Witness {
  /** The furthest mark that anybody left; `undefined` when there is none. Rejects when it cannot be read. */
  read(): Promise<StoreMark | undefined>;
  /** On disk when it resolves. It never lowers what it has. Rejects when it cannot be written. */
  raise(mark: StoreMark): Promise<void>;
  close(): void;
}

/** The longest that a stop, or a process that starts, waits for it. */
export const witnessTimeoutMs = 2_000;

export interface WitnessOptions {
  /** `file:///folder` on one machine, a second `redis(s)://` server where several machines run. */
  readonly url: string;
  readonly keyPrefix: string;
  readonly onError: (error: Error) => void;
}

/** Opens the witness that the URL names. Nothing is read or written before it is asked for. */
export function openWitness(options: WitnessOptions): Witness {
  return options.url.startsWith('file:')
    ? createFileWitness(fileURLToPath(options.url))
    : createRedisWitness(options);
}

const script = loadScript(new URL('./raise-witness.lua', import.meta.url), {
  keys: ['witness'],
  args: ['lineage', 'era', 'epoch', 'changes'],
});

/** A witness in a second Redis, which must fsync before it responds, like the store itself. It connects when it is first asked. */
function createRedisWitness({ url, keyPrefix, onError }: WitnessOptions): Witness {
  const key = `${keyPrefix}:witness`;
  const redis = new Redis(url, {
    lazyConnect: true,
    connectionName: 'acc-witness',
    connectTimeout: witnessTimeoutMs,
    commandTimeout: witnessTimeoutMs,
    maxRetriesPerRequest: 1,
    retryStrategy: (times) => Math.min(100 * times, 1_000),
  });
  redis.on('error', onError);
  return {
    read: async () => {
      const [lineage, epoch, changes] = await redis.hmget(key, 'lineage', 'epoch', 'changes');
      return typeof lineage === 'string' && isLineage(lineage)
        ? { lineage, epoch: Number(epoch), changes: Number(changes) }
        : undefined;
    },
    raise: async (mark) => {
      await script.run(redis, { witness: key }, { ...mark, era: eraOf(mark.lineage) });
    },
    close: () => redis.disconnect(),
  };
}

/**
 * A witness in a folder, for processes on one machine. Each mark is an empty file whose *name* says it all, so that any
 * number of processes raise it at the same time without a lock: a name is there or not, and only a name that another
 * one outdoes is ever taken away.
 */
function createFileWitness(folder: string): Witness {
  return {
    // Looked at twice before it counts as empty: a listing may have missed a mark that took another one's place just then.
    read: async () => mergeAll(await list(folder)) ?? mergeAll(await list(folder)),
    raise: async (mark) => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const before = await list(folder);
      const furthest = mergeAll(before);
      // Another store of the same age, or one that was adopted since: its mark stays.
      if (
        furthest !== undefined &&
        furthest.lineage !== mark.lineage &&
        eraOf(mark.lineage) <= eraOf(furthest.lineage)
      )
        return;
      const merged = mergeMarks(mark, furthest);
      if (!before.some((known) => covers(known, merged))) await write(folder, merged);
      const outdone = before.filter((known) => covers(merged, known) && !covers(known, merged));
      await Promise.all(outdone.map((known) => rm(join(folder, toName(known)), { force: true })));
    },
    close: () => undefined,
  };
}

/** True when whoever knows `one` learns nothing from `other`. */
function covers(one: StoreMark, other: StoreMark): boolean {
  return (
    eraOf(other.lineage) < eraOf(one.lineage) ||
    (other.lineage === one.lineage && compareMarks(one, other) !== 'behind')
  );
}

function mergeAll(marks: readonly StoreMark[]): StoreMark | undefined {
  const [first, ...rest] = marks;
  return first === undefined ? undefined : rest.reduce(mergeMarks, first);
}

function toName({ lineage, epoch, changes }: StoreMark): string {
  return `${lineage}_${epoch}_${changes}`;
}

/** In the order of their names, so that everybody who finds marks of two stores takes the same one. */
async function list(folder: string): Promise<StoreMark[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names
    .sort((one, other) => (one < other ? -1 : 1))
    .flatMap((name) => {
      const [, lineage = '', epoch, changes] = /^([^_]+)_(\d{1,15})_(\d{1,15})$/.exec(name) ?? [];
      return isLineage(lineage) ? [{ lineage, epoch: Number(epoch), changes: Number(changes) }] : [];
    });
}

async function write(folder: string, mark: StoreMark): Promise<void> {
  for (const [path, flags] of [
    [join(folder, toName(mark)), 'a'],
    [folder, 'r'],
  ] as const) {
    const file = await open(path, flags, 0o600);
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  }
}
