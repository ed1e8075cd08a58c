import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { compileShim } from './preload.ts';

/** The wall clock of every process that was started with this environment. */
export interface SteppedClock {
  readonly environment: Readonly<Record<string, string>>;
  /** From now on the clock is `ms` ahead of the true one, or behind it when negative. Seen at once. */
  stepTo(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** Makes a clock that shows the true time until it is stepped. `dir` holds what it needs. */
export async function createSteppedClock(dir: string, name: string): Promise<SteppedClock> {
  const path = join(dir, `${name}.clock`);
  const file = await open(path, 'w');
  await writeStep(file, 0);
  return {
    environment: { ...(await compileShim('clock', dir)), CLOCK_STEP_FILE: path },
    stepTo: (ms) => writeStep(file, ms),
    close: () => file.close(),
  };
}

async function writeStep(file: FileHandle, ms: number): Promise<void> {
  await file.write(new BigInt64Array([BigInt(ms)]), 0, 8, 0);
}
