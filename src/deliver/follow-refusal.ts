import type { HoldReason } from '../domain/message.ts';
import type { PermitResult } from '../gate/permits.ts';
import type { JobEnd } from '../queue/queue-host.ts';
import type { ReadyMessage, SendDeps } from './send-deps.ts';

const done: JobEnd = { kind: 'done' };

/** Keeps the message with its draft until a person decides. */
export async function holdMessage(deps: SendDeps, ready: ReadyMessage, reason: HoldReason): Promise<JobEnd> {
  const { message, draft } = ready;
  const result = await deps.decisions.hold(message.id, reason, JSON.stringify(draft));
  if (result.kind === 'done') {
    deps.metrics.countHold(reason);
    deps.log.info(
      { event_id: message.event, message_id: message.id, type: message.type, reason },
      'message held',
    );
  }
  return done;
}

/** What every permit result but `go` and `rehearse` means for the job. */
export async function followRefusal(
  deps: SendDeps,
  ready: ReadyMessage,
  result: Exclude<PermitResult, { kind: 'go' | 'rehearse' }>,
): Promise<JobEnd> {
  switch (result.kind) {
    case 'held':
      return await holdMessage(deps, ready, result.reason);
    case 'wait-here':
      return { kind: 'later', inMs: result.ms + 1 };
    case 'wait-later':
      return await waitForTurn(deps, ready, result);
    case 'claimed-elsewhere':
      return { kind: 'later', inMs: Math.max(result.ms, 0) + 50 };
    case 'suppressed':
    case 'expired':
    case 'ended':
      deps.log.info(
        { message_id: ready.message.id, event_id: ready.message.event, end: result.kind },
        'message ended at the gate',
      );
      return done;
    default:
      return result satisfies never;
  }
}

/** The message waits for a known reason, and the index by which the age of the queue is measured says so. */
async function waitForTurn(
  deps: SendDeps,
  { message }: ReadyMessage,
  { why, ms }: Extract<PermitResult, { kind: 'wait-later' }>,
): Promise<JobEnd> {
  const nowMs = deps.monotonicNow();
  const fromMs = nowMs + ms + 1;
  const inMs = (why.startsWith('domain:') ? deps.turns.take(why, fromMs) : fromMs) - nowMs;
  await deps.decisions.postpone(message.id, inMs, why);
  return { kind: 'later', inMs };
}
