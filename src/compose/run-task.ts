import { runEvery } from '../runtime/run-every.ts';
import type { Lease } from '../store/lease.ts';
import type { Foundation } from './build-foundation.ts';

/** Something that a process does again and again beside its work. */
export interface Task {
  /** What its faults and its end are told under. */
  readonly name: string;
  readonly everyMs: number;
  readonly run: () => Promise<unknown>;
  /** Of all processes, only the one that holds it runs the task; the others stand by. */
  readonly lease?: Lease;
  /** Once more, when the process has ended what it did before it. A fault is told and keeps nobody from ending. */
  readonly atEnd?: () => Promise<unknown>;
}

/**
 * Runs a task until the process is asked to end: then all tasks end together, so that a store that is away costs one
 * command's time and not each task's, and who stands by has the lease at once.
 */
export function runTask({ releases, reportError }: Foundation, task: Task): void {
  const { name, everyMs, run, lease, atEnd } = task;
  const report = (error: unknown): void => reportError(name, error);
  const turn = async (): Promise<void> => {
    if (lease === undefined || (await lease.hold())) await run();
  };
  const turning = runEvery(everyMs, turn, report);
  const leave = async (): Promise<void> => {
    await turning.stop();
    await lease?.release();
  };
  let leaving: Promise<void> | undefined;
  releases.ending.addEventListener('abort', () => void (leaving = leave()));
  releases.push(name, async () => {
    await leaving;
    await atEnd?.().catch(report);
  });
}
