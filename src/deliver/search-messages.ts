import type { Channel } from '../domain/channel.ts';
import { ServiceError } from '../domain/errors.ts';
import type { MessageId } from '../domain/ids.ts';
import { groupOf, messageGroups, openStates } from '../domain/message.ts';
import { nameAddress } from '../gate/name-address.ts';
import { isMeant, listIndexes, type MessageFilter, walkSummaries } from '../gate/select-messages.ts';
import type { Store } from '../store/keys.ts';
import type { MessageSummary } from '../store/message-summary.ts';
import { callStore } from '../store/scripts.ts';
import { type Page, parseCursor, readPage, walkIndexes } from '../store/walk-index.ts';

export interface SearchDeps extends Store {
  readonly now: () => number;
  /** The keyed hash under which an address is known. */
  readonly hashAddress: (channel: Channel, address: string) => string;
}

export interface SearchAsk {
  /** An address, exact, or its hash from a log line. Absent: anybody. */
  readonly to?: string | undefined;
  readonly filter: MessageFilter;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** A message in any state. */
export interface FoundMessage {
  readonly message: MessageSummary;
  /** What an open message waits for, in one reason. */
  readonly waitsFor?: string;
  /** Epoch ms; when it is looked at again, if that is later than now. */
  readonly dueAt?: number;
}

export interface FoundPage extends Page<FoundMessage> {
  /** What the open messages wait for, of all of them; on the first page alone. */
  readonly waits?: Readonly<Record<string, number>>;
  /** True when there are more open messages than were counted. */
  readonly areMoreWaiting?: true;
}

/** Open messages that one response counts; reading more would take too long for somebody who waits for it. */
const countedMax = 20_000;

/**
 * Messages by recipient, type, client, state and time: those that wait, then those that have ended, each the oldest
 * first. With a recipient only that person's messages are read, else the index of the state, or all of them.
 *
 * @throws ServiceError `invalid-request-data` for what is no address; `store-unavailable`
 */
export async function searchMessages(deps: SearchDeps, ask: SearchAsk): Promise<FoundPage> {
  const walk = walkSummaries(deps, listSources(deps, ask), (message) => isMeant(message, ask.filter), {
    after: parseCursor(ask.cursor),
  });
  const [page, waits] = await Promise.all([
    readPage(walk, ask.limit),
    ask.cursor === undefined && ask.to === undefined ? countWaits(deps) : {},
  ]);
  const dueAt = await readDueAt(deps, page.items);
  const items = page.items.map((message) => describeFound(message, dueAt.get(message.id), deps.now()));
  return { ...page, items, ...waits };
}

function listSources(deps: SearchDeps, { to, filter }: SearchAsk): readonly (readonly string[])[] {
  if (to !== undefined) {
    const hash = /^[0-9a-f]{32}$/.test(to) ? to : hashOf(deps, to);
    return [deps.keys.all.map((shard) => shard.messagesTo(hash))];
  }
  const groups = filter.state === undefined ? messageGroups : [groupOf(filter.state)];
  return groups.map((group) => listIndexes(deps.keys, group));
}

function hashOf(deps: SearchDeps, address: string): string {
  const named = nameAddress({ address }, deps.hashAddress);
  if ('hash' in named) return named.hash;
  const errors = [{ pointer: '/to', detail: `${named.detail}; or give the to_hash of a log line` }];
  throw new ServiceError('invalid-request-data', 'the recipient has a fault', { errors });
}

function describeFound(message: MessageSummary, dueAt: number | undefined, nowMs: number): FoundMessage {
  const waitsFor = describeWait(message, dueAt, nowMs);
  return {
    message,
    ...(waitsFor === undefined ? {} : { waitsFor }),
    ...(waitsFor === undefined || dueAt === undefined || dueAt <= nowMs ? {} : { dueAt }),
  };
}

/** What an open message waits for, in one reason; undefined for any other, and for one that is being sent. */
function describeWait(
  message: Pick<MessageSummary, 'state' | 'sendAt' | 'waitsFor'>,
  dueAt: number | undefined,
  nowMs: number,
): string | undefined {
  if (!openStates.includes(message.state) || message.state === 'claimed') return undefined;
  if (message.sendAt !== undefined && message.sendAt > nowMs) return 'not-due';
  return dueAt === undefined || dueAt <= nowMs ? 'turn' : nameWait(message);
}

function nameWait({ state, waitsFor = '' }: Pick<MessageSummary, 'state' | 'waitsFor'>): string {
  if (waitsFor.startsWith('domain:')) return 'limit';
  if (waitsFor !== '') return waitsFor;
  return state === 'retrying' ? 'retry' : 'turn';
}

async function countWaits(deps: SearchDeps): Promise<Pick<FoundPage, 'waits' | 'areMoreWaiting'>> {
  const waits: Record<string, number> = {};
  const nowMs = deps.now();
  let counted = 0;
  for await (const entries of walkIndexes(deps.redis, listIndexes(deps.keys, 'open'))) {
    const facts = await readWaitFacts(
      deps,
      entries.map(({ member }) => member as MessageId),
    );
    for (const [index, { score }] of entries.entries()) {
      const fact = facts[index];
      const reason = fact === undefined ? undefined : (describeWait(fact, score, nowMs) ?? 'under-way');
      if (reason !== undefined) waits[reason] = (waits[reason] ?? 0) + 1;
    }
    counted += entries.length;
    if (counted >= countedMax) return { waits, areMoreWaiting: true };
  }
  return { waits };
}

async function readWaitFacts({ redis, keys }: SearchDeps, ids: readonly MessageId[]) {
  return await callStore('count what waits', async () => {
    const rows = await Promise.all(
      ids.map((id) => redis.hmget(keys.of(id).message(id), 'state', 'sendAt', 'waitsFor')),
    );
    return rows.map(([state, sendAt, waitsFor]) =>
      typeof state !== 'string'
        ? undefined
        : {
            state: state as MessageSummary['state'],
            sendAt: typeof sendAt === 'string' ? Number(sendAt) : undefined,
            waitsFor: waitsFor ?? undefined,
          },
    );
  });
}

/** When each open message of a page is to be looked at again (epoch ms). */
async function readDueAt(
  { redis, keys }: Store,
  summaries: readonly MessageSummary[],
): Promise<ReadonlyMap<MessageId, number>> {
  const open = summaries.filter(({ state }) => openStates.includes(state));
  return await callStore('read when messages are due', async () => {
    const scores = await Promise.all(open.map(({ id }) => redis.zscore(keys.of(id).messagesOpen, id)));
    return new Map(
      open.flatMap(({ id }, index) => {
        const score = scores[index];
        return typeof score === 'string' ? [[id, Number(score)] as const] : [];
      }),
    );
  });
}
