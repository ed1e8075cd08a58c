import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import pLimit from 'p-limit';
import { expect, test } from 'vitest';
import { toMessageId } from '../../src/domain/ids.ts';
import { createQueueHost, type HandleJob, type QueueHost } from '../../src/queue/queue-host.ts';
import { noGroups } from '../support/no-groups.ts';
import { useGateServer } from '../support/use-gate-server.ts';
import { waitFor } from '../support/wait-for.ts';

/** Jobs whose worker died with them, as BullMQ leaves them behind; which of them is poison is for the host to find out. */
const { server, closers } = useGateServer();

interface World {
  readonly host: QueueHost;
  readonly ended: string[];
  readMarks(name: string): Promise<number | undefined>;
}

async function startHost(
  jobs: Readonly<Record<string, { marks?: number }>>,
  handleJob: HandleJob,
): Promise<World> {
  const prefix = (await server.openStore()).shard(0).queuePrefix;
  const redis = server.connect();
  const queue = new Queue('email', { connection: redis, prefix });
  closers.push(async () => await queue.close());
  for (const [name, data] of Object.entries(jobs)) {
    await queue.add('message', { v: 1, id: idOf(name), ...data }, { jobId: name });
    await redis.hset(`${prefix}:email:${name}`, 'stc', 1);
  }
  const connection = new Redis(server.server.url, { maxRetriesPerRequest: null });
  closers.push(() => connection.disconnect());
  const ended: string[] = [];
  const host = createQueueHost({
    queue: 'email',
    queuePrefix: prefix,
    connection,
    concurrency: 3,
    places: pLimit(3),
    jobs: noGroups,
    handleJob,
    endPoison: async (id) => {
      ended.push(id);
      return await Promise.resolve({ kind: 'done' });
    },
    onError: () => undefined,
    now: Date.now,
    monotonicNow: () => performance.now(),
  });
  closers.push(async () => await host.stop(1_000));
  const readMarks = async (name: string): Promise<number | undefined> => {
    const data = await redis.hget(`${prefix}:email:${name}`, 'data');
    return data === null ? undefined : (JSON.parse(data) as { marks?: number }).marks;
  };
  return { host, ended, readMarks };
}

test('a suspect is marked while it is dangerous and not after, and only one is at a time', async () => {
  const seen: (number | undefined)[][] = [];
  const release: (() => void)[] = [];
  const names = ['one', 'two', 'three'];
  const world = await startHost({ one: {}, two: {}, three: {} }, async (_id, _signal, reportSurvival) => {
    seen.push(await Promise.all(names.map((name) => world.readMarks(name))));
    await reportSurvival();
    // All three go on at the same time from here.
    await new Promise<void>((resolve) => release.push(resolve));
    return { kind: 'later', inMs: 60_000 };
  });
  await world.host.start();
  await waitFor(
    'all under way',
    () => release.length,
    (count) => count === 3,
  );
  expect(seen.map((marks) => marks.filter((mark) => mark !== undefined))).toEqual([[1], [1], [1]]);
  for (const one of release) one();
  await waitFor(
    'none marked',
    () => Promise.all(names.map((name) => world.readMarks(name))),
    (marks) => marks.every((mark) => mark === undefined),
  );
  expect(world.ended).toEqual([]);
});

test('a handler that throws has survived: its job comes back without a mark', async () => {
  let calls = 0;
  const world = await startHost({ faulty: { marks: 1 } }, async () => {
    calls += 1;
    return await Promise.reject(new Error('no such luck'));
  });
  await world.host.start();
  await waitFor(
    'two tries',
    () => calls,
    (count) => count >= 2,
  );
  expect([world.ended, await world.readMarks('faulty').then((marks) => (marks ?? 0) < 2)]).toEqual([
    [],
    true,
  ]);
});

test('marks of two workers that died, after the first death, are poison: it is ended and not handled', async () => {
  const handled: string[] = [];
  const world = await startHost({ poison: { marks: 2 }, innocent: { marks: 1 } }, async (id) => {
    handled.push(id);
    return await Promise.resolve({ kind: 'done' });
  });
  await world.host.start();
  await waitFor(
    'both at their end',
    () => [...handled, ...world.ended],
    (all) => all.length === 2,
  );
  expect([handled, world.ended]).toEqual([[idOf('innocent')], [idOf('poison')]]);
});

function idOf(name: string): string {
  return toMessageId(0, name.padStart(24, '0'));
}
