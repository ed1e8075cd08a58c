import { setTimeout as sleep } from 'node:timers/promises';
import { parseEventId, parseMessageId } from '../../src/domain/ids.ts';
import { readEventRecord } from '../../src/store/event-record.ts';
import { type MessageRecord, readMessageRecord } from '../../src/store/message-record.ts';
import type { ApiResponse } from '../support/service-client.ts';
import { listMembers } from '../support/test-shards.ts';
import { waitFor } from '../support/wait-for.ts';
import type { World } from './world.ts';

/** What is lost with a store that was put back, as ADR 0011 says: no breach. */
export interface StoreRestore {
  readonly fromMs: number;
  readonly untilMs: number;
  /** Events that were answered with 202 and are not in the copy. */
  readonly eventsLost: number;
}

const otherLifeMs = 4_000;
/** An attempt that was under way has ended by then. */
const attemptMs = 2_000;
const deadlineMs = 120_000;

/**
 * The store is put back by some seconds under traffic, perhaps past a stop. Then what an operator does: sees it, adopts
 * it, starts again. `settleRestoredMessages` is the rest of that work.
 */
export async function restoreOlderCopy(world: World, afterStop: boolean): Promise<StoreRestore> {
  const { redis, sending, traffic } = world;
  const fromMs = performance.now();
  await redis.copy('storm');
  if (!(await hasGoneOn(traffic.acknowledged))) return { fromMs, untilMs: fromMs, eventsLost: 0 };
  await sleep(otherLifeMs);
  if (afterStop) await sending.stop();
  await redis.restoreCopy('storm');
  await waitForStatus(world, (reason) => reason.startsWith('store-went-back'));
  await sleep(attemptMs);
  const { body } = await callUntilDone(world, '/api/control');
  const order = { lineage: body['lineage'], reason: 'put back by the storm' };
  // Without a response it may have been done: then there is nothing left to adopt.
  await callUntilDone(world, '/api/control/adopt', order, [200, 409]);
  await sending.start();
  await waitForStatus(world, (reason) => !reason.startsWith('store-went-back'));
  const untilMs = performance.now();
  return { fromMs, untilMs, eventsLost: await forgetLost(world, traffic.acknowledged, fromMs) };
}

/** A store in which nothing changed since the copy is the same store when it is put back: there is nothing to see. */
async function hasGoneOn(acknowledged: ReadonlyMap<string, number>): Promise<boolean> {
  const before = acknowledged.size;
  try {
    await waitFor(
      'an event is accepted',
      () => acknowledged.size,
      (size) => size > before,
      { deadlineMs: 30_000 },
    );
    return true;
  } catch {
    return false;
  }
}

/** What was open in the copy is held: sent by what the provider says, or released. */
export async function settleRestoredMessages(world: World): Promise<void> {
  const copies = world.providers.listCopies();
  const restored = (await readHeld(world)).filter(({ reason }) => reason === 'restored');
  const sent = restored.filter(({ to }) => copies.has(to));
  const attempts = sent.map(({ id }) => ({ message_id: id }));
  for (let start = 0; start < attempts.length; start += 1_000)
    await callUntilDone(world, '/api/control/adopt/attempts', {
      attempts: attempts.slice(start, start + 1_000),
      reason: 'the provider has it',
    });
  await release(
    world,
    restored.filter(({ to }) => !copies.has(to)),
  );
}

/** Releases what a stop has held and cannot have left, and returns it; what may have left stays for a person. */
export async function releaseUntouched(world: World): Promise<readonly MessageRecord[]> {
  const untouched = (await readHeld(world)).filter(
    ({ reason, resends }) => reason !== 'restored' && resends === 0,
  );
  await release(world, untouched);
  return untouched;
}

async function release(world: World, messages: readonly MessageRecord[]): Promise<void> {
  for (let start = 0; start < messages.length; start += 1_000) {
    const ids = messages.slice(start, start + 1_000).map(({ id }) => id);
    await callUntilDone(world, '/api/held/release', { filter: { ids }, preview: false, reason: 'looked at' });
  }
}

async function readHeld({ service: { redis, keys } }: World): Promise<readonly MessageRecord[]> {
  const ids = await listMembers(redis, keys, ({ messagesHeld }) => messagesHeld);
  const records = await Promise.all(
    ids.map(async (text) => {
      const id = parseMessageId(text);
      return id === undefined ? undefined : await readMessageRecord(redis, keys.of(id), id);
    }),
  );
  return records.filter((record) => record !== undefined);
}

async function forgetLost(
  { service: { redis, keys } }: World,
  acknowledged: Map<string, number>,
  fromMs: number,
): Promise<number> {
  let lost = 0;
  for (const [text, atMs] of acknowledged) {
    const id = parseEventId(text);
    if (id === undefined || atMs < fromMs) continue;
    if ((await readEventRecord(redis, keys, id)) !== undefined) continue;
    acknowledged.delete(text);
    lost += 1;
  }
  return lost;
}

async function waitForStatus(world: World, holds: (reason: string) => boolean): Promise<void> {
  await waitFor(
    'the service has seen what became of its store',
    async () => String((await callUntilDone(world, '/api/send/status')).body['reason']),
    holds,
    { deadlineMs, everyMs: 100 },
  );
}

/** Calls until the status is one of `wanted`: the API may be away, without its store, or with a wrong clock. */
async function callUntilDone(
  { service }: World,
  path: string,
  json?: unknown,
  wanted: readonly number[] = [200],
): Promise<ApiResponse> {
  return (await waitFor(
    `${path} responds`,
    () => service.call(path, json === undefined ? {} : { method: 'POST', json }).catch(String),
    (answer) => typeof answer !== 'string' && wanted.includes(answer.status),
    { deadlineMs, everyMs: 100 },
  )) as ApiResponse;
}
