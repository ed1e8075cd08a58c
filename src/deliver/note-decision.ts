import { channelTable } from '../domain/channel.ts';
import type { PermitResult, Permits } from '../gate/permits.ts';
import type { Store } from '../store/keys.ts';
import type { MessageRecord } from '../store/message-record.ts';

/** Notes what the environment or the gate decided about a message. Returns at once and never throws. */
export type NoteDecision = (
  message: Pick<MessageRecord, 'id' | 'channel' | 'type' | 'to'>,
  decision: string,
  reason: string,
) => void;

export interface DecisionNotes {
  readonly note: NoteDecision;
  /** Writes what is still buffered; an error is ignored. */
  flush(): Promise<void>;
}

const keptMax = 1_000;
const inHandMax = 500;
const flushMs = 100;

/**
 * Keeps the newest decisions of the fleet in one capped list, for diagnostics. Written in groups, a few times a
 * second, by nobody's wait: when the store is away or too busy, notes are dropped.
 */
export function createDecisionNotes(
  options: Store & {
    readonly now: () => number;
  },
): DecisionNotes {
  const { decisions } = options.keys.central;
  let inHand: string[] = [];
  let timer: NodeJS.Timeout | undefined;
  const flush = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    const lines = inHand;
    inHand = [];
    if (lines.length === 0) return;
    await options.redis
      .pipeline()
      .lpush(decisions, ...lines)
      .ltrim(decisions, 0, keptMax - 1)
      .exec()
      .catch(() => undefined);
  };
  return {
    flush,
    note: (message, decision, reason) => {
      if (inHand.length >= inHandMax) return;
      const { id, channel, type } = message;
      const to = channelTable[channel].maskAddress(message.to);
      const at = new Date(options.now()).toISOString();
      inHand.push(JSON.stringify({ at, message_id: id, to, type, channel, decision, reason }));
      timer ??= setTimeout(() => void flush(), flushMs).unref();
    },
  };
}

/** The same permits, with a note of every result. */
export function notePermitResults(permits: Permits, note: NoteDecision): Permits {
  return {
    ...permits,
    ask: async (request) => {
      const result = await permits.ask(request);
      note(request.message, result.kind, describeResult(result));
      return result;
    },
  };
}

function describeResult(result: PermitResult): string {
  switch (result.kind) {
    case 'go':
      return result.claim.provider;
    case 'rehearse':
      return result.verdict;
    case 'held':
    case 'suppressed':
      return result.reason;
    case 'wait-here':
    case 'wait-later':
      return `${result.why}, ${result.ms} ms`;
    case 'ended':
      return result.state;
    case 'expired':
    case 'claimed-elsewhere':
      return '';
    default:
      return result satisfies never;
  }
}
