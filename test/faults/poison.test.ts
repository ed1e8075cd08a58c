import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findRoot } from '../../local/root.ts';
import { type ScriptedSmtp, startScriptedSmtp } from '../support/scripted-smtp.ts';
import { anEvent, type ProcessKind, type Service, startService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';
import { askEvent, countCopies, postBatch, resendEvent } from './invariants.ts';

/**
 * Messages and events that kill or hang whoever handles them (the preload stands for a fault that nobody knows yet),
 * among many good ones, and eight senders that are started again whenever one dies.
 */
const poisons = ['sender:kill', 'sender:hang', 'planner:kill'];
const fatalDeliveries = 3;
const preload = pathToFileURL(`${findRoot()}/test/support/preload/poison.mjs`).href;
const deaths: string[] = [];
let service: Service;
let smtp: ScriptedSmtp;
let ending = false;

beforeAll(async () => {
  smtp = await startScriptedSmtp();
  service = await startService({
    environment: {
      SMTP_URL: `smtp://127.0.0.1:${smtp.port}`,
      SEND_CONCURRENCY: '4',
      NODE_OPTIONS: `--import=${preload}`,
    },
    processes: ['guard', 'api'],
  });
  const senders = Array.from({ length: 8 }, (_, number) => keepRunning('sender', `sender-${number}`));
  await Promise.all([...senders, keepRunning('planner', 'planner')]);
}, 60_000);
afterAll(async () => {
  ending = true;
  await service?.stop();
  await smtp?.close();
});

test('what kills or hangs its workers ends dead as poison after three of them, and all else is sent', async () => {
  const asks = Array.from({ length: 60 }, (_, number) => askEvent(`ask-${number}`));
  const resends = Array.from({ length: 60 }, (_, number) => resendEvent(`resend-${number}`));
  const events = [...asks.slice(30), ...poisons.map(poisonEvent), ...resends, ...asks.slice(0, 30)];
  expect(await postBatch(service, events)).toHaveLength(events.length);
  const ends = await waitFor('everything at its end', readEnds, ({ open }) => open === 0, {
    deadlineMs: 150_000,
    everyMs: 200,
  });
  expect(ends.dead).toEqual(poisons.map(() => 'poison'));
  // Whose worker died in the middle of an attempt may have left: that is for its policy, as at any death.
  expect(ends.sent + ends.unknown).toBe(asks.length + resends.length);
  expect(ends.unknown).toBeLessThan(poisons.length * fatalDeliveries);
  const copies = countCopies(smtp.messages);
  expect(Math.max(...copies.values())).toBeLessThanOrEqual(2);
  expect(copies.size).toBeGreaterThanOrEqual(ends.sent);
  // No worker died of anything else, and no more of them than that. On a busy machine a worker that was only too slow to
  // renew its lock counts as hung for the first of the three.
  expect(new Set(deaths)).toEqual(new Set(['killed by SIGKILL']));
  expect(deaths.length).toBeLessThanOrEqual(poisons.length * fatalDeliveries);
  expect(deaths.length).toBeGreaterThanOrEqual(poisons.length * (fatalDeliveries - 1));
}, 180_000);

function poisonEvent(text: string, number: number): object {
  const data = { student_id: 'stu_1', scholarship_id: text, match_score: 90 };
  return { idempotency_key: text, ...anEvent({ email: `poison-${number}@example.com` }), data };
}

async function readEnds() {
  const { body } = await service.call('/api/queue/status');
  const counts = body['messages'] as Record<string, number>;
  const count = (state: string): number => counts[state] ?? 0;
  const events = await service.redis.zcard(service.keys.shard(0).eventsOpen);
  const dead = (await service.call('/api/dead-letters')).body['items'] as { reason: string }[];
  return {
    open: events + count('queued') + count('claimed') + count('retrying'),
    sent: count('sent'),
    unknown: count('unknown'),
    dead: dead.map(({ reason }) => reason),
  };
}

/** What a supervisor does. One that gets a poison at once dies before it is ready. */
async function keepRunning(kind: ProcessKind, name: string): Promise<void> {
  await service.startProcess(kind, name, { POISON: kind }).catch(() => undefined);
  void service.processes.get(name)?.exited.then(async (how) => {
    if (ending) return;
    deaths.push(how);
    await keepRunning(kind, name);
  });
}
