import { z } from 'zod';
import { ServiceError } from '../domain/errors.ts';
import type { AuditDeps } from '../gate/act-audited.ts';
import { adoptStore, markSent } from '../gate/adopt-store.ts';
import type { MessageDecisions } from '../gate/message-decisions.ts';
import type { Witness } from '../store/witness.ts';
import { change, toOrder } from './operation.ts';
import { count, reason } from './schemas.ts';

export interface AdoptionDeps extends AuditDeps {
  readonly decisions: MessageDecisions;
  /** Absent: none is configured. */
  readonly witness?: Witness;
}

/** Going on with a store that went back in time. */
export const adoption = [
  change('POST /api/control/adopt', {
    operationId: 'postAdoption',
    summary: 'Adopt a store that went back in time',
    description:
      'A store that was restored, or failed over with a loss, sends nothing until a person adopts it. Sending is stopped then, ' +
      'and what the store had open is held as `restored`, since it may have been sent unseen.',
    body: z
      .strictObject({ lineage: z.string().max(100).meta({ description: 'The one that you saw' }), reason })
      .meta({
        id: 'AdoptionOrder',
        title: 'Adopt a store that went back in time',
        examples: [{ lineage: '1.0a1b2c3d4e', reason: 'restored from the copy of 02:00, the disk was lost' }],
      }),
    response: z
      .strictObject({
        lineage: z.string(),
        from: z.string(),
        epoch: z.int(),
        went_back: z.string().meta({ description: 'What was found' }),
        open: count.meta({ description: 'Events and messages that will be held as `restored`' }),
      })
      .meta({ id: 'Adoption', title: 'The store is adopted, and sending is stopped' }),
    problems: [409],
    run: async ({ body, by }, deps: AdoptionDeps) => {
      const result = await adoptStore(deps, { ...toOrder(body, by), lineage: body.lineage });
      if (result.kind === 'adopted') {
        const { kind: _, wentBack, ...adopted } = result;
        return { ...adopted, went_back: wentBack };
      }
      const detail =
        result.kind === 'not-behind'
          ? 'the store is not behind anything that is known of it: there is nothing to adopt'
          : 'the store is not the one that you saw: read the switches again, then decide';
      throw new ServiceError('state-conflict', detail);
    },
  }),
  change('POST /api/control/adopt/attempts', {
    operationId: 'postLoggedAttempts',
    summary: 'Mark as sent what the logs say was sent',
    body: z
      .strictObject({
        attempts: z
          .array(
            z.strictObject({ message_id: z.string().max(64), provider_ref: z.string().max(200).optional() }),
          )
          .min(1)
          .max(1_000),
        reason,
      })
      .meta({
        id: 'LoggedAttempts',
        title: 'Mark as sent what the logs say was sent',
        examples: [
          {
            attempts: [{ message_id: `msg_00${'0'.repeat(24)}` }],
            reason: 'logs of the night, after the restore',
          },
        ],
      }),
    response: z
      .strictObject({
        marked: count.meta({ description: 'Marked as sent' }),
        known: count.meta({ description: 'Had ended already' }),
        missing: count.meta({ description: 'The store has no such message' }),
      })
      .meta({ id: 'AttemptsMarked' }),
    run: ({ body, by }, deps: AdoptionDeps) =>
      markSent(
        deps,
        toOrder(body, by),
        body.attempts.map((one) => ({ messageId: one.message_id, providerRef: one.provider_ref })),
      ),
  }),
];
