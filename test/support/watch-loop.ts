import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** No request, message or answer keeps the event loop from others for longer (issue 8, item 1). */
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
