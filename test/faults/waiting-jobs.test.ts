import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ScriptedSmtp, startScriptedSmtp } from '../support/scripted-smtp.ts';
import { type Service, startService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';
import { watchCommands } from '../support/watch-commands.ts';
import { askEvent, findBreaches, postBatch } from './invariants.ts';

const perMinute = 3;
const senders = 2;
const concurrency = 5;
/** Twice as many messages are in hand as there are connections. */
const placesOfSender = 2 * concurrency;
const eventCount = 120;
/** No ask for this long: whoever was under way has asked. */
const quietMs = 1_000;
const observedMs = 6_000;

let smtp: ScriptedSmtp;
let service: Service;
let stopWatching: (() => void) | undefined;
let acknowledged: string[] = [];
/** Permits that anybody asked for. */
let permitsAsked = 0;

beforeAll(async () => {
  smtp = await startScriptedSmtp();
  service = await startService({
    environment: {
      SMTP_URL: `smtp://127.0.0.1:${smtp.port}`,
      RATE_LIMIT_ENABLED: 'true',
      RATE_LIMIT_PER_MINUTE: String(perMinute),
      SEND_CONCURRENCY: String(concurrency),
    },
  });
  stopWatching = await watchCommands(service.redisUrl, (line) => {
    // One script may be asked for several.
    if (/ "eval(sha)?" /i.test(line)) permitsAsked += line.split(String.raw`\"claimMs\"`).length - 1;
  });
  await service.startProcess('sender');
  acknowledged = await postBatch(
    service,
    Array.from({ length: eventCount }, (_, index) => askEvent(`waits-${index}`)),
  );
}, 60_000);
afterAll(async () => {
  stopWatching?.();
  await service?.stop();
  await smtp?.close();
});

test('GAT-4: with the window full, a hundred waiting jobs ask for no permit at all until there is room', async () => {
  const places = senders * placesOfSender;
  await waitFor(
    'the window is full and everything is planned',
    async () => ({
      sent: smtp.messages.length,
      asked: permitsAsked,
      unplanned: await service.redis.zcard(service.keys.shard(0).eventsOpen),
    }),
    ({ sent, unplanned }) => sent === perMinute && unplanned === 0,
    { deadlineMs: 30_000 },
  );
  // Each place asked once for each message that left, and once more to learn that it must wait; a slow one later.
  let last = { count: 0, at: performance.now() };
  const { count: before } = await waitFor(
    'the last asks are through',
    () => {
      if (permitsAsked !== last.count) last = { count: permitsAsked, at: performance.now() };
      return last;
    },
    ({ count, at }) => count >= perMinute + places && performance.now() - at > quietMs,
  );
  const until = performance.now() + observedMs;
  await waitFor(
    'some seconds have passed',
    () => performance.now(),
    (nowMs) => nowMs >= until,
    { deadlineMs: 2 * observedMs },
  );
  process.stdout.write(
    `waiting jobs: ${eventCount - perMinute} waited for ${observedMs} ms; permits asked before ${before}, meanwhile ${permitsAsked - before}\n`,
  );
  expect(permitsAsked - before).toBe(0);
  expect(before).toBeLessThanOrEqual(perMinute + 2 * places);
  expect(smtp.messages).toHaveLength(perMinute);
}, 60_000);

test('GAT-3: a stop wakes those that wait: all of them are held at once, and nothing leaves', async () => {
  const answer = await service.call('/api/control/send', {
    method: 'PUT',
    json: { enabled: false, reason: 'the window is full', wait_ms: 2_000 },
  });
  expect(answer.body).toMatchObject({ state: 'quiesced', in_flight: 0 });
  await waitFor(
    'everything that waited is held',
    async () => await service.redis.zcard(service.keys.shard(0).messagesHeld),
    (held) => held === eventCount - perMinute,
    { deadlineMs: 20_000 },
  );
  expect(await findBreaches(service, { acknowledged, received: smtp.messages })).toEqual([]);
}, 40_000);
