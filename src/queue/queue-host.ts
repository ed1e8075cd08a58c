import { setTimeout as delay } from 'node:timers/promises';
import { DelayedError, type Job, Worker, type WorkerOptions } from 'bullmq';
import type { Redis } from 'ioredis';
import type { LimitFunction } from 'p-limit';
import type { QueueName } from '../domain/channel.ts';
import { readStoreClock } from '../store/store-clock.ts';
import { isOurVersion, UnreadableRecord } from '../store/unreadable-record.ts';
import { type JobAdder, pauseMsMax } from './job-adder.ts';
import { type JobContent, type JobMarks, type JobMember, jobVersion, readJobData } from './job-data.ts';
import { createSuspectRunner, type ReportSurvival, type RunSuspect } from './suspect-jobs.ts';

/**
 * Runs a handler for whatever the jobs of one queue point to. The handler returns what becomes of it: *done*, or *later*
 * (it is handed out again then, and nothing is counted against it). A handler that throws has a bug or an unreachable
 * store: it is called again after a pause that grows, and the error is reported. What must come later leaves its group
 * and gets a job of its own. A job never ends as failed by our doing; the records decide what is finished. What kills or
 * hangs its worker three times is poison: it is given to `endPoison` instead, so that it never takes a fleet down.
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
  /** True when it would take up a job that waits: not paused, not stopping, and with fewer in hand than it may have. */
  isIdle(): boolean;
}

export type JobEnd = { readonly kind: 'done' } | { readonly kind: 'later'; readonly inMs: number };

/** `reportSurvival` is called once all that depends on the content of the record has been worked out. */
export type HandleJob = (id: string, signal: AbortSignal, reportSurvival: ReportSurvival) => Promise<JobEnd>;

export interface QueueHostOptions {
  readonly queue: QueueName;
  readonly queuePrefix: string;
  readonly connection: Redis;
  /** Jobs in hand at the same time. */
  readonly concurrency: number;
  /** Handlers that run at the same time: of this host, and of those that share its places. */
  readonly places: LimitFunction;
  readonly jobs: Pick<JobAdder, 'addOwnJob'>;
  readonly handleJob: HandleJob;
  /** The same for the jobs of the proof of life, whose records lie apart. */
  readonly handleProof?: HandleJob;
  /** Ends the record of a job that kept killing or hanging its worker. */
  readonly endPoison: (id: string) => Promise<JobEnd>;
  readonly onError: (what: string, error: unknown) => void;
  readonly now: () => number;
  readonly monotonicNow: () => number;
}

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
  let jobsInHand = 0;
  const stopping = new AbortController();
  const runSuspect = createSuspectRunner();
  const deps: JobDeps = { ...options, runSuspect, isPaused: () => paused };
  const worker = new Worker(
    options.queue,
    async (job, token, signal) => {
      lastPickupAt = options.monotonicNow();
      jobsInHand += 1;
      const ended = AbortSignal.any([stopping.signal, signal ?? stopping.signal]);
      try {
        await runJob(deps, { job, token: token ?? '', signal: ended });
      } finally {
        jobsInHand -= 1;
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
      if (end === 'late' && jobsInHand > 0)
        options.onError(`stop worker ${options.queue}`, new Error(`${jobsInHand} jobs did not end in time`));
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
    isIdle: () => !paused && !stopping.signal.aborted && jobsInHand < options.concurrency,
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

type JobDeps = QueueHostOptions & {
  readonly runSuspect: RunSuspect;
  readonly isPaused: () => boolean;
};

/** A job that this worker has taken up. */
interface Held {
  readonly job: Job;
  readonly token: string;
  /** The worker stops, or has lost the job. */
  readonly signal: AbortSignal;
}

async function runJob(deps: JobDeps, held: Held): Promise<void> {
  const { job } = held;
  if (!isOurVersion(job.data ?? {}, jobVersion)) {
    const why = new UnreadableRecord(String(job.id), 'it is a job of a newer program');
    deps.onError(`job of a newer program in ${deps.queue}`, why);
    return await delayJob(deps, held, newerJobPauseMs);
  }
  const content = readJobData(String(job.id), job.data);
  if (content === undefined || (content.isProof && deps.handleProof === undefined)) {
    deps.onError(`job ${String(job.id)} in ${deps.queue} is not ours`, undefined);
    return;
  }
  // Its worker died with it, and one of its members may be the cause: each has to show that by itself.
  if (content.isGroup && job.stalledCounter > 0) {
    const leaving = content.members.map((member) =>
      leaveGroup(deps, job, { ...content, member, inMs: 0, isSuspect: true }),
    );
    return await endJob(deps, held, await Promise.all(leaving));
  }
  const ends = content.members.map(async (member) => {
    const end = await deps.places(() => runMember(deps, held, content, member));
    // A worker that ends or is paused keeps the group together: what of it is done will be found done.
    if (!content.isGroup || end.kind === 'done' || !mayBegin(deps, held)) return end;
    return await leaveGroup(deps, job, { ...content, member, inMs: end.inMs });
  });
  await endJob(deps, held, await Promise.all(ends));
}

/** Once every member is done or has left, the job is; else it comes back when the first of them is due. */
async function endJob(deps: JobDeps, held: Held, ends: readonly JobEnd[]): Promise<void> {
  const waits = ends.flatMap((end) => (end.kind === 'done' ? [] : [end.inMs]));
  if (waits.length > 0) await delayJob(deps, held, Math.min(...waits));
}

async function runMember(deps: JobDeps, held: Held, content: JobContent, { id }: JobMember): Promise<JobEnd> {
  const { job, signal } = held;
  const handle = content.isProof ? deps.handleProof : deps.handleJob;
  // It may have waited for its place.
  if (!mayBegin(deps, held) || handle === undefined) return { kind: 'later', inMs: 0 };
  try {
    const isSuspect = content.isSuspect || job.stalledCounter > 0;
    const work = (reportSurvival: ReportSurvival) => handle(id, signal, reportSurvival);
    const end = isSuspect ? await deps.runSuspect(job, work) : await work(() => Promise.resolve());
    if (end !== 'poison') return end;
    return content.isProof ? { kind: 'done' } : await deps.endPoison(id);
  } catch (error) {
    if (signal.aborted) return { kind: 'later', inMs: 0 };
    deps.onError(`handle job of ${deps.queue}`, error);
    return { kind: 'later', inMs: toPauseMs(job) };
  }
}

function mayBegin({ isPaused }: JobDeps, { signal }: Held): boolean {
  return !signal.aborted && !isPaused();
}

function toPauseMs(job: Job): number {
  return Math.min(pauseMsMax, 250 * 2 ** Math.min(job.attemptsStarted, 12));
}

/** A member that leaves its group, and what its own job is to say of it. */
interface Leaving extends JobMarks {
  readonly member: JobMember;
  readonly inMs: number;
}

/** Gives a member a job of its own at once; one that could not be given it stays, and the group comes back with it. */
async function leaveGroup(
  deps: JobDeps,
  job: Job,
  { member, inMs, isProof, isSuspect }: Leaving,
): Promise<JobEnd> {
  try {
    await deps.jobs.addOwnJob(deps.queue, member.pointer, { isProof, isSuspect }, inMs);
    return { kind: 'done' };
  } catch (error) {
    deps.onError(`leave a group of ${deps.queue}`, error);
    return { kind: 'later', inMs: toPauseMs(job) };
  }
}

/**
 * Until then by the store's clock: the one of this process may be wrong, and a job that sleeps by it comes hours late.
 * BullMQ wakes jobs by the clock of whoever fetches, though, so a process ahead of time would have it back at once, again
 * and again; its place is kept for a moment then.
 */
async function delayJob(
  { connection, now }: QueueHostOptions,
  { job, token, signal }: Held,
  inMs: number,
): Promise<never> {
  // Read first: the time until the response is here must not count as a difference of the clocks.
  const askedAt = now();
  const storeMs = await readStoreClock(connection);
  const sleepMs = Math.max(1, Math.ceil(inMs));
  if (askedAt - storeMs > aheadMsMax)
    await delay(Math.min(sleepMs, aheadMsMax), undefined, { signal }).catch(() => undefined);
  await job.moveToDelayed(storeMs + sleepMs, token);
  throw new DelayedError();
}
