import { viewMessage } from '../deliver/message-view.ts';
import { type MessageId, shardOf } from '../domain/ids.ts';
import type { HttpServices } from '../http/services.ts';
import { viewEvent } from '../plan/event-view.ts';
import { readEventRecord } from '../store/event-record.ts';
import { type MessageRecord, readMessageRecord } from '../store/message-record.ts';
import { UnreadableRecord } from '../store/unreadable-record.ts';
import type { Foundation } from './build-foundation.ts';
import type { GateParts } from './build-gate.ts';

/** Events and messages as their owners may see them, and the one thing an owner may still decide: to cancel. */
export function buildRecordServices(
  { redis, keys }: Foundation,
  gate: GateParts,
): Pick<HttpServices, 'readEvent' | 'readMessage' | 'cancelMessage'> {
  return {
    readEvent: async (id, owner) => {
      if (shardOf(id) >= keys.shards) return undefined;
      const event = await readEventRecord(redis.commands, keys, id);
      if (event === undefined || (owner !== 'any' && event.client !== owner)) return undefined;
      const unreadable: MessageId[] = [];
      const messages = await Promise.all(
        event.messages.map((message) =>
          readMessageRecord(redis.commands, keys.of(message), message).catch((error: unknown) => {
            if (!(error instanceof UnreadableRecord)) throw error;
            unreadable.push(message);
            return undefined;
          }),
        ),
      );
      return viewEvent(
        event,
        messages.filter((message): message is MessageRecord => message !== undefined),
        unreadable,
      );
    },
    readMessage: async (id, owner) => {
      if (shardOf(id) >= keys.shards) return undefined;
      const message = await readMessageRecord(redis.commands, keys.of(id), id);
      return message === undefined || (owner !== 'any' && message.client !== owner)
        ? undefined
        : viewMessage(message);
    },
    cancelMessage: async (id, owner, by) => {
      if (shardOf(id) >= keys.shards) return { kind: 'not-found' };
      const message = await readMessageRecord(redis.commands, keys.of(id), id);
      if (message === undefined || (owner !== 'any' && message.client !== owner))
        return { kind: 'not-found' };
      const answer = await gate.decisions.end(id, {
        to: 'cancelled',
        from: ['queued', 'retrying', 'held'],
        reason: 'cancelled',
        by,
      });
      if (answer.state === 'cancelled') return { kind: 'cancelled' };
      const current = await readMessageRecord(redis.commands, keys.of(id), id);
      return current === undefined ? { kind: 'not-found' } : { kind: 'too-late', state: current.state };
    },
  };
}
