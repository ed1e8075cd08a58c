import { z } from 'zod';
import { categories, channels, messageStates } from '../domain/message.ts';
import { faultSchema, mayHaveLeft, messageViewSchema, providerReportSchema } from './answers.ts';
import { controlAnswerSchemas } from './control-answers.ts';

/** The shapes of what operators are told. Every address in them is masked. */
const instant = z.string().meta({ format: 'date-time' });
const count = z.int().nonnegative();
const counts = z.record(z.string(), count);
const channel = z.enum(channels);
const category = z.enum(categories);
const unreadable = z
  .array(z.string())
  .optional()
  .meta({ description: 'Records on this page that this program cannot read, whatever the filter' });
const next_cursor = z.string().optional().meta({ description: 'Where to go on; absent on the last page' });
const setting = z.strictObject({ value: z.unknown(), origin: z.string() });

/** What every list of messages that wait for a person tells of each. */
const waitingMessage = {
  message_id: z.string(),
  event_id: z.string(),
  type: z.string(),
  channel,
  category,
  client: z.string(),
  to: z.string(),
  reason: z.string(),
};

export const heldPageSchema = z.strictObject({
  counts: counts.meta({ description: 'Held messages by reason, whatever the filter' }),
  items: z.array(
    z.strictObject({
      ...waitingMessage,
      held_at: instant,
      age_seconds: count.meta({ description: 'Since the message was made' }),
      not_after: instant.optional(),
      may_have_left: mayHaveLeft,
      planned_in: z.string(),
    }),
  ),
  unreadable,
  next_cursor,
});

export const heldMessageSchema = messageViewSchema
  .extend({ draft: z.unknown().meta({ description: 'What would be sent' }) })
  .meta({ title: 'A held message with its draft' });

export const messagesPageSchema = z.strictObject({
  waits: counts.optional().meta({
    description:
      'Open messages by what they wait for: `not-due`, `turn`, `retry`, `limit`, `interval`, `provider-back-off`, …; on the first page, without a recipient',
  }),
  waits_more: z.literal(true).optional().meta({ description: 'There are more open ones than were counted' }),
  items: z.array(
    z.strictObject({
      ...waitingMessage,
      reason: z.string().optional(),
      state: z.enum(messageStates),
      waits_for: z.string().optional(),
      due_at: instant.optional(),
      may_have_left: mayHaveLeft,
      attempts: count,
      provider: z.string().optional(),
      last_error: z.string().optional(),
      created_at: instant,
      updated_at: instant,
      planned_in: z.string(),
    }),
  ),
  unreadable,
  next_cursor,
});
export const messageDraftSchema = z.strictObject({
  message_id: z.string(),
  state: z.enum(messageStates),
  draft: z.unknown().meta({ description: 'What would be sent: as it was kept, or rendered now' }),
  fault: z.string().optional().meta({ description: 'Why it cannot be rendered' }),
});

const bulk = {
  preview: z.boolean(),
  matched: count,
  skipped: counts.meta({ description: 'By the word that says why not' }),
  by_type: counts.meta({ description: 'Those that may be acted upon' }),
  dry_run: count.meta({ description: 'Of those: planned as a rehearsal, which they stay' }),
  may_have_left: count.meta({ description: 'Of those: a copy may be out already' }),
  more: z.boolean().meta({ description: 'There are more than the limit; ask again' }),
};
export const releaseReportSchema = z.strictObject({
  ...bulk,
  released: count,
  last_due_at: instant.optional(),
});
export const cancelReportSchema = z.strictObject({ ...bulk, cancelled: count });
export const discardReportSchema = z.strictObject({ ...bulk, discarded: count });
const failed = z
  .array(z.strictObject({ id: z.string(), why: z.string() }))
  .meta({ description: 'Those that were not, one by one; the first 100' });
export const replayReportSchema = z.strictObject({ ...bulk, replayed: count, failed });
export const deadDiscardReportSchema = z.strictObject({ ...bulk, discarded: count, failed });

export const deadLettersSchema = z.strictObject({
  items: z.array(
    z.strictObject({
      kind: z.enum(['message', 'event']),
      id: z.string(),
      event_id: z.string(),
      type: z.string(),
      client: z.string(),
      channel: channel.optional(),
      category: category.optional(),
      to: z.string().optional(),
      reason: z.string(),
      attempts: count,
      may_have_left: mayHaveLeft,
      last_error: z.string().optional(),
      first_at: instant,
      last_at: instant,
      planned_in: z.string(),
    }),
  ),
  unreadable,
  next_cursor,
});

export const unknownPageSchema = z.strictObject({
  items: z.array(
    z.strictObject({
      ...waitingMessage,
      provider: z.string().optional(),
      attempts: count,
      last_error: z.string().optional(),
      since: instant,
    }),
  ),
  unreadable,
  next_cursor,
});
export const resolvedSchema = z.strictObject({
  message_id: z.string(),
  state: z.enum(['sent', 'queued', 'discarded']),
  request_id: z.string(),
});

export const suppressionsPageSchema = z.strictObject({
  items: z.array(
    z.strictObject({
      channel,
      hash: z.string().meta({ description: 'Keyed; can be added again in place of the address' }),
      masked: z.string(),
      reason: z.string(),
      source: z.string(),
      at: instant,
      by: z.string(),
    }),
  ),
  next_cursor,
});
export const suppressionsReportSchema = z.strictObject({
  added: count,
  renewed: count.meta({ description: 'Were suppressed already; reason and time are the new ones' }),
  faults: z.array(faultSchema.extend({ index: count })),
});
export const suppressionRemovedSchema = z.strictObject({ removed: count });

export const auditSchema = z.strictObject({
  lines: z.array(
    z.strictObject({
      at: instant,
      actor: z.string(),
      action: z.string(),
      reason: z.string(),
      before: z.string().optional(),
      after: z.string().optional(),
      requestId: z.string().optional(),
      detail: z.record(z.string(), z.unknown()).optional(),
    }),
  ),
});
export const auditVerdictSchema = z.strictObject({
  ok: z.boolean(),
  lines: count.meta({ description: 'Lines in the store' }),
  first: count.meta({ description: 'Number of the first of them; above 1 once older ones were trimmed' }),
  count: count.meta({ description: 'Lines that there ever were' }),
  head: z.string().meta({ description: 'Hash of the last line: keep it elsewhere, and expect it later' }),
  sealed_up_to: count.meta({
    description:
      'The last line with a seal of our key; whoever can write to the store could have written what follows',
  }),
  unsealed: count.meta({ description: 'Lines without a seal: of older versions, or of a stop at the store' }),
  foreign: count.meta({
    description: 'Lines sealed with another key, such as that of an earlier ADDRESS_HASH_KEY',
  }),
  entry: z
    .string()
    .optional()
    .meta({ description: 'The first line that does not follow from the one before' }),
  detail: z.string().optional(),
});

const use = z.strictObject({
  name: z.string(),
  limit: z.number(),
  used: z.number(),
  window_ms: z.number().optional(),
});
export const diagnosticsSchema = z
  .strictObject({
    at: instant,
    epoch: z.int(),
    sending: z.boolean(),
    reason: z.string().optional(),
    inflight: count,
    flags: z.record(z.string(), setting),
    held: counts,
    limits: z.array(use),
    caps: z.array(use),
    providers: z.array(providerReportSchema),
    decisions: z.array(
      z.strictObject({
        at: instant,
        message_id: z.string(),
        to: z.string(),
        type: z.string(),
        channel: z.string(),
        decision: z.string(),
        reason: z.string(),
      }),
    ),
  })
  .meta({ title: 'Why messages leave, or do not' });

export const quarantineSchema = z
  .strictObject({
    counts: z.strictObject({ events: count, bytes: count, oldest_age_seconds: count }),
    bounds: z.strictObject({
      events: count,
      bytes: count,
      age_seconds: count,
      per_source_per_minute: count,
    }),
    on: z.boolean().meta({ description: 'False: no key for tokens is set, so nothing is taken' }),
    keys: z.strictObject({ ok: z.boolean(), detail: z.string() }).meta({ description: 'Of the issuer' }),
    items: z.array(
      z.strictObject({
        event_id: z.string(),
        type: z.string(),
        claimed_client: z.string().meta({ description: 'What the token says; nobody has proved it' }),
        received_at: instant,
        age_seconds: count,
        bytes: count,
        planned_in: z.string(),
        request_id: z.string(),
      }),
    ),
    next_cursor,
  })
  .meta({ title: 'Events whose tokens nobody could judge yet, oldest first' });
export const quarantineVerdictsSchema = z.strictObject({
  accepted: count,
  rejected: counts.meta({ description: 'By reason' }),
  undecided: count.meta({ description: 'Looked at, and still not to be judged' }),
  left: count.meta({ description: 'In quarantine now' }),
});
export const quarantineDiscardReportSchema = z.strictObject({
  preview: z.boolean(),
  matched: count,
  discarded: count,
  by_type: counts,
});

export const operatorAnswerSchemas = {
  ...controlAnswerSchemas,
  MessagesPage: messagesPageSchema,
  MessageDraft: messageDraftSchema,
  CancelReport: cancelReportSchema,
  HeldPage: heldPageSchema,
  HeldMessage: heldMessageSchema,
  ReleaseReport: releaseReportSchema,
  DiscardReport: discardReportSchema,
  DeadLetters: deadLettersSchema,
  ReplayReport: replayReportSchema,
  DeadDiscardReport: deadDiscardReportSchema,
  UnknownPage: unknownPageSchema,
  Resolved: resolvedSchema,
  SuppressionsPage: suppressionsPageSchema,
  SuppressionsReport: suppressionsReportSchema,
  SuppressionRemoved: suppressionRemovedSchema,
  Audit: auditSchema,
  AuditVerdict: auditVerdictSchema,
  Diagnostics: diagnosticsSchema,
  Quarantine: quarantineSchema,
  QuarantineVerdicts: quarantineVerdictsSchema,
  QuarantineDiscardReport: quarantineDiscardReportSchema,
} as const satisfies Readonly<Record<string, z.ZodType>>;
export type OperatorAnswer<Name extends keyof typeof operatorAnswerSchemas> = z.infer<
  (typeof operatorAnswerSchemas)[Name]
>;
