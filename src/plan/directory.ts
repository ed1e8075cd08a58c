import type { DirectoryResult } from '../domain/recipient.ts';

/** Where recipients are looked up by their id (PLN-2). */
export interface Directory {
  /**
   * Who the id stands for, within a bounded time. Never throws: what went wrong is `unreachable`, which may be
   * tried again, or `refused`, which is final. No detail holds an address. Once the signal aborts, the answer is
   * `unreachable` at once. A person that is found may have no address at all: the caller decides what that means.
   */
  lookUpRecipient(id: string, signal: AbortSignal): Promise<DirectoryResult>;
}
