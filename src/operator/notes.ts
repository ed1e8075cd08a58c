import { z } from 'zod';
import type { Store } from '../store/keys.ts';
import { listNotes } from '../watchdog/keep-notes.ts';
import { read } from './operation.ts';
import { count, instant, toIso, whenGiven } from './schemas.ts';

/** Status notes after a release and at incidents, and whether each was posted (VER-3). */
export const notes = [
  read('/api/status/notes', {
    operationId: 'getStatusNotes',
    scope: 'notify.read',
    summary: 'List status notes, the newest first',
    query: z.strictObject({ limit: z.coerce.number().int().min(1).max(200).default(20) }),
    response: z
      .strictObject({
        notes: z.array(
          z.strictObject({
            id: z.string(),
            at: instant,
            text: z.string(),
            state: z
              .enum(['pending', 'posting', 'posted', 'logged', 'failed'])
              .meta({ description: '`logged`: there is no webhook. `failed`: it was given up' }),
            tries: count,
            fault: z.string().optional(),
          }),
        ),
      })
      .meta({ id: 'StatusNotes', title: 'Status notes after a release and at incidents' }),
    run: async ({ query }, store: Store) => {
      const kept = await listNotes(store);
      return {
        notes: kept.slice(0, query.limit).map(({ id, at, text, state, tries, fault }) => ({
          id,
          at: toIso(at),
          text,
          state,
          tries,
          ...whenGiven('fault', fault),
        })),
      };
    },
  }),
];
