import { execFileSync } from 'node:child_process';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { percentile } from './statistics.ts';

export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGb: number;
  readonly node: string;
  readonly redis: string;
  /** Load average of the machine when the run began. */
  readonly loadBefore: number;
  /** What the disk takes to acknowledge a write, p50; durability is paid in these. */
  readonly fdatasyncMs: number;
}

/** The machine of the measurements. Throws when there is no `redis-server`. */
export function describeMachine(): Machine {
  return {
    cores: cpus().length,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    redis:
      /v=(\S+)/.exec(execFileSync('redis-server', ['--version'], { encoding: 'utf8' }))?.[1] ?? 'unknown',
    loadBefore: Math.round((loadavg()[0] ?? 0) * 10) / 10,
    fdatasyncMs: measureSync(),
  };
}

/** One sentence for a person. */
export function formatMachine(machine: Machine): string {
  const { cores, cpu, memoryGb, node, redis, loadBefore, fdatasyncMs } = machine;
  return `${cores} cores (${cpu}), ${memoryGb} GB, Node ${node}, Redis ${redis}, fdatasync ${fdatasyncMs} ms, load ${loadBefore} before the run`;
}

/** Where `startRedis` keeps its files, too. */
function measureSync(): number {
  const dir = mkdtempSync(join(tmpdir(), 'bench-disk-'));
  const file = openSync(join(dir, 'probe'), 'w');
  try {
    const times = Array.from({ length: 50 }, () => {
      writeSync(file, Buffer.alloc(512));
      const begun = performance.now();
      fdatasyncSync(file);
      return performance.now() - begun;
    });
    return Number(percentile(times, 0.5).toPrecision(2));
  } finally {
    closeSync(file);
    rmSync(dir, { recursive: true, force: true });
  }
}
