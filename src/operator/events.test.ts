import { describe, expect, test } from 'vitest';
import { toEventId, toMessageId } from '../domain/ids.ts';
import type { EventRecord } from '../store/event-record.ts';
import type { MessageRecord } from '../store/message-record.ts';
import { viewEvent } from './events.ts';
import { viewMessage } from './message.ts';

const rest = '0'.repeat(24);
const event = {
  id: toEventId(0, rest),
  state: 'planned',
  reason: '',
  client: 'upstream',
  type: 'welcome',
  mode: 'testing',
  receivedAt: 0,
  remarks: [],
  earlier: [],
} as unknown as EventRecord;

function message(fields: Partial<MessageRecord>): MessageRecord {
  return {
    id: toMessageId(0, rest),
    event: event.id,
    channel: 'email',
    to: 'jo@example.com',
    state: 'dead',
    reason: 'render',
    resends: 0,
    createdAt: 0,
    updatedAt: 0,
    history: [],
    ...fields,
  } as unknown as MessageRecord;
}

describe('what the client of a dead message is told', () => {
  test.each(['render', 'poison'])('the cause of %s, in both views', (reason) => {
    const dead = message({ reason, lastError: 'the subject is empty' });
    expect(viewEvent(event, [dead]).messages[0]).toMatchObject({ reason, detail: 'the subject is empty' });
    expect(viewMessage(dead)).toMatchObject({ reason, detail: 'the subject is empty' });
  });

  test.each<[string, Partial<MessageRecord>]>([
    ['what a provider said is told by its attempt', { reason: '550', lastError: 'no such user' }],
    ['a replay has made it open again', { state: 'queued', lastError: 'the subject is empty' }],
  ])('nothing else: %s', (_why, fields) => {
    expect(viewEvent(event, [message(fields)]).messages[0]).not.toHaveProperty('detail');
    expect(viewMessage(message(fields))).not.toHaveProperty('detail');
  });
});
