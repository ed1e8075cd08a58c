import { runEvery } from './run-every.ts';
import type { ShutdownHooks } from './shutdown-hooks.ts';

/** The process that tasks run in. */
export interface TaskHost {
  readonly shutdown: ShutdownHooks;
  readonly reportError: (what: string, error: unknown) => void;
}

/** Something that a process does again and again beside its work. */
export interface Task {
  /** What its errors and its end are told under. */
  readonly name: string;
  readonly everyMs: number;
  readonly run: () => Promise<unknown>;
  /** Of all processes, only the one that holds it runs the task; the others stand by. */
  readonly lease?: { hold(): Promise<boolean>; release(): Promise<unknown> };
  /** Once more, when the process has ended what it did before it. An error is told and keeps nobody from ending. */
  readonly atEnd?: () => Promise<unknown>;
}

/**
 * Runs a task until the process is asked to end: then all tasks end together, so that a store that is away costs one
 * command's time and not each task's, and who stands by has the lease at once.
 */
export function runTask({ shutdown, reportError }: TaskHost, task: Task): void {
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
  shutdown.ending.addEventListener('abort', () => void (leaving = leave()));
  shutdown.push(name, async () => {
    await leaving;
    await atEnd?.().catch(report);
  });
}
