import type { Redis } from 'ioredis';
import { parseEventId } from '../../src/domain/ids.ts';
import {
  isEnded,
  type MessageState,
  messageStates,
  untouchedEnds,
  waitingStates,
} from '../../src/domain/message.ts';
import { countMembers } from '../../src/store/count-members.ts';
import { type EventRecord, readEventRecord } from '../../src/store/event-record.ts';
import type { Keys } from '../../src/store/keys.ts';
import { type MessageRecord, readMessageRecord } from '../../src/store/message-record.ts';
import type { ReceivedMessage } from '../support/scripted-smtp.ts';
import { anEvent, type Service } from '../support/service.ts';
import { listMembers } from '../support/test-shards.ts';
import { waitFor } from '../support/wait-for.ts';

export interface Store {
  readonly redis: Redis;
  readonly keys: Keys;
}

export interface Outcome {
  /** Ids of every event that was answered with 202. */
  readonly acknowledged: readonly string[];
  /** Every message that a provider has whole, whatever it answered. */
  readonly received: readonly ReceivedMessage[];
  /** The number of every text that a gateway has; each event's number is its own. */
  readonly texts?: readonly { readonly to: string }[];
  /** Which events may end without a message; none when absent. */
  readonly mayEndDead?: (event: EventRecord) => boolean;
  /** Most copies that the policy of a message's template allows; one when absent. */
  readonly copiesMax?: (message: MessageRecord) => number;
}

/**
 * The invariants of REL-1 over a store that has come to rest, as sentences about what is broken; empty when they hold.
 * Every 202 has its messages; each has ended or waits for a person; no provider has more copies than the policy
 * allows; what is `sent` was received, what never left was not; every record is in the index and the count of its state.
 */
export async function findBreaches(store: Store, outcome: Outcome): Promise<string[]> {
  const copies = countCopies(outcome.received);
  for (const { to } of outcome.texts ?? []) copies.set(to, (copies.get(to) ?? 0) + 1);
  const { messages, breaches } = await readMessages(store, outcome);
  const states = new Map<MessageState, string[]>();
  for (const message of messages) {
    states.set(message.state, [...(states.get(message.state) ?? []), message.id]);
    const received = copies.get(message.channel === 'sms' ? message.to : message.id) ?? 0;
    breaches.push(...judgeMessage(message, received, outcome.copiesMax?.(message) ?? 1));
  }
  return [...breaches, ...(await compareIndexes(store, states))];
}

async function readMessages(
  store: Store,
  { acknowledged, mayEndDead = () => false }: Outcome,
): Promise<{ messages: MessageRecord[]; breaches: string[] }> {
  const messages: MessageRecord[] = [];
  const breaches: string[] = [];
  for (const eventId of await listEarliest(store, new Set(acknowledged))) {
    const event = await readEvent(store, eventId);
    if (event === undefined) breaches.push(`${eventId} was answered with 202 and is gone`);
    else if (!hasEndedWell(event, mayEndDead)) breaches.push(`${event.id} is ${event.state} ${event.reason}`);
    for (const messageId of event?.messages ?? []) {
      const message = await readMessageRecord(store.redis, store.keys.of(messageId), messageId);
      if (message === undefined) breaches.push(`${messageId} is gone`);
      else messages.push(message);
    }
  }
  return { messages, breaches };
}

function hasEndedWell(event: EventRecord, mayEndDead: (event: EventRecord) => boolean): boolean {
  return event.state === 'planned' || (event.state === 'dead' && mayEndDead(event));
}

/** A key that was sent once more while nobody could judge tokens got two events; the earlier one counts for both. */
async function listEarliest(store: Store, acknowledged: ReadonlySet<string>): Promise<Set<string>> {
  const earliest = new Set<string>();
  for (const eventId of acknowledged) {
    const event = await readEvent(store, eventId);
    earliest.add((event?.reason === 'duplicate' ? event.earlierEvent : undefined) ?? eventId);
  }
  return earliest;
}

async function readEvent({ redis, keys }: Store, eventId: string): Promise<EventRecord | undefined> {
  const id = parseEventId(eventId);
  return id === undefined ? undefined : await readEventRecord(redis, keys, id);
}

/** Copies of each message at the provider, by the id in its Message-ID. */
export function countCopies(received: readonly ReceivedMessage[]): Map<string, number> {
  const copies = new Map<string, number>();
  for (const { text } of received) {
    const id = /^message-id: <([^@>]+)@/im.exec(text)?.[1] ?? 'without a Message-ID';
    copies.set(id, (copies.get(id) ?? 0) + 1);
  }
  return copies;
}

/** Posts events in one batch, each for an address of its own; answers the ids of those that were accepted. */
export async function postBatch(service: Service, events: readonly object[]): Promise<string[]> {
  const answer = await service.call('/api/events/batch', { json: events });
  const results = (answer.body['results'] ?? []) as { status: string; event_id?: string }[];
  return results.flatMap(({ status, event_id: id }) =>
    status === 'accepted' && id !== undefined ? [id] : [],
  );
}

/** An event of `new_match_found` (policy `ask`) with a key and an address of its own. */
export function askEvent(key: string): Record<string, unknown> {
  return { idempotency_key: key, ...anEvent({ email: `${key}@example.com` }) };
}

/** An event of `receipt` (policy `resend-once`) with a key and an address of its own. */
export function resendEvent(key: string): Record<string, unknown> {
  return {
    idempotency_key: key,
    type: 'receipt',
    recipient: { email: `${key}@example.com`, name: 'Sam', locale: 'en', time_zone: 'UTC' },
    data: {
      amount: '29.00',
      currency: 'USD',
      credits: 150,
      txnId: key,
      timestamp: new Date().toISOString(),
      firstName: 'Sam',
    },
  };
}

/** Waits until no event is unplanned and no message is queued, claimed or retrying. */
export async function waitForRest(store: Store, deadlineMs: number): Promise<void> {
  const { redis, keys } = store;
  await waitFor(
    'nothing open any more',
    async () => ({
      events: await countMembers(redis, keys, ({ eventsOpen }) => [eventsOpen]),
      messages: await countMembers(redis, keys, ({ messagesOpen }) => [messagesOpen]),
    }),
    ({ events, messages }) => events === 0 && messages === 0,
    { deadlineMs, everyMs: 50 },
  );
}

function judgeMessage(message: MessageRecord, copies: number, copiesMax: number): string[] {
  const { id, state, resends } = message;
  const about = `${id} (${state} ${message.reason})`;
  return [
    ...(isEnded(state) || waitingStates.includes(state) ? [] : [`${about} has not come to an end`]),
    ...(copies > copiesMax ? [`${about} was received ${copies} times, allowed ${copiesMax}`] : []),
    ...(state === 'sent' && copies === 0 ? [`${about} was never received`] : []),
    ...(saysNeverLeft(state, resends) && copies > 0 ? [`${about} was received ${copies} times`] : []),
  ];
}

/** What is held after an attempt without an answer says so, and makes no such claim. */
function saysNeverLeft(state: MessageState, resends: number): boolean {
  return untouchedEnds.includes(state) || (state === 'held' && resends === 0);
}

/** Only for stores whose every message belongs to an acknowledged event. */
async function compareIndexes(
  { redis, keys }: Store,
  states: ReadonlyMap<MessageState, readonly string[]>,
): Promise<string[]> {
  const indexes = { held: 'messagesHeld', dead: 'messagesDead', unknown: 'messagesUnknown' } as const;
  const breaches: string[] = [];
  for (const [state, index] of Object.entries(indexes) as ['held', 'messagesHeld'][]) {
    const listed = (await listMembers(redis, keys, (shard) => shard[index])).sort();
    const found = [...(states.get(state) ?? [])].sort();
    if (listed.join() !== found.join())
      breaches.push(`index ${state} lists ${listed.length}, the records are ${found.length}`);
  }
  const counts = await Promise.all(keys.all.map(({ messageCounts }) => redis.hgetall(messageCounts)));
  for (const state of messageStates) {
    const count = counts.reduce((sum, one) => sum + Number(one[state] ?? 0), 0);
    const found = states.get(state)?.length ?? 0;
    if (count !== found) breaches.push(`count of ${state} is ${count}, the records are ${found}`);
  }
  const inFlight = await countMembers(redis, keys, ({ inflight }) => [inflight]);
  return inFlight === 0 ? breaches : [...breaches, `${inFlight} attempts are still listed as under way`];
}
