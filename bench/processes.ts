import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { pick, type Rounds } from './alternate.ts';
import type { Measurement } from './benchmark.ts';

/** A stack with its processes, by name: `sender`, `sender-2`… */
interface Stack {
  readonly processes: ReadonlyMap<string, { readonly pid: number }>;
  readonly redis: Redis;
}

/** What was done in a round, and the processor time (ms) that every role took for it. */
export interface Worked {
  readonly count: number;
  readonly cpuMs: ReadonlyMap<string, number>;
}

/** Processes of different stacks that do the same work. */
const roles: Readonly<Record<string, string>> = {
  api: 'API',
  'add-bulk': 'API',
  worker: 'sender',
  'bare-pool': 'sender',
};

/**
 * Runs `work` and measures how much processor time each process of the stack, its Redis and this process (it makes the
 * load) took meanwhile. That is worth more than a rate on a machine that others use: what they take is not in it.
 */
export async function withCpuTimes<T extends object>(
  stack: Stack,
  work: () => Promise<T>,
): Promise<T & Pick<Worked, 'cpuMs'>> {
  const pids = await listPids(stack);
  const before = pids.map(([, pid]) => readCpuMs(pid));
  const result = await work();
  const cpuMs = new Map<string, number>();
  for (const [index, [role, pid]] of pids.entries())
    cpuMs.set(role, (cpuMs.get(role) ?? 0) + readCpuMs(pid) - (before[index] ?? 0));
  return { ...result, cpuMs };
}

/** The processor time of every process, per event or mail: a figure for each role. None where it cannot be read. */
export function toCpuFigures(
  what: string,
  unit: string,
  rounds: Rounds<'ours' | 'theirs', Worked>,
  against?: string,
): readonly Measurement[] {
  if (!hasCpuTimes) return [];
  const listRoles = (side: readonly Worked[]) => [...(side[0]?.cpuMs.keys() ?? [])];
  return listRoles(rounds.ours).map((role) => {
    const { ours, theirs } = pick(
      rounds,
      ({ cpuMs, count }) => ((cpuMs.get(role) ?? Number.NaN) * 1_000) / count,
    );
    const head = { what: `${what}, processor time: ${role}`, unit: `µs/${unit}`, better: 'less' } as const;
    if (!listRoles(rounds.theirs).includes(role)) return { ...head, ours };
    return { ...head, ours, theirs, ...(against === undefined ? {} : { against }) };
  });
}

async function listPids({ processes, redis }: Stack): Promise<readonly (readonly [string, number])[]> {
  const own = [...processes].map(([name, { pid }]) => {
    const kind = name.replace(/-\d+$/, '');
    return [roles[kind] ?? kind, pid] as const;
  });
  return [...own, ['Redis', await readRedisPid(redis)], ['load generator', process.pid]];
}

/** Resident memory now, in MiB. Throws when there is no such process. */
export function readRssMb(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1_024;
}

/** Whether the processor time of a process can be read; where not, such measurements are left out. */
export const hasCpuTimes = existsSync('/proc/self/task') && existsSync('/proc/self/schedstat');

/**
 * Processor time that the threads of the process have used since their start, in ms; 0 where it cannot be read. To the
 * nanosecond, where /proc/PID/stat counts in ticks of 10 ms.
 */
export function readCpuMs(pid: number): number {
  if (!hasCpuTimes) return 0;
  return readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => sum + readThreadMs(pid, thread), 0);
}

function readThreadMs(pid: number, thread: string): number {
  try {
    const [nanoseconds] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
    return Number(nanoseconds) / 1_000_000;
  } catch {
    // It has ended since it was listed.
    return 0;
  }
}

export async function readRedisPid(redis: Redis): Promise<number> {
  return Number(/process_id:(\d+)/.exec(await redis.info('server'))?.[1]);
}

/** The number of the process of that name. Throws when there is none. */
export function pidOf(processes: Stack['processes'], name: string): number {
  const found = processes.get(name);
  if (found === undefined) throw new Error(`there is no process ${name}`);
  return found.pid;
}
