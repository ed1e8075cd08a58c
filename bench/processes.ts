import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';

/** Resident memory now, in MiB. Throws when there is no such process. */
export function readRssMb(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1_024;
}

/** Whether the processor time of a process can be read (proc(5)); where not, such measurements are left out. */
export const hasCpuTimes = existsSync('/proc/self/stat');

/**
 * Runs `work` and measures how much processor time the process took meanwhile, in ms. That is worth more than a rate on a
 * machine that others use: what they take is not in it.
 */
export async function withCpuTime<T extends object>(
  pid: number,
  work: () => Promise<T>,
): Promise<T & { readonly cpuMs: number }> {
  const before = readCpuMs(pid);
  const result = await work();
  return { ...result, cpuMs: readCpuMs(pid) - before };
}

/** A tick is 10 ms on every Linux that Node runs on (USER_HZ). */
const tickMs = 10;

/** Processor time that the process has used since its start, in ms; 0 where it cannot be read. */
export function readCpuMs(pid: number): number {
  if (!hasCpuTimes) return 0;
  // The name, in brackets, may hold anything; after it come state (field 3) and so on to utime (14) and stime (15).
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return tickMs * (Number(fields[11]) + Number(fields[12]));
}

export async function readRedisPid(redis: Redis): Promise<number> {
  return Number(/process_id:(\d+)/.exec(await redis.info('server'))?.[1]);
}

/** The number of the process of that name. Throws when there is none. */
export function pidOf(processes: ReadonlyMap<string, { readonly pid: number }>, name: string): number {
  const found = processes.get(name);
  if (found === undefined) throw new Error(`there is no process ${name}`);
  return found.pid;
}
