import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** No request, message or response holds the event loop for longer. */
export const loopHeldMsMax = 50;
/** Nor does a process grow by more. */
export const grownBytesMax = 64 * 1024 * 1024;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes that the process holds when nothing is left over. */
export function measureHeld(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/**
 * How long `run` holds the event loop, in ms: the least of some tries, by the clock or by the processor, since other programs
 * of a busy machine take time too. No more tries once one is short enough.
 */
export function measureWorkMs(run: () => unknown): number {
  let ms = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < 10 && ms > loopHeldMsMax; tries += 1) {
    const [began, used] = [performance.now(), process.cpuUsage()];
    run();
    const { user, system } = process.cpuUsage(used);
    ms = Math.min(ms, performance.now() - began, (user + system) / 1_000);
  }
  return ms;
}
