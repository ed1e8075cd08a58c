import type { DirectoryResult } from '../../domain/recipient.ts';
import { awaitUnlessAborted } from '../../outbound/await-unless-aborted.ts';
import type { Directory } from '../directory.ts';

export interface AnswerKeepOptions {
  /** Steady milliseconds. */
  readonly now: () => number;
  readonly foundMs?: number;
  /** For `not-found`, `refused` and what has remarks, which somebody may be mending right now. */
  readonly negativeMs?: number;
  readonly entriesMax?: number;
}

interface Entry {
  readonly result: DirectoryResult;
  readonly keepUntil: number;
}

/**
 * Asks about one person once at a time and not again for a short while; `unreachable` is never kept. `ask` must
 * settle within a bounded time and never reject: it goes on when one of those who wait for it gives up.
 */
export function keepAnswers(
  ask: (id: string) => Promise<DirectoryResult>,
  options: AnswerKeepOptions,
): Directory {
  const { now, foundMs = 60_000, negativeMs = 10_000, entriesMax = 10_000 } = options;
  const entries = new Map<string, Entry>();
  const asking = new Map<string, Promise<DirectoryResult>>();

  const keep = (id: string, result: DirectoryResult): void => {
    entries.delete(id);
    if (result.kind === 'unreachable') return;
    const [oldest] = entries.keys();
    if (entries.size >= entriesMax && oldest !== undefined) entries.delete(oldest);
    entries.set(id, { result, keepUntil: now() + (isWhole(result) ? foundMs : negativeMs) });
  };

  const askAndKeep = async (id: string): Promise<DirectoryResult> => {
    try {
      const result = await ask(id);
      keep(id, result);
      return result;
    } finally {
      asking.delete(id);
    }
  };

  return {
    lookUpRecipient: async (id, signal) => {
      const kept = entries.get(id);
      if (kept !== undefined && now() < kept.keepUntil) return kept.result;
      const pending = asking.get(id) ?? askAndKeep(id);
      asking.set(id, pending);
      return awaitUnlessAborted(pending, signal, {
        kind: 'unreachable',
        detail: 'the look-up was abandoned',
      });
    },
  };
}

function isWhole(result: DirectoryResult): boolean {
  return result.kind === 'found' && result.remarks === undefined;
}
