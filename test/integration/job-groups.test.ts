import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import pLimit from 'p-limit';
import { expect, test } from 'vitest';
import { type EventId, toEventId } from '../../src/domain/ids.ts';
import { readDepths, sampleWaiting } from '../../src/queue/count-jobs.ts';
import { createJobAdder, type JobAdder } from '../../src/queue/job-adder.ts';
import { createQueueHost, type HandleJob, type JobEnd, type QueueHost } from '../../src/queue/queue-host.ts';
import type { Keys } from '../../src/store/keys.ts';
import { useGateServer } from '../support/use-gate-server.ts';
import { waitFor } from '../support/wait-for.ts';

/** Groups of pointers as jobs, on a real BullMQ: how they are put together, what leaves them, and what is counted. */
const { server, closers } = useGateServer();

interface World {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly jobs: JobAdder;
  readonly queue: Queue;
  readonly ids: readonly EventId[];
}

async function openWorld(count: number): Promise<World> {
  const keys = await server.openStore();
  const redis = server.connect();
  await redis.ping();
  const jobs = createJobAdder({ redis, keys, onError: () => undefined });
  const queue = new Queue('events', { connection: redis, prefix: keys.shard(0).queuePrefix });
  closers.push(async () => {
    await queue.close();
    await jobs.close(1_000);
  });
  const ids = Array.from({ length: count }, (_, index) => toEventId(0, String(index).padStart(24, '0')));
  return { redis, keys, jobs, queue, ids };
}

/** Reserves places for all in one turn, and takes them: the job that each record would name. */
async function addTogether({ jobs, ids }: World): Promise<readonly string[]> {
  const places = ids.map((id) => jobs.reserve('events', id));
  await Promise.all(places.map((place) => place.take()));
  return places.map(({ job }) => job);
}

interface Hosted {
  readonly handled: string[];
  readonly poison: string[];
  readonly told: unknown[];
}

async function startHost(
  { keys, jobs }: World,
  handle: (id: string, signal: AbortSignal) => JobEnd | Promise<JobEnd>,
  {
    concurrency = 4,
    jobsMax = concurrency,
    ownJobs = jobs,
  }: { concurrency?: number; jobsMax?: number; ownJobs?: Pick<JobAdder, 'addOwnJob'> } = {},
): Promise<Hosted & QueueHost> {
  const connection = new Redis(server.server.url, { maxRetriesPerRequest: null });
  closers.push(() => connection.disconnect());
  const [handled, poison, told]: [string[], string[], unknown[]] = [[], [], []];
  const handleJob: HandleJob = async (id, signal) => {
    handled.push(id);
    return await handle(id, signal);
  };
  const host = createQueueHost({
    queue: 'events',
    queuePrefix: keys.shard(0).queuePrefix,
    connection,
    concurrency: jobsMax,
    places: pLimit(concurrency),
    jobs: ownJobs,
    handleJob,
    endPoison: async (id) => {
      poison.push(id);
      return await Promise.resolve({ kind: 'done' });
    },
    onError: (_what, error) => told.push(error),
    now: Date.now,
    monotonicNow: () => performance.now(),
  });
  closers.push(async () => await host.stop(1_000));
  await host.start();
  return { ...host, handled, poison, told };
}

const byText = (one = '', other = ''): number => one.localeCompare(other);

const isEmpty = (queue: Queue) => async (): Promise<number> =>
  (await queue.getWaitingCount()) + (await queue.getActiveCount()) + (await queue.getDelayedCount());

test('what is written in one turn shares a job that every record names, at most sixteen in each', async () => {
  const world = await openWorld(40);
  const jobs = await addTogether(world);
  const sizes = [...Map.groupBy(jobs, (job) => job).values()].map(({ length }) => length);
  expect(sizes).toEqual([16, 16, 8]);
  expect(await world.queue.getWaitingCount()).toBe(3);
  expect((await readDepths(world)).events).toEqual({ waiting: 40, active: 0, delayed: 0 });
});

test('a place that is left is in no job; of one that stays alone the job has its own name, and of none there is no job', async () => {
  const world = await openWorld(3);
  const [first, second, third] = world.ids.map((id) => world.jobs.reserve('events', id));
  first?.leave();
  third?.leave();
  await second?.take();
  third?.leave();
  expect(await world.queue.getJobState(world.ids[1] ?? '')).toBe('waiting');
  expect(await world.queue.getWaitingCount()).toBe(1);
  for (const id of world.ids) world.jobs.reserve('events', id).leave();
  expect(await world.queue.getWaitingCount()).toBe(1);
});

test('a group waits for all of its places, and then fails all of them in the same way', async () => {
  const world = await openWorld(2);
  const [first, second] = world.ids.map((id) => world.jobs.reserve('events', id));
  const taking = first?.take();
  await world.redis.ping();
  expect(await world.queue.getWaitingCount()).toBe(0);
  world.redis.disconnect();
  const failed = await Promise.allSettled([taking, second?.take()]);
  expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});

test('the reconciler leaves alone what a group carries, and makes a job of its own where the group is gone', async () => {
  const world = await openWorld(3);
  const [job = ''] = await addTogether(world);
  const ensureAll = async (): Promise<boolean[]> =>
    await Promise.all(world.ids.map((id) => world.jobs.ensureEventJob(id, job)));
  expect(await ensureAll()).toEqual([false, false, false]);
  await world.queue.remove(job);
  expect(await ensureAll()).toEqual([true, true, true]);
  expect(await ensureAll()).toEqual([false, false, false]);
  expect(await world.queue.getWaitingCount()).toBe(3);
});

test('what must come later leaves the group with a job of its own, and the others are done', async () => {
  const world = await openWorld(5);
  await addTogether(world);
  const [, late, faulty] = world.ids;
  const { handled, told } = await startHost(world, (id) => {
    if (id === faulty && handledOnce(id)) throw new Error('no such luck');
    return id === late && handledOnce(id) ? { kind: 'later', inMs: 60_000 } : { kind: 'done' };
  });
  const seen = new Set<string>();
  function handledOnce(id: string): boolean {
    const isFirst = !seen.has(id);
    seen.add(id);
    return isFirst;
  }
  await waitFor(
    'the late one sleeps, and all others are done',
    async () => (await readDepths(world)).events,
    ({ waiting, active, delayed }) => waiting === 0 && active === 0 && delayed === 1,
  );
  expect(await world.queue.getJobState(late ?? '')).toBe('delayed');
  expect(handled.toSorted(byText)).toEqual([...world.ids, faulty].toSorted(byText));
  expect(told).toHaveLength(1);
});

test('a member that must come later does not wait for the slowest of its group', async () => {
  const world = await openWorld(3);
  await addTogether(world);
  const [slow, early] = world.ids;
  const under = Promise.withResolvers<void>();
  const seen: string[] = [];
  await startHost(world, async (id) => {
    seen.push(id);
    if (id === slow) await under.promise;
    return id === early && seen.filter((one) => one === early).length === 1
      ? { kind: 'later', inMs: 1 }
      : { kind: 'done' };
  });
  await waitFor(
    'it is handled again',
    () => seen.filter((id) => id === early).length,
    (times) => times === 2,
  );
  expect(await world.queue.getActiveCount()).toBeGreaterThan(0);
  under.resolve();
  await waitFor('all are done', isEmpty(world.queue), (jobs) => jobs === 0);
});

test('a group that cannot be left, with the store away, comes back whole', async () => {
  const world = await openWorld(3);
  await addTogether(world);
  let failures = 0;
  const { handled } = await startHost(
    world,
    () => (failures === 0 ? { kind: 'later', inMs: 1 } : { kind: 'done' }),
    {
      ownJobs: {
        addOwnJob: async () => {
          failures += 1;
          return await Promise.reject(new Error('away'));
        },
      },
    },
  );
  await waitFor('all are done', isEmpty(world.queue), (jobs) => jobs === 0);
  expect(handled.toSorted(byText)).toEqual([...world.ids, ...world.ids].toSorted(byText));
});

test('no more handlers run at the same time than the host has places, however large the groups', async () => {
  const world = await openWorld(40);
  await addTogether(world);
  let [running, most] = [0, 0];
  await startHost(
    world,
    async () => {
      running += 1;
      most = Math.max(most, running);
      await world.redis.ping();
      running -= 1;
      return { kind: 'done' };
    },
    { concurrency: 3 },
  );
  await waitFor('all are done', isEmpty(world.queue), (jobs) => jobs === 0);
  expect(most).toBe(3);
});

test('a worker that ends keeps the group together: what was not begun is still in it', async () => {
  const world = await openWorld(6);
  const [job = ''] = await addTogether(world);
  const host = await startHost(
    world,
    async (_id, signal) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      return { kind: 'later', inMs: 0 };
    },
    { concurrency: 2 },
  );
  await waitFor(
    'both places are taken',
    () => host.handled.length,
    (count) => count === 2,
  );
  await host.stop(5_000);
  expect(host.handled).toHaveLength(2);
  expect(await world.queue.getJobState(job)).toMatch(/waiting|delayed/);
  const next = await startHost(world, () => ({ kind: 'done' }));
  await waitFor('all are done', isEmpty(world.queue), (jobs) => jobs === 0);
  expect(next.handled.toSorted(byText)).toEqual(world.ids.toSorted(byText));
});

test('a host that is paused begins nothing more of the groups in its hands, and goes on with them when it is resumed', async () => {
  const world = await openWorld(6);
  const [job = ''] = await addTogether(world);
  const under = Promise.withResolvers<void>();
  const host = await startHost(
    world,
    async () => {
      await under.promise;
      return { kind: 'done' };
    },
    { concurrency: 2 },
  );
  await waitFor(
    'both places are taken',
    () => host.handled.length,
    (count) => count === 2,
  );
  await host.pause();
  under.resolve();
  await waitFor(
    'the group is back in the queue',
    () => world.queue.getJobState(job),
    (state) => state === 'delayed' || state === 'waiting',
  );
  expect(host.handled).toHaveLength(2);
  await host.resume();
  await waitFor('all are done', isEmpty(world.queue), (jobs) => jobs === 0);
  expect(new Set(host.handled)).toEqual(new Set(world.ids));
});

test('a host with all the jobs in hand that it may have is not idle, though most of their members are done', async () => {
  const world = await openWorld(5);
  await addTogether(world);
  const under = Promise.withResolvers<void>();
  const [slow] = world.ids;
  const host = await startHost(
    world,
    async (id) => {
      if (id === slow) await under.promise;
      return { kind: 'done' };
    },
    { concurrency: 4, jobsMax: 1 },
  );
  await waitFor(
    'all but the slow one are done',
    () => host.handled.length,
    (count) => count === 5,
  );
  expect(host.isIdle()).toBe(false);
  under.resolve();
  await waitFor('all are done', isEmpty(world.queue), (jobs) => jobs === 0);
  await waitFor(
    'it is idle',
    () => host.isIdle(),
    (isIdle) => isIdle,
  );
});

test('a group whose worker died is taken apart: each is a suspect by itself, and the one that kills is found', async () => {
  const world = await openWorld(3);
  const [job = ''] = await addTogether(world);
  const prefix = `${world.keys.shard(0).queuePrefix}:events`;
  await world.redis.hset(`${prefix}:${job}`, 'stc', 1);
  const [killer] = world.ids;
  const marked: unknown[] = [];
  const { handled, poison } = await startHost(world, async (id) => {
    const data = JSON.parse((await world.redis.hget(`${prefix}:${id}`, 'data')) ?? '{}');
    marked.push(data);
    return { kind: 'done' };
  });
  await waitFor('all are done', isEmpty(world.queue), (jobs) => jobs === 0);
  expect(handled.toSorted(byText)).toEqual(world.ids.toSorted(byText));
  expect(poison).toEqual([]);
  expect(marked).toEqual(handled.map((id) => ({ v: 1, id, suspect: true, marks: 1 })));

  // It has died with this one twice more.
  const data = JSON.stringify({ v: 1, id: killer, suspect: true, marks: 2 });
  await world.queue.add('pointers', JSON.parse(data), { jobId: killer ?? '' });
  await waitFor(
    'it is ended',
    () => poison,
    (ended) => ended.length === 1,
  );
  expect(handled).toHaveLength(3);
});

test('jobs of the release before have one pointer and are handled beside groups', async () => {
  const world = await openWorld(2);
  await addTogether(world);
  const old = toEventId(0, 'o'.repeat(24));
  await world.queue.add('event', { v: 1, id: old }, { jobId: old });
  const { handled } = await startHost(world, () => ({ kind: 'done' }));
  await waitFor('all are done', isEmpty(world.queue), (jobs) => jobs === 0);
  expect(handled.toSorted(byText)).toEqual([...world.ids, old].toSorted(byText));
});

test('depth and the share of each client count events and not jobs, also where there are too many to look at all', async () => {
  const world = await openWorld(4_000);
  const { keys, redis, ids } = world;
  const writes = redis.pipeline();
  for (const [at, id] of ids.entries())
    writes.hset(keys.of(id).event(id), 'client', at % 4 === 0 ? 'few' : 'most');
  await writes.exec();
  await addTogether(world);
  expect(await world.queue.getWaitingCount()).toBe(250);
  const { waiting } = (await readDepths(world)).events;
  expect(Math.abs(waiting - 4_000)).toBeLessThanOrEqual(40);
  const shares = await sampleWaiting(redis, keys);
  expect([...shares.values()].reduce((sum, share) => sum + share, 0)).toBeCloseTo(waiting);
  expect((shares.get('most') ?? 0) / waiting).toBeGreaterThan(0.6);
});
