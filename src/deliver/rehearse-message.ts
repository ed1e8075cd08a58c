import { channelTable } from '../domain/channel.ts';
import type { JobEnd } from '../queue/queue-host.ts';
import { segmentsOf } from '../render/rendered.ts';
import { followRefusal } from './follow-refusal.ts';
import type { ReadyMessage, SendDeps } from './send-deps.ts';
import { toOutgoing } from './to-outgoing.ts';

/**
 * Goes the whole way except for the provider: asks the gate what it would say (no limit is used up), writes the
 * draft into the outbox, and ends the message as rehearsed. A stop holds a rehearsal too.
 */
export async function rehearseMessage(deps: SendDeps, ready: ReadyMessage): Promise<JobEnd> {
  const { message, draft } = ready;
  const segments = segmentsOf(draft);
  const result = await deps.permits.ask({
    message,
    provider: 'outbox',
    segments: segments ?? 1,
    rehearse: true,
  });
  if (result.kind !== 'rehearse' && !(result.kind === 'held' && result.reason === 'sms-country')) {
    if (result.kind === 'go') throw new Error('the gate granted a permit to a rehearsal');
    return followRefusal(deps, ready, result);
  }
  const would = toWould(result.kind === 'rehearse' ? result.verdict : `held ${result.reason}`);
  await deps.outbox.writeDraft(toOutgoing(message, draft, deps.senders), {
    at: new Date(deps.now()).toISOString(),
    message_id: message.id,
    event_id: message.event,
    type: message.type,
    channel: message.channel,
    to: channelTable[message.channel].maskAddress(message.to),
    to_hash: message.toHash,
    would,
    template_version: deps.renderer.templateVersion(message.type),
    ...(segments === undefined ? {} : { segments }),
  });
  await deps.decisions.end(message.id, {
    to: 'rehearsed',
    from: ['queued', 'retrying'],
    reason: would,
    fields: { draft: JSON.stringify(draft) },
  });
  deps.noteRehearsal(message.type);
  deps.log.info(
    { message_id: message.id, event_id: message.event, type: message.type, would },
    'message rehearsed',
  );
  return { kind: 'done' };
}

/** `would-send`, or what would have stood in the way: `would-held:cap`, `would-wait-here:all`. */
function toWould(verdict: string): string {
  return verdict === 'go' ? 'would-send' : `would-${verdict.replace(' ', ':')}`;
}
