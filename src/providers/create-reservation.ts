import type { AttemptOutcome } from '../domain/outcome.ts';
import type { ConnectionCondition, HeldConnection } from './connection-pool.ts';
import type { Fence, OutgoingMessage, Reservation } from './provider.ts';

/** How an attempt ended, and what it did to its connection. */
export interface CallEnd {
  readonly outcome: AttemptOutcome;
  readonly condition: ConnectionCondition;
}

/**
 * A reservation on a held connection: at most one attempt, and the connection goes back when both the attempt has ended
 * and `release` was called, in whichever order. A second `send` is refused without a byte; an attempt that
 * throws counts as `unknown`, because nobody can say how far it came.
 */
export function createReservation<C, M extends OutgoingMessage>(
  held: HeldConnection<C>,
  attempt: (connection: C, message: M, fence: Fence) => Promise<CallEnd>,
): Reservation<M> {
  let condition: ConnectionCondition = 'unused';
  let state: 'free' | 'sending' | 'sent' = 'free';
  let released = false;
  const giveBackWhenDone = (): void => {
    if (released && state !== 'sending') held.giveBack(condition);
  };
  return {
    send: async (message, fence) => {
      if (state !== 'free' || released) return reservationSpent;
      state = 'sending';
      try {
        const end = await attempt(held.connection, message, fence);
        condition = end.condition;
        return end.outcome;
      } catch (error) {
        condition = 'broken';
        return { kind: 'unknown', phase: 'envelope', detail: `the adapter failed: ${nameOf(error)}` };
      } finally {
        state = 'sent';
        giveBackWhenDone();
      }
    },
    release: () => {
      released = true;
      giveBackWhenDone();
    },
  };
}

const reservationSpent: AttemptOutcome = {
  kind: 'not-sent',
  code: 'lease-spent',
  detail: 'a reservation sends once, before it is released',
};

/** The class of an error; its text may quote an address. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
