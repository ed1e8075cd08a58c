import type { MessageId } from '../domain/ids.ts';
import type { MessageState } from '../domain/message.ts';
import type { JobAdder } from '../queue/job-adder.ts';
import type { Store } from '../store/keys.ts';
import { moveKeyNames, moveKeys } from '../store/message-record.ts';
import type { MessageSummary } from '../store/message-summary.ts';
import { loadScript } from '../store/scripts.ts';
import type { AuditDeps } from './act-audited.ts';

/**
 * Moves that are not attempts: hold, release, end. Each is a compare-and-set on the message's state, so two
 * people (or a person and a worker) deciding at once never both win.
 */
export interface MessageDecisions {
  hold(id: MessageId, reason: string, draft: string): Promise<DecisionResult>;
  release(id: MessageId, release: Release): Promise<ReleaseResult>;
  end(id: MessageId, end: MessageEnd): Promise<DecisionResult>;
  /** Notes that an open message rightly waits for so long: it counts as late only after that. */
  postpone(id: MessageId, inMs: number, why: string): Promise<void>;
}

/** `state` is what the message is now: `unknown` where it may have left and was to end as if it had not. */
export interface DecisionResult {
  readonly kind: 'done' | 'refused';
  readonly state: string;
}
export type ReleaseResult =
  | { readonly kind: 'done'; readonly generation: number }
  | { readonly kind: 'refused'; readonly state: string }
  | { readonly kind: 'too-old' | 'sent-before' };

export interface Release {
  readonly from: 'held' | 'dead' | 'unknown';
  readonly reason: string;
  readonly by: string;
  /** When its turn comes (epoch ms of the store's clock); a rate is a row of such instants. 0: now. */
  readonly dueAt: number;
  /** Messages created before this are not released (epoch ms). */
  readonly createdSince?: number;
}

export interface MessageEnd {
  readonly to: MessageState;
  readonly from: readonly MessageState[];
  readonly reason: string;
  readonly by?: string;
  readonly fields?: Readonly<Record<string, string>>;
}

const holdScript = loadScript(new URL('./hold-message.lua', import.meta.url), {
  keys: moveKeyNames,
  args: ['reason', 'draft', 'by'],
});
const postponeScript = loadScript(new URL('./postpone-message.lua', import.meta.url), {
  keys: ['message', 'messagesOpen'],
  args: ['id', 'inMs', 'why'],
});
const releaseScript = loadScript(new URL('./release-message.lua', import.meta.url), {
  keys: moveKeyNames,
  args: ['from', 'reason', 'by', 'dueAt', 'createdSince'],
});
const endScript = loadScript(new URL('./end-message.lua', import.meta.url), {
  keys: moveKeyNames,
  args: ['to', 'from', 'reason', 'by', 'retentionMs', '...fields'],
});

export function createMessageDecisions(
  options: Store & {
    readonly retentionMs: number;
  },
): MessageDecisions {
  const { redis, retentionMs } = options;
  const keysOf = (id: MessageId) => moveKeys(options.keys.of(id), id);
  return {
    hold: async (id, reason, draft) =>
      toDecisionResult(await holdScript.run(redis, keysOf(id), { reason, draft, by: '' })),
    release: async (id, release) => {
      const args = { ...release, createdSince: release.createdSince ?? '' };
      const [code, value = ''] = (await releaseScript.run(redis, keysOf(id), args)) as string[];
      if (code === 'done') return { kind: 'done', generation: Number(value) };
      return code === 'refused'
        ? { kind: 'refused', state: value }
        : { kind: code as 'too-old' | 'sent-before' };
    },
    postpone: async (id, inMs, why) => {
      const { message, messagesOpen } = options.keys.of(id);
      await postponeScript.run(
        redis,
        { message: message(id), messagesOpen },
        { id, inMs: Math.ceil(inMs), why },
      );
    },
    end: async (id, end) =>
      toDecisionResult(
        await endScript.run(redis, keysOf(id), {
          to: end.to,
          from: end.from.join(' '),
          reason: end.reason,
          by: end.by ?? '',
          retentionMs,
          fields: Object.entries(end.fields ?? {}).flat(),
        }),
      ),
  };
}

function toDecisionResult(reply: unknown): DecisionResult {
  const [code, state = ''] = reply as string[];
  return { kind: code === 'done' ? 'done' : 'refused', state };
}

/** What a person's decisions about messages take. */
export interface DecisionDeps extends AuditDeps {
  readonly decisions: MessageDecisions;
  readonly jobs: Pick<JobAdder, 'addMessageJob'>;
  readonly reportError: (what: string, error: unknown) => void;
}

const refusals = { refused: 'refused', 'too-old': 'too_old', 'sent-before': 'sent_before' } as const;

/**
 * Puts one held, dead or unknown message back in the queue, with a job of its new generation. Returns a reason when
 * the record does not allow it. The record is what counts: a job that cannot be added now is added by the reconciler.
 */
export async function releaseMessage(
  deps: DecisionDeps,
  { id, channel }: Pick<MessageSummary, 'id' | 'channel'>,
  release: Release,
): Promise<(typeof refusals)[keyof typeof refusals] | undefined> {
  const result = await deps.decisions.release(id, release);
  if (result.kind !== 'done') return refusals[result.kind];
  await deps.jobs
    .addMessageJob({ id, channel, generation: result.generation, dueAt: release.dueAt })
    .catch((error: unknown) => deps.reportError('add job of a released message', error));
  return undefined;
}
