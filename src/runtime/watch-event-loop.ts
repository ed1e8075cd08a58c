import { Worker } from 'node:worker_threads';

const beatMs = 1_000;

/**
 * Ends the process with SIGKILL when its event loop has not turned for `blockedMs`: whatever holds it (an endless loop,
 * a text that takes hours to match) holds everything, its own watchdogs too. Its supervisor starts another, and what it
 * had under way is settled by the records. Runs in a thread of its own; one that was frozen itself (SIGSTOP, a machine
 * that slept) begins to count anew. Returns how to stop watching.
 */
export function watchEventLoop(blockedMs: number): { stop(): Promise<void> } {
  const beats = new Int32Array(new SharedArrayBuffer(4));
  const thread = new Worker(watcher, {
    eval: true,
    execArgv: [],
    workerData: { beats, beatMs, beatsMissedMax: Math.ceil(blockedMs / beatMs), pid: process.pid },
    resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 },
    stdout: false,
    stderr: false,
  });
  thread.unref();
  const beat = setInterval(() => Atomics.add(beats, 0, 1), beatMs).unref();
  return {
    stop: async () => {
      clearInterval(beat);
      await thread.terminate();
    },
  };
}

/** JavaScript as it is, so that the thread needs no file and no loader. */
const watcher = `
const { workerData } = require('node:worker_threads');
const { writeSync } = require('node:fs');
const { beats, beatMs, beatsMissedMax, pid } = workerData;
let seen = -1;
let missed = 0;
let lookedAt = performance.now();
setInterval(() => {
  const now = performance.now();
  const wasFrozen = now - lookedAt > 3 * beatMs;
  lookedAt = now;
  const beat = Atomics.load(beats, 0);
  missed = beat === seen && !wasFrozen ? missed + 1 : 0;
  seen = beat;
  if (missed < beatsMissedMax) return;
  const line = { level: 'FATAL', time: new Date().toISOString(), pid, msg: 'the event loop is blocked: the process ends, to be replaced', blocked_ms: missed * beatMs };
  writeSync(1, JSON.stringify(line) + '\\n');
  process.kill(pid, 'SIGKILL');
}, beatMs);
`;
