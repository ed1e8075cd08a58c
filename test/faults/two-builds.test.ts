import { Queue } from 'bullmq';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findFreePort } from '../../local/loopback.ts';
import { findRoot } from '../../local/root.ts';
import { parseEventId, parseMessageId, toEventId, toMessageId } from '../../src/domain/ids.ts';
import { eventRecord } from '../../src/store/event-record.ts';
import { messageRecord } from '../../src/store/message-record.ts';
import { buildCommit, type PreviousBuild, whyNoCommit } from '../support/previous-build.ts';
import { type ScriptedSmtp, startScriptedSmtp } from '../support/scripted-smtp.ts';
import { type Service, type ServiceProcess, startService } from '../support/service.ts';
import { createServiceClient, type ServiceClient } from '../support/service-client.ts';
import { waitFor } from '../support/wait-for.ts';
import { askEvent, countCopies, findBreaches, waitForRest } from './invariants.ts';

/**
 * The release before this one: in a rolling deployment and in a rollback its processes run beside ours on one store. It
 * is built here, from the history. To be raised with each release.
 */
const previousRelease = '38e0d166087a1412245be39a3fba2204e2217dae';

type BuildName = 'previous' | 'present';

const kinds = ['planner', 'sender', 'guard', 'api'] as const;
const posterCount = 4;
/** With more than this open, posts wait: what counts here is who does the work, not how much of it. */
const openMax = 40;
/** Messages that a build has sent before the next thing happens. */
const enough = 25;

const obstacle = await whyNoCommit(previousRelease);
let previous: PreviousBuild | undefined;
beforeAll(async () => {
  if (obstacle === undefined) previous = await buildCommit(previousRelease);
}, 180_000);
afterAll(async () => await previous?.close());

test.for<{ readonly what: string; readonly builds: readonly [BuildName, BuildName] }>([
  { what: 'a rolling deployment', builds: ['previous', 'present'] },
  { what: 'a rollback', builds: ['present', 'previous'] },
])(
  'LIN-3: $what under load sends all exactly once, and what is newer than a build is left alone by it',
  { timeout: 120_000 },
  async ({ builds }, context) => {
    context.skip(obstacle !== undefined, obstacle);
    const world = await openWorld();
    try {
      const seen = await replace(world, builds);
      expect(seen.breaches).toEqual([]);
      expect(seen.received).toEqual({ copies: seen.acknowledged, messages: seen.acknowledged });
      expect(seen.newerNow).toEqual(seen.newer);
      expect(seen.ends).toEqual(kinds.map(() => 'exit code 0'));
      // What this one tells beyond the other is new.
      expect(seen.views.present).toMatchObject(seen.views.previous);
      expect(seen.undeclared).toEqual([]);
    } finally {
      await world.close();
    }
  },
);

/** The first build is at work, the second comes beside it, and the first goes; all the time events are posted to both. */
async function replace(world: World, names: readonly [BuildName, BuildName]) {
  const { service } = world;
  const first = await world.start(names[0]);
  const load = startLoad(service, [first], world.life);
  await waitForSent(first, enough);
  const newer = await putNewer(service, 'a');
  await waitForParked(service, newer.length);

  const second = await world.start(names[1]);
  load.doors.push(second);
  await Promise.all([
    waitForSent(first, enough),
    waitForSent(second, enough),
    waitForPlanned(first, load.acknowledged),
    waitForPlanned(second, load.acknowledged),
  ]);
  const views = { previous: [{}], present: [{}] };
  for (const build of [first, second]) views[build.name] = await view(build, load.acknowledged);

  // Whoever finds a door closed goes to the other, with the same key.
  load.doors.shift();
  const ends = await stop(first);
  newer.push(...(await putNewer(service, 'b')));
  await waitForParked(service, newer.length);
  await waitForSent(second, enough);
  await load.end();

  await waitForRest(service, 30_000);
  const received = [...first.smtp.messages, ...second.smtp.messages];
  const acknowledged = [...load.acknowledged];
  return {
    views,
    ends,
    breaches: [...load.breaches, ...(await findBreaches(service, { acknowledged, received }))],
    acknowledged: acknowledged.length,
    received: { copies: countCopies(received).size, messages: received.length },
    newer: newer.map(({ fields }) => fields),
    newerNow: await Promise.all(newer.map(({ key }) => service.redis.hgetall(key))),
    undeclared: await findUndeclared(service),
  };
}

interface RunningBuild {
  readonly name: BuildName;
  /** What its own sender sent. */
  readonly smtp: ScriptedSmtp;
  readonly client: ServiceClient;
  readonly processes: readonly ServiceProcess[];
}

interface World {
  readonly service: Service;
  /** Ends with `close`. */
  readonly life: AbortController;
  /** A process of each kind of one build. */
  start(name: BuildName): Promise<RunningBuild>;
  close(): Promise<void>;
}

/** One store, and processes of both builds on it. */
async function openWorld(): Promise<World> {
  const service = await startService({ processes: [] });
  const life = new AbortController();
  const opened: ScriptedSmtp[] = [];
  return {
    service,
    life,
    start: async (name) => {
      const root = name === 'present' ? findRoot() : (previous?.root ?? '');
      const smtp = await startScriptedSmtp({ dot: { reply: '250 2.0.0 Ok: queued as Q1', afterMs: 10 } });
      opened.push(smtp);
      const port = await findFreePort();
      const url = `http://127.0.0.1:${port}`;
      const environment = {
        PORT: String(port),
        APP_BASE_URL: url,
        SMTP_URL: `smtp://127.0.0.1:${smtp.port}`,
        SEND_CONCURRENCY: '4',
      };
      const processes = await Promise.all(
        kinds.map(async (kind) => await service.startProcess(kind, `${name}-${kind}`, environment, root)),
      );
      return { name, smtp, client: createServiceClient(url, service.issuer), processes };
    },
    close: async () => {
      life.abort();
      await service.stop();
      await Promise.all(opened.map(async (smtp) => await smtp.close()));
    },
  };
}

/** Posts without a pause to each door by turns until `end`; what is not answered is posted again, with the same key. */
function startLoad(service: Service, doors: RunningBuild[], life: AbortController) {
  const acknowledged = new Set<string>();
  const breaches: string[] = [];
  let posts = 0;
  const postOnce = async (key: string): Promise<boolean> => {
    posts += 1;
    const door = doors[posts % doors.length];
    const answer = await door?.client.call('/api/events', { json: askEvent(key) }).catch(() => undefined);
    if (answer === undefined || answer.status === 503) return false;
    if (answer.status === 202) acknowledged.add(String(answer.body['event_id']));
    else breaches.push(`${door?.name} answered ${answer.status} ${JSON.stringify(answer.body)}`);
    return true;
  };
  const keepPosting = async (poster: number): Promise<void> => {
    for (let count = 0; !life.signal.aborted; count += 1) {
      const key = `p${poster}-${count}`;
      await waitFor('an answer', async () => await postOnce(key), Boolean);
      await waitFor(
        'room',
        () => countOpen(service),
        (open) => open <= openMax,
      );
    }
  };
  const posters = Promise.allSettled(Array.from({ length: posterCount }, (_, poster) => keepPosting(poster)));
  return {
    doors,
    acknowledged,
    breaches,
    end: async () => {
      life.abort();
      for (const end of await posters) if (end.status === 'rejected') breaches.push(String(end.reason));
    },
  };
}

async function countOpen({ redis, keys }: Service): Promise<number> {
  const { messagesOpen, eventsOpen } = keys.shard(0);
  return (await redis.zcard(messagesOpen)) + (await redis.zcard(eventsOpen));
}

/** Until it has sent so many more. */
async function waitForSent({ name, smtp }: RunningBuild, count: number): Promise<void> {
  const before = smtp.messages.length;
  const sent = (): number => smtp.messages.length - before;
  await waitFor(`${name} has sent ${count} more`, sent, (seen) => seen >= count, { deadlineMs: 30_000 });
}

/** Until its planner plans one of the events that come in from now on. */
async function waitForPlanned(build: RunningBuild, acknowledged: ReadonlySet<string>): Promise<void> {
  const before = new Set(acknowledged);
  const planner = build.processes.find(({ name }) => name.endsWith('planner'));
  const planned = (): readonly string[] =>
    (planner?.lastLines() ?? []).filter((line) => line.includes('"event planned"'));
  const isNew = (line: string): boolean => !before.has(String(JSON.parse(line).event_id));
  await waitFor(`${build.name} plans`, planned, (lines) => lines.some(isNew), { deadlineMs: 30_000 });
}

/** SIGTERM to all of it at once; answers how they ended. */
async function stop({ processes }: RunningBuild): Promise<string[]> {
  for (const one of processes) one.signal('SIGTERM');
  return await Promise.all(processes.map(async ({ exited }) => await exited));
}

/** What a build tells of the events that were there first, and of their messages. */
async function view({ client }: RunningBuild, acknowledged: ReadonlySet<string>): Promise<object[]> {
  const told: object[] = [];
  for (const id of [...acknowledged].slice(0, 10)) {
    await client.waitForMessages(id, ['sent']);
    const event = await client.call(`/api/events/${id}`);
    const [message] = event.body['messages'] as { message_id: string }[];
    const { status, body } = await client.call(`/api/messages/${message?.message_id ?? ''}`);
    told.push({ status: event.status, ...event.body }, { status, ...body });
  }
  return told;
}

interface Kept {
  readonly key: string;
  readonly fields: Readonly<Record<string, string>>;
}

/**
 * As a release after ours may leave them, each with its job: an event to be planned, a message to be sent, and one whose
 * sender died with it. They are ours in all but their version.
 */
async function putNewer(service: Service, mark: string): Promise<Kept[]> {
  const { redis, keys } = service;
  const shard = keys.shard(0);
  const [event, message] = await findModels(service);
  const toId = (kind: string): string => `${mark}${kind}`.padEnd(24, '0');
  const [eventId, queuedId, claimedId] = [
    toEventId(0, toId('e')),
    toMessageId(0, toId('q')),
    toMessageId(0, toId('c')),
  ];
  const newer = { v: '2', approval: 'asked' };
  const records: Kept[] = [
    { key: shard.event(eventId), fields: { ...event, ...newer, state: 'accepted' } },
    { key: shard.message(queuedId), fields: { ...message, ...newer, id: queuedId, state: 'queued' } },
    {
      key: shard.message(claimedId),
      fields: { ...message, ...newer, id: claimedId, state: 'claimed', deadline: '1' },
    },
  ];
  for (const { key, fields } of records) await redis.hset(key, fields);
  await redis.zadd(shard.eventsOpen, 1, eventId);
  await redis.zadd(shard.messagesOpen, 1, queuedId, 1, claimedId);
  const jobs: [string, string, string][] = [
    ['events', eventId, eventId],
    ['email', queuedId, `${queuedId}-1`],
    ['email', claimedId, `${claimedId}-1`],
  ];
  for (const [name, id, jobId] of jobs) {
    const queue = new Queue(name, { connection: redis, prefix: shard.queuePrefix });
    await queue.add(name, { v: 2, id }, { jobId });
    await queue.close();
  }
  return records;
}

/** The fields of an event and of a message that were sent before. */
async function findModels({ redis, keys }: Service): Promise<Record<string, string>[]> {
  const shard = keys.shard(0);
  const [id = ''] = await redis.zrange(shard.messagesEnded, '0', '0');
  const message = await redis.hgetall(shard.message(parseMessageId(id) ?? toMessageId(0, '')));
  const event = await redis.hgetall(shard.event(parseEventId(message['event'] ?? '') ?? toEventId(0, '')));
  return [event, message];
}

async function waitForParked({ redis, keys }: Service, count: number): Promise<void> {
  const { eventsParked, messagesParked } = keys.shard(0);
  const parked = async () => (await redis.zcard(eventsParked)) + (await redis.zcard(messagesParked));
  await waitFor('all that is newer is parked', parked, (seen) => seen === count);
}

/** Fields in the store, whichever build wrote them, that the record's schema does not name; of records of our version. */
async function findUndeclared({ redis, keys }: Service): Promise<string[]> {
  const shard = keys.shard(0);
  const found = new Set<string>();
  for (const [pattern, { shape }] of [
    [shard.event(toEventId(0, '*')), eventRecord],
    [shard.message(toMessageId(0, '*')), messageRecord],
  ] as const) {
    for (const key of await redis.keys(pattern)) {
      const fields = await redis.hgetall(key);
      if (fields['v'] === '1') for (const name of Object.keys(fields)) if (!(name in shape)) found.add(name);
    }
  }
  return [...found];
}
