import type { MessageId } from '../domain/ids.ts';
import type { EventRecord } from '../store/event-record.ts';
import { explainEnd, type MessageRecord } from '../store/message-record.ts';

/** An event as its client may see it, with where each of its messages stands. */
export function viewEvent(
  event: EventRecord,
  messages: readonly MessageRecord[],
  unreadable: readonly MessageId[] = [],
) {
  const earlier = event.earlier.map(({ at, what, detail }) => ({ at: toIso(at), what, ...toDetail(detail) }));
  const planned =
    event.plannedAt === undefined || event.state === 'accepted'
      ? []
      : [{ at: toIso(event.plannedAt), what: event.state, ...toDetail(event.reason) }];
  return {
    event_id: event.id,
    type: event.type,
    client: event.client,
    state: event.state,
    ...(event.reason === '' ? {} : { reason: event.reason }),
    ...(event.earlierEvent === undefined ? {} : { earlier_event_id: event.earlierEvent }),
    received_at: toIso(event.receivedAt),
    dry_run: event.mode === 'dry_run',
    messages: messages.map((message) => ({
      message_id: message.id,
      channel: message.channel,
      state: message.state,
      ...(message.reason === '' ? {} : { reason: message.reason }),
      ...explainEnd(message),
    })),
    ...(unreadable.length === 0 ? {} : { unreadable: [...unreadable] }),
    ...(event.remarks.length === 0 ? {} : { remarks: [...event.remarks] }),
    history: [...describeIntake(event), ...earlier, ...planned],
  };
}

/** Received and, when it had to wait for the issuer's keys, judged later. */
function describeIntake({ state, reason, receivedAt, judgedAt, plannedAt }: EventRecord) {
  const wasQuarantined = state === 'quarantined' || judgedAt !== undefined;
  const received = { at: toIso(receivedAt), what: wasQuarantined ? 'quarantined' : 'accepted' };
  if (judgedAt === undefined) return [received];
  const verdict =
    state === 'rejected' && plannedAt === undefined
      ? { what: 'rejected', ...toDetail(reason) }
      : { what: 'accepted' };
  return [received, { at: toIso(judgedAt), ...verdict }];
}

function toDetail(reason: string): { detail?: string } {
  return reason === '' ? {} : { detail: reason };
}

function toIso(atMs: number): string {
  return new Date(atMs).toISOString();
}
