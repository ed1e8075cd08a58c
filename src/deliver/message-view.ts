import { maskAddress } from '../domain/mask.ts';
import { explainEnd, type HistoryLine, type MessageRecord } from '../store/message-record.ts';

/** A message as its client and an operator may see it: in time order, addresses masked, no draft. */
export function viewMessage(message: MessageRecord) {
  const moves = message.history.filter((line) => line.to !== undefined);
  return {
    message_id: message.id,
    event_id: message.event,
    type: message.type,
    channel: message.channel,
    category: message.category,
    to: maskAddress(message.channel, message.to),
    ...whenGiven('locale', message.textLocale),
    state: message.state,
    ...whenGiven('reason', message.reason),
    ...explainEnd(message),
    ...(message.resends > 0 && message.state !== 'sent' ? { may_have_left: true } : {}),
    ...(message.sendAt === undefined ? {} : { send_at: toIso(message.sendAt) }),
    ...(message.notAfter === undefined ? {} : { not_after: toIso(message.notAfter) }),
    attempts: message.history.flatMap(({ at, attempt }) =>
      attempt === undefined ? [] : [viewAttempt(at, attempt)],
    ),
    history: moves.map(({ at, from, to, reason, by }) => ({
      at: toIso(at),
      ...whenGiven('from', from),
      to: to ?? '',
      ...whenGiven('reason', reason),
      ...whenGiven('by', by),
    })),
    created_at: toIso(message.createdAt),
    updated_at: toIso(message.updatedAt),
  };
}

function viewAttempt(at: number, attempt: NonNullable<HistoryLine['attempt']>) {
  const { number, provider, outcome, detail, durationMs } = attempt;
  return { number, at: toIso(at), provider, outcome, detail, duration_ms: durationMs };
}

function toIso(atMs: number): string {
  return new Date(atMs).toISOString();
}

function whenGiven<Name extends string>(
  name: Name,
  value: string | undefined,
): Partial<Record<Name, string>> {
  return value === undefined || value === '' ? {} : ({ [name]: value } as Partial<Record<Name, string>>);
}
