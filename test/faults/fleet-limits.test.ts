import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ScriptedSmtp, startScriptedSmtp } from '../support/scripted-smtp.ts';
import { type Service, startService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';
import { askEvent, postBatch } from './invariants.ts';

/** GAT-4 as a provider sees it: the first byte of each mail, over several senders and the shards of one store. */
const perMinute = 300;
const senders = 3;
const minuteMs = 60_000;
/** A window of the permits is longer than a minute by the time for which a permit may be used. */
const permitDeadlineMs = 250;
/** Enough for two full minutes and what is under way at their end. */
const eventCount = 3 * perMinute;

let smtp: ScriptedSmtp;
let service: Service;
const begunAtMs: number[] = [];

beforeAll(async () => {
  smtp = await startScriptedSmtp({
    mail: () => {
      begunAtMs.push(performance.now());
      return undefined;
    },
    dot: { reply: '250 2.0.0 Ok: queued as Q1', afterMs: 20 },
  });
  service = await startService({
    environment: {
      SHARDS: '4',
      SMTP_URL: `smtp://127.0.0.1:${smtp.port}`,
      RATE_LIMIT_ENABLED: 'true',
      RATE_LIMIT_PER_MINUTE: String(perMinute),
      RATE_LIMIT_EMAIL_PER_MINUTE: String(perMinute),
      PERMIT_DEADLINE_MS: String(permitDeadlineMs),
    },
    processes: ['planner', 'api'],
  });
  await Promise.all(Array.from({ length: senders }, () => service.startProcess('sender')));
}, 60_000);
afterAll(async () => {
  await service?.stop();
  await smtp?.close();
});

test('no sliding minute at the provider holds more than the limit, whatever the shards, and it is used', async () => {
  const events = Array.from({ length: eventCount }, (_, index) => askEvent(`fleet-${index}`));
  for (let from = 0; from < eventCount; from += 100) await postBatch(service, events.slice(from, from + 100));
  await waitFor(
    'the second minute is used up',
    () => begunAtMs.length,
    (count) => count >= 2 * perMinute,
    { deadlineMs: 100_000, everyMs: 100 },
  );
  expect(countFullest(begunAtMs)).toBeLessThanOrEqual(perMinute);
  // From the first mail on there was always more to send: nine tenths of the rate at least, however long each burst took.
  const spentMs = (begunAtMs.at(-1) ?? 0) - (begunAtMs[perMinute] ?? 0);
  const first = begunAtMs[0] ?? 0;
  const secondBegan = (begunAtMs[perMinute] ?? 0) - first;
  process.stdout.write(
    `fleet limits: ${senders} senders, 4 shards, ${perMinute} a minute: at most ${countFullest(begunAtMs)} in a sliding minute, ` +
      `the second began after ${Math.round(secondBegan)} ms and took ${Math.round(spentMs)} ms\n`,
  );
  expect(findLongest(begunAtMs)).toBeLessThanOrEqual((minuteMs + permitDeadlineMs) / 0.9);
}, 120_000);

/** The most that began in any half-open minute. */
function countFullest(times: readonly number[]): number {
  return Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + minuteMs).length));
}

/** The longest, in ms, that any whole limit of mails in a row took to begin. */
function findLongest(times: readonly number[]): number {
  return Math.max(...times.slice(perMinute).map((at, index) => at - (times[index] ?? at)));
}
