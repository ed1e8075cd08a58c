import { runEvery } from './run-every.ts';
import type { ShutdownHooks } from './shutdown-hooks.ts';

/** The process that tasks run in. */
export interface TaskHost {
  readonly shutdown: ShutdownHooks;
  readonly reportError: (what: string, error: unknown) => void;
}

/** Something that a process does again and again beside its work. */
export interface Task {
  /** What its errors and its end are reported under. */
  readonly name: string;
  readonly everyMs: number;
  readonly run: () => Promise<unknown>;
  /** Of all processes, only the one that holds it runs the task; the others stand by. */
  readonly lease?: { hold(): Promise<boolean>; release(): Promise<unknown> };
  /** Once more, when the process has ended what it did before it. An error is reported and does not delay the end. */
  readonly atEnd?: () => Promise<unknown>;
}

/**
 * Runs a task until the process is asked to end: then all tasks end together, so that a store that is away costs one
 * command's time and not each task's, and a standby process has the lease at once.
 */
export function runTask({ shutdown, reportError }: TaskHost, task: Task): void {
  const { name, everyMs, run, lease, atEnd } = task;
  const report = (error: unknown): void => reportError(name, error);
  const runOnce = async (): Promise<void> => {
    if (lease === undefined || (await lease.hold())) await run();
  };
  const repeating = runEvery(everyMs, runOnce, report);
  const stop = async (): Promise<void> => {
    await repeating.stop();
    await lease?.release();
  };
  let stopping: Promise<void> | undefined;
  shutdown.ending.addEventListener('abort', () => void (stopping = stop()));
  shutdown.push(name, async () => {
    await stopping;
    await atEnd?.().catch(report);
  });
}
