import { listNotes } from '../guard/keep-notes.ts';
import type { GuardServices } from '../http/guard-services.ts';
import type { Foundation } from './build-foundation.ts';

/** The status notes as the route tells them, the newest first. */
export function buildNoteServices({ redis, keys }: Foundation): Pick<GuardServices, 'listStatusNotes'> {
  return {
    listStatusNotes: async (limit) => {
      const notes = await listNotes({ redis: redis.commands, keys });
      return {
        notes: notes.slice(0, limit).map(({ id, at, text, state, tries, fault }) => ({
          id,
          at: new Date(at).toISOString(),
          text,
          state,
          tries,
          ...(fault === undefined ? {} : { fault }),
        })),
      };
    },
  };
}
