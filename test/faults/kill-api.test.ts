import { afterEach, beforeEach, expect, test } from 'vitest';
import { type EventId } from '../../src/domain/ids.ts';
import { startCuttableProxy } from '../support/cuttable-proxy.ts';
import { type ScriptedSmtp, startScriptedSmtp } from '../support/scripted-smtp.ts';
import { type Service, startService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';
import { askEvent, countCopies, findBreaches, waitForRest } from './invariants.ts';

const killCount = 5;
const posterCount = 8;
/** How every job's data begins; nothing else that the API writes has it. */
const jobMarker = '{"v":1,"id":"evt_';

let smtp: ScriptedSmtp;
let service: Service;

beforeEach(async () => {
  smtp = await startScriptedSmtp();
  service = await startService({
    environment: { SMTP_URL: `smtp://127.0.0.1:${smtp.port}` },
    processes: ['planner', 'sender', 'guard'],
  });
});
afterEach(async () => {
  await service?.stop();
  await smtp?.close();
});

test('REL-1: an event whose API died between accept and enqueue is delivered once all the same', async () => {
  const proxy = await startCuttableProxy(Number(new URL(service.redisUrl).port));
  const api = await service.startProcess('api', 'api', { REDIS_URL: `redis://127.0.0.1:${proxy.port}` });
  // The accept gets through and is answered; of the job that follows it not a byte reaches the store.
  const frozen = proxy.freezeAt(jobMarker);
  const id = await service.post(askEvent('between'), 'between');
  await frozen;
  api.signal('SIGKILL');
  await api.exited;
  const { queuePrefix, event } = service.keys.shard(0);
  expect(await service.redis.hget(event(id as EventId), 'state')).toBe('accepted');
  expect(await service.redis.exists(`${queuePrefix}:events:${id}`)).toBe(0);
  await waitForRest(service, 15_000);
  expect(await findBreaches(service, { acknowledged: [id], received: smtp.messages })).toEqual([]);
  expect(smtp.messages).toHaveLength(1);
  await proxy.close();
}, 60_000);

test('REL-1: every 202 that an API gave before it was killed is delivered exactly once', async () => {
  const acknowledged = new Set<string>();
  const life = new AbortController();
  const posters = Array.from({ length: posterCount }, (_, poster) =>
    keepPosting(poster, acknowledged, life.signal),
  );
  for (let kill = 0; kill < killCount; kill += 1) {
    const api = await service.startProcess('api');
    const wanted = acknowledged.size + 20;
    await waitFor(
      'events are accepted',
      () => acknowledged.size,
      (size) => size >= wanted,
      {
        deadlineMs: 20_000,
      },
    );
    api.signal('SIGKILL');
    await api.exited;
  }
  life.abort();
  await Promise.all(posters);
  // An event that was written but never acknowledged is delivered too; nothing may come twice.
  await waitForRest(service, 30_000);
  const breaches = await findBreaches(service, {
    acknowledged: [...(await listEvents())],
    received: smtp.messages,
  });
  expect(breaches).toEqual([]);
  const events = await listEvents();
  expect([...acknowledged].filter((id) => !events.has(id))).toEqual([]);
  expect([...countCopies(smtp.messages).values()].every((copies) => copies === 1)).toBe(true);
  expect(smtp.messages.length).toBe(events.size);
}, 90_000);

/** Posts events with keys of its own; a post without an answer is repeated with the same key, as a client would. */
async function keepPosting(poster: number, acknowledged: Set<string>, signal: AbortSignal): Promise<void> {
  for (let count = 0; !signal.aborted; ) {
    const key = `poster-${poster}-${count}`;
    try {
      acknowledged.add(await service.post(askEvent(key), key));
      count += 1;
    } catch {
      // The API is dead. It will be back.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

async function listEvents(): Promise<Set<string>> {
  const prefix = service.keys.shard(0).event('' as EventId);
  const ids = new Set<string>();
  for await (const found of service.redis.scanStream({ match: `${prefix}*`, count: 1_000 }))
    for (const key of found as string[]) ids.add(key.slice(prefix.length));
  return ids;
}
