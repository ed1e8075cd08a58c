import { setTimeout as delay } from 'node:timers/promises';
import { DelayedError, type Job, Worker, type WorkerOptions } from 'bullmq';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { QueueName } from '../domain/channel.ts';
import { readStoreClock } from '../store/store-clock.ts';
import { isOurVersion, UnreadableRecord } from '../store/unreadable-record.ts';
import { pauseMsMax } from './job-adder.ts';
import { createSuspectRunner, type ReportSurvival, type RunSuspect } from './suspect-jobs.ts';

/**
 * Runs a handler for the jobs of one queue. The handler returns what becomes of the job: *done*, or *later* (the
 * same job comes back then, and nothing is counted against it). A handler that throws has a bug or an unreachable
 * store: the job comes back after a pause that grows, and the error is reported. A job never ends as failed
 * by our doing; the records decide what is finished. A job that kills or hangs its worker three times is poison: it is
 * given to `endPoison` instead, so that it never takes a fleet down.
 */
export interface QueueHost {
  readonly name: string;
  start(): Promise<void>;
  /** Takes up no further job, from now on. */
  stopPickup(): void;
  /** Takes up no further job; jobs under way get `deadlineMs`, then the host gives them up. Never rejects. */
  stop(deadlineMs: number): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** When a job was last taken up (ms of the monotonic clock), for the watchdog. */
  lastPickupAt(): number;
  /** True when it would take up a job that waits: not paused, not stopping, and a place is free. */
  isIdle(): boolean;
}

export type JobEnd = { readonly kind: 'done' } | { readonly kind: 'later'; readonly inMs: number };

/** `reportSurvival` is called once all that depends on the content of the record has been worked out. */
export type HandleJob = (id: string, signal: AbortSignal, reportSurvival: ReportSurvival) => Promise<JobEnd>;

export interface QueueHostOptions {
  readonly queue: QueueName;
  readonly queuePrefix: string;
  readonly connection: Redis;
  readonly concurrency: number;
  readonly handleJob: HandleJob;
  /** The same for the jobs of the proof of life, whose records lie apart. */
  readonly handleProof?: HandleJob;
  /** Ends the record of a job that kept killing or hanging its worker. */
  readonly endPoison: (id: string) => Promise<JobEnd>;
  readonly onError: (what: string, error: unknown) => void;
  readonly now: () => number;
  readonly monotonicNow: () => number;
}

const jobData = z.object({ id: z.string(), proof: z.boolean().default(false) });
/**
 * A job whose worker died, or whose pick-up was lost when the connection to Redis broke, is free again after this
 * and two sweeps. Short on purpose: the claim in the record, not this lock, keeps two workers from one message.
 */
const lockDurationMs = 10_000;
/** A job of a newer program sleeps so long before anybody may look again: that program, if it runs. Less than `pauseMsMax`. */
const newerJobPauseMs = 30_000;
/** A clock that is further ahead of the store's is wrong, and not only read earlier. */
const aheadMsMax = 1_000;

/** Builds a host; nothing runs before `start`. */
export function createQueueHost(options: QueueHostOptions): QueueHost {
  let lastPickupAt = options.monotonicNow();
  let paused = false;
  let underWay = 0;
  const stopping = new AbortController();
  const runSuspect = createSuspectRunner();
  const worker = new Worker(
    options.queue,
    async (job, token, signal) => {
      lastPickupAt = options.monotonicNow();
      underWay += 1;
      try {
        const ended = AbortSignal.any([stopping.signal, signal ?? stopping.signal]);
        await runJob({ ...options, runSuspect }, job, token ?? '', ended);
      } finally {
        underWay -= 1;
      }
    },
    toWorkerOptions(options),
  );
  worker.on('error', (error) => options.onError(`worker ${options.queue}`, error));
  worker.on('failed', (_job, error) => options.onError(`job failed in ${options.queue}`, error));
  // The lock is lost: another worker may take the job. The claim in the record still fences the send.
  worker.on('lockRenewalFailed', (ids) => {
    for (const id of ids) worker.cancelJob(id, 'lock lost');
  });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    stopping.abort(new Error('the worker is stopping'));
    closing ??= worker.close().catch((error: unknown) => options.onError('close worker', error));
    return closing;
  };
  return {
    name: `worker ${options.queue}`,
    start: async () => {
      await worker.waitUntilReady();
      void worker.run().catch((error: unknown) => options.onError(`worker ${options.queue} ended`, error));
    },
    stopPickup: () => void close(),
    stop: async (deadlineMs) => {
      const end = await Promise.race([close(), delay(deadlineMs, 'late', { ref: false })]);
      if (end === 'late' && underWay > 0)
        options.onError(`stop worker ${options.queue}`, new Error(`${underWay} jobs did not end in time`));
    },
    pause: async () => {
      paused = true;
      await worker.pause(true);
    },
    resume: async () => {
      await worker.resume();
      paused = false;
    },
    lastPickupAt: () => lastPickupAt,
    isIdle: () => !paused && !stopping.signal.aborted && underWay < options.concurrency,
  };
}

function toWorkerOptions(options: QueueHostOptions): WorkerOptions {
  return {
    autorun: false,
    connection: options.connection,
    prefix: options.queuePrefix,
    concurrency: options.concurrency,
    lockDuration: lockDurationMs,
    stalledInterval: 3_000,
    // A worker that is killed leaves its jobs stalled; each kill counts, and the default of 1 would fail the job.
    maxStalledCount: 1_000_000,
    drainDelay: 5,
    runRetryDelay: 1_000,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
  };
}

async function runJob(
  options: QueueHostOptions & { readonly runSuspect: RunSuspect },
  job: Job,
  token: string,
  signal: AbortSignal,
): Promise<void> {
  if (!isOurVersion(job.data ?? {})) {
    const why = new UnreadableRecord(String(job.id), 'it is a job of a newer program');
    options.onError(`job of a newer program in ${options.queue}`, why);
    await delayJob(options, { job, token, signal }, newerJobPauseMs);
    throw new DelayedError();
  }
  const data = jobData.safeParse(job.data);
  const isProof = data.data?.proof === true;
  const handle = isProof ? options.handleProof : options.handleJob;
  if (!data.success || handle === undefined) {
    options.onError(`job ${String(job.id)} in ${options.queue} is not ours`, data.error);
    return;
  }
  const { id } = data.data;
  const work = async (): Promise<JobEnd> => {
    const ended = await options.runSuspect(job, (reportSurvival) => handle(id, signal, reportSurvival));
    if (ended !== 'poison') return ended;
    return isProof ? { kind: 'done' } : await options.endPoison(id);
  };
  const end = await work().catch((error: unknown) => {
    if (!signal.aborted) options.onError(`handle job of ${options.queue}`, error);
    const pauseMs = signal.aborted ? 0 : Math.min(pauseMsMax, 250 * 2 ** Math.min(job.attemptsStarted, 12));
    return { kind: 'later', inMs: pauseMs } as const;
  });
  if (end.kind === 'done') return;
  await delayJob(options, { job, token, signal }, end.inMs);
  throw new DelayedError();
}

/**
 * Until then by the store's clock: the one of this process may be wrong, and a job that sleeps by it comes hours late.
 * BullMQ wakes jobs by the clock of whoever fetches, though, so a process ahead of time would have it back at once, again
 * and again; its place is kept for a moment then.
 */
async function delayJob(
  { connection, now }: QueueHostOptions,
  { job, token, signal }: { readonly job: Job; readonly token: string; readonly signal: AbortSignal },
  inMs: number,
): Promise<void> {
  // Read first: the time until the response is here must not count as a difference of the clocks.
  const askedAt = now();
  const storeMs = await readStoreClock(connection);
  const sleepMs = Math.max(1, Math.ceil(inMs));
  if (askedAt - storeMs > aheadMsMax)
    await delay(Math.min(sleepMs, aheadMsMax), undefined, { signal }).catch(() => undefined);
  await job.moveToDelayed(storeMs + sleepMs, token);
}
