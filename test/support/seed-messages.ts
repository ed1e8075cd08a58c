import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { GateParts } from '../../src/compose/build-gate.ts';
import { type MessageId, toEventId, toMessageId } from '../../src/domain/ids.ts';
import type { HoldReason } from '../../src/domain/message.ts';
import type { Claim } from '../../src/gate/permits.ts';
import { hashAddress } from '../../src/observe/address-hash.ts';
import { createScript } from '../../src/plan/plan-event.ts';
import type { Keys } from '../../src/store/keys.ts';
import { type MessageRecord, readMessageRecord } from '../../src/store/message-record.ts';
import { chooseShard } from '../../src/store/shards.ts';

/** Seeded on purpose: no response and no audit line may ever hold one of these. */
export const seededAddresses = ['seeded.person@example.com', '+15555550123'] as const;
export const hashKey = 'a key of the tests, 32 characters or more';

type Fields = Partial<Record<string, string | number>>;

/** Messages in the states that wait for a person, brought there by the program's own scripts. */
export function createSeeds(store: { redis: Redis; keys: Keys; gate: GateParts }) {
  const { redis, keys, gate } = store;
  let seeded = 0;
  const ages = createAges();
  const seedMessage = async (fields: Fields = {}): Promise<MessageId> => {
    await ages.waitForNext();
    seeded += 1;
    const record = describeMessage(seeded, keys.shards, fields);
    const shard = keys.of(record.id);
    const { toHash } = record;
    const pairs = Object.entries({ ...record, ...fields }).flatMap(([name, value]) => [name, value ?? '']);
    await createScript.run(
      redis,
      { ...shard, message: shard.message(record.id), messagesTo: shard.messagesTo(toHash) },
      { id: record.id, notBefore: Date.now(), fields: pairs },
    );
    ages.note();
    return record.id;
  };
  const read = async (id: MessageId): Promise<MessageRecord> => {
    const record = await readMessageRecord(redis, keys.of(id), id);
    if (record === undefined) throw new Error(`there is no ${id}`);
    return record;
  };
  const claim = async (id: MessageId): Promise<Claim> => {
    const request = { message: await read(id), provider: 'smtp-1', segments: 1, rehearse: false };
    const answer = await gate.permits.ask(request);
    if (answer.kind !== 'go') throw new Error(`the gate answered ${JSON.stringify(answer)}`);
    return answer.claim;
  };
  return {
    seedMessage,
    read,
    claim,
    seedHeld: async (reason: HoldReason, fields: Fields = {}) => {
      const id = await seedMessage(fields);
      await gate.decisions.hold(id, reason, JSON.stringify({ subject: 'Welcome' }));
      ages.note();
      return id;
    },
    seedDead: async (fields: Fields = {}) => {
      const id = await seedMessage(fields);
      const lastError = `550 no such user <${seededAddresses[0]}>`;
      await gate.decisions.end(id, {
        to: 'dead',
        from: ['queued'],
        reason: 'refused',
        fields: { lastError },
      });
      return id;
    },
    seedUnknown: async () => {
      const id = await seedMessage();
      const line = { number: 1, provider: 'smtp-1', outcome: 'unknown', detail: 'no answer', durationMs: 5 };
      const end = { to: 'unknown', reason: 'no-answer', line, fields: {}, undo: false } as const;
      await gate.permits.commit(await claim(id), end);
      return { id };
    },
  };
}

/** Each message is younger than the one before, by the clock that orders lists: ids of several shards do not sort by age. */
function createAges() {
  let lastAtMs = 0;
  return {
    note: () => {
      lastAtMs = Date.now();
    },
    waitForNext: async () => {
      while (Date.now() <= lastAtMs) await nextTurn();
    },
  };
}

function describeMessage(number: number, shards: number, fields: Fields) {
  const channel = fields['channel'] === 'sms' ? 'sms' : 'email';
  const to = seededAddresses[channel === 'email' ? 0 : 1];
  const at = Date.now();
  const rest = String(number).padStart(24, '0');
  const toHash = String(fields['toHash'] ?? hashAddress(hashKey, channel, to));
  return {
    id: toMessageId(chooseShard(toHash, shards), rest),
    event: toEventId(0, rest),
    client: 'upstream',
    type: 'welcome',
    channel,
    category: 'transactional',
    mode: 'testing',
    to,
    toHash,
    locale: 'en',
    timeZone: 'UTC',
    data: '{}',
    state: 'queued',
    generation: 1,
    createdAt: at,
    updatedAt: at,
    history: JSON.stringify({ at, to: 'queued', by: 'planner' }),
  };
}
