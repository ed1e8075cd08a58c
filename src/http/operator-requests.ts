import { z } from 'zod';
import { instantCharsMax, instantRepair, parseInstant } from '../domain/instant.ts';
import { categories, channels, holdReasons, messageStates } from '../domain/message.ts';
import { redactText } from '../observe/redact.ts';

/**
 * What operators send: bodies and queries, checked whole. An unknown field is a fault. The TypeScript types of the
 * ports and the OpenAPI document come from these schemas; each body has an example that is good.
 */
/** Longer ones are refused before anything else looks at them. */
const word = z.string().min(1).max(200, { abort: true });
const instant = z
  .string()
  .max(instantCharsMax)
  .refine((text) => parseInstant(text) !== undefined, instantRepair)
  .meta({ format: 'date-time' });
const epoch = z.int().nonnegative().meta({ description: 'The epoch that you saw; an older one is 409' });
const reason = z
  .string()
  .max(2_000, { abort: true })
  .trim()
  .min(1)
  .max(500, { abort: true })
  .overwrite(redactText)
  .meta({ description: 'Why, for the audit. Addresses in it are masked.' });
const preview = z
  .boolean()
  .default(true)
  .meta({ description: '`true`, the default: nothing changes, the answer says what would' });
const limit = z.int().min(1).max(10_000).default(1_000).meta({ description: 'At most this many at a time' });
const scope = z.enum(['all', 'email', 'sms', 'transactional', 'promotional']).default('all');
const ids = z.array(z.string().max(64)).min(1).max(1_000);

export const sendOrderSchema = z
  .strictObject({
    enabled: z.boolean(),
    reason,
    scope,
    epoch: epoch.optional(),
    until: instant.optional().meta({ description: 'With `enabled: true`: turns off again by itself' }),
    wait_ms: z
      .int()
      .min(0)
      .max(10_000)
      .default(3_000)
      .meta({ description: 'How long to wait for quiescence' }),
  })
  .refine((order) => !order.enabled || order.epoch !== undefined, {
    path: ['epoch'],
    error: 'is needed to switch on: send the epoch that you saw',
  })
  .refine((order) => order.enabled || order.until === undefined, {
    path: ['until'],
    error: 'an expiry can only make things stricter: it goes with enabled: true',
  })
  .meta({
    title: 'Stop or start sending',
    examples: [{ enabled: false, reason: 'wrong template in production' }],
  });

const needsEpoch = { path: ['epoch'], error: 'is needed to go on: send the epoch that you saw' };
export const ingestOrderSchema = z
  .strictObject({ paused: z.boolean(), reason, epoch: epoch.optional() })
  .refine((order) => order.paused || order.epoch !== undefined, needsEpoch)
  .meta({ title: 'Pause or resume intake', examples: [{ paused: true, reason: 'flood from one client' }] });

export const consumersOrderSchema = z
  .strictObject({
    paused: z.boolean(),
    queue: z.enum(['all', 'events', 'email', 'sms']).default('all'),
    reason,
    epoch: epoch.optional(),
  })
  .refine((order) => order.paused || order.epoch !== undefined, needsEpoch)
  .meta({
    title: 'Pause or resume workers',
    examples: [{ paused: true, queue: 'sms', reason: 'gateway works' }],
  });

export const adoptionOrderSchema = z
  .strictObject({ lineage: z.string().max(100).meta({ description: 'The one that you saw' }), reason })
  .meta({
    title: 'Adopt a store that went back in time',
    examples: [{ lineage: '1.0a1b2c3d4e', reason: 'restored from the copy of 02:00, the disk was lost' }],
  });

export const loggedAttemptsSchema = z
  .strictObject({
    attempts: z
      .array(z.strictObject({ message_id: z.string().max(64), provider_ref: z.string().max(200).optional() }))
      .min(1)
      .max(1_000),
    reason,
  })
  .meta({
    title: 'Mark as sent what the logs say was sent',
    examples: [
      {
        attempts: [{ message_id: `msg_00${'0'.repeat(24)}` }],
        reason: 'logs of the night, after the restore',
      },
    ],
  });

const common = {
  type: word.optional(),
  channel: z.enum(channels).optional(),
  category: z.enum(categories).optional(),
  client: word.optional(),
};
const heldFilter = z.strictObject({
  ids: ids.optional(),
  reason: z.enum(holdReasons).optional(),
  ...common,
});
const deadFilter = z.strictObject({
  ids: ids.optional(),
  kind: z.enum(['message', 'event']).optional(),
  reason: word.optional(),
  ...common,
});

export const releaseOrderSchema = z
  .strictObject({
    filter: heldFilter,
    max_age_seconds: z.int().positive().optional().meta({ description: 'Older ones stay held' }),
    per_minute: z.number().positive().max(1_000_000).optional().meta({ description: 'Spreads their turns' }),
    while_stopped: z.boolean().default(false).meta({
      description:
        '`true`: also those that a stop, or another mode of the service, would hold again at once; else they are skipped',
    }),
    limit,
    preview,
    reason,
  })
  .meta({ title: 'Release held messages', examples: [{ filter: { reason: 'stopped' }, reason: 'mended' }] });

export const discardOrderSchema = z.strictObject({ filter: heldFilter, limit, preview, reason }).meta({
  title: 'Discard held messages',
  examples: [{ filter: { reason: 'promo' }, reason: 'out of date' }],
});

export const cancelOrderSchema = z
  .strictObject({
    filter: z.strictObject({
      ids: ids.optional(),
      reason: word.optional(),
      ...common,
    }),
    limit,
    preview,
    reason,
  })
  .meta({
    title: 'Cancel messages that wait for their turn',
    examples: [{ filter: { type: 'welcome', client: 'scholar' }, reason: 'posted twice by mistake' }],
  });

export const deadOrderSchema = z
  .strictObject({ ids: ids.optional(), filter: deadFilter.optional(), limit, preview, reason })
  .refine((order) => (order.ids === undefined) !== (order.filter === undefined), {
    path: ['ids'],
    error: 'give either ids or a filter',
  })
  .meta({
    title: 'Replay or discard dead letters',
    examples: [{ filter: { type: 'welcome' }, reason: 'fixed' }],
  });

export const resolutionSchema = z
  .strictObject({ resolution: z.enum(['sent', 'resend', 'discard']), reason })
  .meta({ title: 'End a doubt', examples: [{ resolution: 'sent', reason: 'found in the provider’s log' }] });

const address = z.string().max(320).meta({ description: 'One email address, or a number in E.164 form' });
const hash = z.string().max(64).meta({ description: 'Of an export, in place of the address' });
const suppressionChannel = z
  .enum([...channels, 'all'])
  .default('all')
  .meta({ description: '`all`: every channel that the address fits' });
export const suppressionEntrySchema = z.strictObject({
  address: address.optional(),
  hash: hash.optional(),
  masked: z.string().max(320).optional(),
  channel: suppressionChannel,
  reason: reason.meta({ description: 'Why this address must not be written to' }),
  source: word.overwrite(redactText).optional(),
  at: instant.optional(),
  by: z.string().max(200).optional().meta({ description: 'Of an export; not used' }),
});
export const suppressionsOrderSchema = z
  .strictObject({ entries: z.array(suppressionEntrySchema).min(1).max(1_000), reason })
  .meta({
    title: 'Suppress addresses',
    examples: [{ entries: [{ address: 'jo@example.com', reason: 'asked by letter' }], reason: 'ticket 7' }],
  });

export const suppressionRemovalSchema = z
  .strictObject({ address: address.optional(), hash: hash.optional(), channel: suppressionChannel, reason })
  .meta({
    title: 'Lift a suppression',
    examples: [{ address: 'jo@example.com', reason: 'asked to come back' }],
  });

export const quarantineJudgeSchema = z
  .strictObject({ limit, reason })
  .meta({ title: 'Judge quarantined events now', examples: [{ reason: 'the issuer is back' }] });

export const quarantineDiscardSchema = z
  .strictObject({
    filter: z.strictObject({
      ids: ids.optional(),
      client: word.optional().meta({ description: 'The one that the token claims' }),
      older_than_seconds: z.int().nonnegative().optional(),
    }),
    limit,
    preview,
    reason,
  })
  .meta({
    title: 'Discard quarantined events',
    examples: [{ filter: { client: 'probe' }, reason: 'forged' }],
  });

const page = {
  limit: z.coerce.number().int().min(1).max(500).default(50),
  cursor: z.string().max(1_000).optional().meta({ description: '`next_cursor` of the page before' }),
};
export const standingQuerySchema = z.strictObject({ scope });
export const heldQuerySchema = z.strictObject({
  reason: z.enum(holdReasons).optional(),
  ...common,
  ...page,
});
export const messagesQuerySchema = z.strictObject({
  to: z
    .string()
    .max(320)
    .optional()
    .meta({ description: 'An email address or an E.164 number, exact; or the `to_hash` of a log line' }),
  state: z.enum(messageStates).optional(),
  since: instant.optional().meta({ description: 'Made at this instant or later' }),
  until: instant.optional().meta({ description: 'Made at this instant or before' }),
  reason: word.optional(),
  ...common,
  ...page,
});
export const deadQuerySchema = z.strictObject({
  kind: z.enum(['message', 'event']).optional(),
  reason: word.optional(),
  ...common,
  ...page,
});
export const unknownQuerySchema = z.strictObject({ reason: word.optional(), ...common, ...page });
export const quarantineQuerySchema = z.strictObject(page);
export const suppressionsQuerySchema = z.strictObject(page);
export const auditVerdictQuerySchema = z.strictObject({
  expect: z
    .string()
    .regex(/^[0-9a-f.]{1,160}(:\d{1,15})?$/, 'must be a head of the chain, perhaps with `:` and its count')
    .transform((text) => {
      const [head = '', count] = text.split(':');
      return { head, ...(count === undefined ? {} : { count: Number(count) }) };
    })
    .optional()
    .meta({ description: 'A head that was kept elsewhere, perhaps with `:` and its count' }),
});
export const auditQuerySchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1_000).default(50),
});

export const incidentReleaseSchema = z.strictObject({ reason }).meta({
  title: 'Release a trigger',
  examples: [{ reason: 'bad deployment rolled back, 5xx gone for ten minutes' }],
});
export const incidentsQuerySchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(20),
});

export type SendOrder = z.infer<typeof sendOrderSchema>;
export type AdoptionOrder = z.infer<typeof adoptionOrderSchema>;
export type LoggedAttempts = z.infer<typeof loggedAttemptsSchema>;
export type IngestOrder = z.infer<typeof ingestOrderSchema>;
export type ConsumersOrder = z.infer<typeof consumersOrderSchema>;
export type ReleaseOrder = z.infer<typeof releaseOrderSchema>;
export type DiscardOrder = z.infer<typeof discardOrderSchema>;
export type DeadOrder = z.infer<typeof deadOrderSchema>;
export type ResolutionOrder = z.infer<typeof resolutionSchema>;
export type SuppressionsOrder = z.infer<typeof suppressionsOrderSchema>;
export type SuppressionRemoval = z.infer<typeof suppressionRemovalSchema>;
export type IncidentRelease = z.infer<typeof incidentReleaseSchema>;
export type CancelOrder = z.infer<typeof cancelOrderSchema>;
export type MessagesQuery = z.infer<typeof messagesQuerySchema>;
export type HeldQuery = z.infer<typeof heldQuerySchema>;
export type QuarantineJudgeOrder = z.infer<typeof quarantineJudgeSchema>;
export type QuarantineDiscardOrder = z.infer<typeof quarantineDiscardSchema>;
export type QuarantineQuery = z.infer<typeof quarantineQuerySchema>;
export type DeadQuery = z.infer<typeof deadQuerySchema>;
export type UnknownQuery = z.infer<typeof unknownQuerySchema>;
export type SuppressionsQuery = z.infer<typeof suppressionsQuerySchema>;

/** Every named body of the API document that is not an event. */
export const requestSchemas = {
  SendOrder: sendOrderSchema,
  AdoptionOrder: adoptionOrderSchema,
  LoggedAttempts: loggedAttemptsSchema,
  IngestOrder: ingestOrderSchema,
  ConsumersOrder: consumersOrderSchema,
  ReleaseOrder: releaseOrderSchema,
  DiscardOrder: discardOrderSchema,
  CancelOrder: cancelOrderSchema,
  DeadLetterOrder: deadOrderSchema,
  Resolution: resolutionSchema,
  Suppressions: suppressionsOrderSchema,
  SuppressionRemoval: suppressionRemovalSchema,
  IncidentRelease: incidentReleaseSchema,
  QuarantineJudge: quarantineJudgeSchema,
  QuarantineDiscard: quarantineDiscardSchema,
} as const satisfies Readonly<Record<string, z.ZodType>>;

export type RequestName = keyof typeof requestSchemas;

/** A good body of this name, for the documents. */
export function exampleOf(name: RequestName): unknown {
  const examples = requestSchemas[name].meta()?.['examples'];
  return Array.isArray(examples) ? (examples[0] as unknown) : undefined;
}
