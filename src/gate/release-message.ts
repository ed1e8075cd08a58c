import type { JobAdder } from '../queue/job-adder.ts';
import type { MessageSummary } from '../store/message-summary.ts';
import type { MessageDecisions, Release } from './message-decisions.ts';

export interface ReleaseDeps {
  readonly decisions: Pick<MessageDecisions, 'release'>;
  readonly jobs: Pick<JobAdder, 'addMessageJob'>;
  readonly reportError: (what: string, error: unknown) => void;
}

/**
 * Puts one held, dead or unknown message back in the queue, with a job of its new generation. Answers a word when
 * the record does not allow it. The record is what counts: a job that cannot be added now is added by the reconciler.
 */
export async function releaseMessage(
  deps: ReleaseDeps,
  message: Pick<MessageSummary, 'id' | 'channel'>,
  release: Release,
): Promise<'refused' | 'too_old' | 'sent_before' | undefined> {
  const result = await deps.decisions.release(message.id, release);
  switch (result.kind) {
    case 'done': {
      const { id, channel } = message;
      await deps.jobs
        .addMessageJob({ id, channel, generation: result.generation, dueAt: release.dueAt })
        .catch((error: unknown) => deps.reportError('add job of a released message', error));
      return undefined;
    }
    case 'too-old':
      return 'too_old';
    case 'sent-before':
      return 'sent_before';
    case 'refused':
      return 'refused';
    default:
      return result satisfies never;
  }
}
