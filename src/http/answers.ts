import { z } from 'zod';
import { eventStates } from '../domain/event.ts';
import { categories, channels, messageStates } from '../domain/message.ts';

/**
 * The shape of every answer: the TypeScript types of the ports, the OpenAPI document and the tests all come from
 * these schemas.
 */
const instant = z.string().meta({ format: 'date-time', examples: ['2026-11-20T09:30:00.000Z'] });
const eventId = z
  .string()
  .meta({ description: 'Id of an event', examples: ['evt_00k3v9q1zr7m2c8d4x6w0b5n1t'] });
const messageId = z
  .string()
  .meta({ description: 'Id of a message', examples: ['msg_00k3v9q1zr7m2c8d4x6w0b5n1t'] });
const channel = z.enum(channels);
const count = z.int().nonnegative();

export const faultSchema = z.strictObject({
  pointer: z
    .string()
    .meta({ description: 'JSON pointer (RFC 6901) into the posted body', examples: ['/data/deadline'] }),
  detail: z.string(),
});

export const problemSchema = z
  .looseObject({
    type: z.string().meta({ description: 'URL of a page that explains the problem' }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'What is wrong here, and how to mend it' }),
    instance: z.string().optional(),
    code: z.string().meta({
      description: 'Stable name of the problem; decide by this one',
      examples: ['invalid-event-data'],
    }),
    request_id: z.string(),
    errors: z.array(faultSchema).optional(),
  })
  .meta({ title: 'Problem details (RFC 9457)' });

const duplicateMark = z.literal(true).meta({ description: 'The event of an earlier post with this key' });
const oldStatus = { deprecated: true, description: 'The old name: use `state` and `duplicate`' };

export const receiptSchema = z
  .strictObject({
    event_id: eventId,
    state: z.enum(['accepted', 'quarantined']).meta({ description: 'Of the event when it was put on disk' }),
    duplicate: duplicateMark.optional(),
    status: z.enum(['accepted', 'duplicate', 'quarantined']).meta(oldStatus),
    dry_run: z.boolean().meta({ description: 'True when this is a rehearsal: no provider will be called' }),
    request_id: z.string(),
  })
  .meta({ title: 'The event is on disk' });

export const batchReceiptSchema = z
  .strictObject({
    results: z.array(
      z.strictObject({
        index: count,
        state: z.enum(['accepted', 'quarantined', 'rejected']),
        duplicate: duplicateMark.optional(),
        status: z.enum(['accepted', 'duplicate', 'quarantined', 'rejected']).meta(oldStatus),
        event_id: eventId.optional(),
        problem: problemSchema.optional(),
      }),
    ),
    accepted: count.meta({ description: 'Items that are on disk: accepted, duplicate or quarantined' }),
    rejected: count,
    dry_run: z.boolean(),
    request_id: z.string(),
  })
  .meta({ title: 'One result for each item, in order' });

const endDetail = z
  .string()
  .optional()
  .meta({ description: 'Of what is dead without an attempt (`render`, `poison`): its cause, without data' });

export const eventViewSchema = z
  .strictObject({
    event_id: eventId,
    type: z.string(),
    client: z.string(),
    state: z.enum(eventStates),
    reason: z.string().optional(),
    earlier_event_id: eventId
      .optional()
      .meta({ description: 'Of a `rejected` event that was quarantined: the event that had its key first' }),
    received_at: instant,
    dry_run: z.boolean(),
    messages: z.array(
      z.strictObject({
        message_id: messageId,
        channel,
        state: z.enum(messageStates),
        reason: z.string().optional(),
        detail: endDetail,
      }),
    ),
    unreadable: z
      .array(messageId)
      .optional()
      .meta({ description: 'Messages of it that this program cannot read: a newer one wrote them' }),
    remarks: z
      .array(z.strictObject({ channel, detail: z.string() }))
      .optional()
      .meta({ description: 'Channels that were left out, and why' }),
    history: z.array(z.strictObject({ at: instant, what: z.string(), detail: z.string().optional() })),
  })
  .meta({ title: 'An event and what became of it' });

/** Present on what is queued, held or given up although an earlier attempt got no answer. */
export const mayHaveLeft = z
  .boolean()
  .optional()
  .meta({ description: 'An earlier attempt got no answer: a copy may be out already' });

export const messageViewSchema = z
  .strictObject({
    message_id: messageId,
    event_id: eventId,
    type: z.string(),
    channel,
    category: z.enum(categories),
    to: z.string().meta({ description: 'Masked address', examples: ['j***@example.com', '+1555****0123'] }),
    locale: z
      .string()
      .optional()
      .meta({ description: 'The language of the text: what the reader’s locale came to', examples: ['fr'] }),
    state: z.enum(messageStates),
    reason: z.string().optional(),
    detail: endDetail,
    may_have_left: mayHaveLeft,
    send_at: instant.optional(),
    not_after: instant.optional(),
    attempts: z.array(
      z.strictObject({
        number: count,
        at: instant,
        provider: z.string(),
        outcome: z.string(),
        detail: z.string(),
        duration_ms: z.number(),
      }),
    ),
    history: z.array(
      z.strictObject({
        at: instant,
        from: z.string().optional(),
        to: z.string(),
        reason: z.string().optional(),
        by: z.string().optional(),
      }),
    ),
    created_at: instant,
    updated_at: instant,
  })
  .meta({ title: 'A message and its attempts' });

export const cancellationSchema = z.strictObject({
  message_id: messageId,
  state: z.literal('cancelled'),
  request_id: z.string(),
});

const queue = z.strictObject({ waiting: count, active: count, delayed: count, oldest_age_ms: z.number() });
export const queueStatusSchema = z.strictObject({
  queues: z.strictObject({ events: queue, email: queue, sms: queue }),
  messages: z.record(z.string(), count).meta({ description: 'Messages by state' }),
  held: z.record(z.string(), count).meta({ description: 'Held messages by reason' }),
  dead_letters: count,
  parked: z
    .strictObject({ events: count, messages: count })
    .meta({ description: 'Records that this program cannot read, put aside until one comes that can' }),
  consumers_paused: z.boolean(),
  ingestion_paused: z.boolean(),
});

export const sendStatusSchema = z.strictObject({
  sending: z.boolean(),
  dry_run: z.boolean().meta({ description: 'True while stopped or rehearsing: no provider is called' }),
  app_mode: z.string(),
  reason: z.string().optional(),
  epoch: z.int(),
  inflight: count,
  flags: z.record(z.string(), z.strictObject({ value: z.unknown(), origin: z.string() })),
});

const breaker = z.enum(['closed', 'open', 'half-open']);
export const providerReportSchema = z.strictObject({
  provider: z.string(),
  channel,
  ok: z.boolean(),
  status: z.enum(['ok', 'unreachable', 'unauthorized', 'error']),
  latency_ms: z.number(),
  detail: z.string(),
  breaker: breaker
    .optional()
    .meta({ description: 'The worst that any sender sees; absent while none reports' }),
  since: instant.optional().meta({
    description: 'Since when the first of the senders gets nothing through: its breaker opened then',
  }),
  blocked_until: instant.optional().meta({ description: 'The whole fleet leaves it alone until then' }),
  senders: z
    .array(
      z.strictObject({
        sender: z.string(),
        breaker,
        since: instant.optional(),
        blocked_until: instant.optional(),
      }),
    )
    .optional()
    .meta({ description: 'What each sender knows from sending' }),
});

export const providersHealthSchema = z.strictObject({
  ok: z.boolean().meta({
    description: 'True when every provider is well; false when no sender runs, since they alone can ask',
  }),
  providers: z.array(providerReportSchema),
});

const headerNames = z.array(z.string());
export const canarySchema = z.strictObject({
  app: z.literal('auto_com_center'),
  app_base_url: z.string(),
  version: z.literal('v2.7').meta({ description: 'Version of this contract' }),
  status: z.enum(['ok', 'degraded']),
  p95_ms: z.number(),
  security_headers: z.strictObject({ present: headerNames, missing: headerNames }),
  dependencies_ok: z.boolean(),
  timestamp: instant,
});

const check = z.strictObject({ ok: z.boolean(), detail: z.string() });
export const livenessSchema = z.strictObject({ status: z.literal('alive') });
export const readinessSchema = z.strictObject({
  status: z.enum(['ready', 'not-ready']),
  draining: z.boolean(),
  checks: z.record(z.string(), check).optional(),
});
export const healthSchema = z.strictObject({
  status: z.enum(['pass', 'warn', 'fail']),
  version: z.string(),
  checks: z.record(
    z.string(),
    z.array(
      z.strictObject({
        status: z.enum(['pass', 'warn', 'fail']),
        time: instant,
        output: z.string().optional(),
      }),
    ),
  ),
});

export type EventView = z.infer<typeof eventViewSchema>;
export type MessageView = z.infer<typeof messageViewSchema>;
export type QueueStatus = z.infer<typeof queueStatusSchema>;
export type SendStatus = z.infer<typeof sendStatusSchema>;

/** The named shapes of what any client is told; `all-answers.ts` has those of operators too. */
export const answerSchemas = {
  Problem: problemSchema,
  Receipt: receiptSchema,
  BatchReceipt: batchReceiptSchema,
  Event: eventViewSchema,
  Message: messageViewSchema,
  Cancellation: cancellationSchema,
  QueueStatus: queueStatusSchema,
  SendStatus: sendStatusSchema,
  ProvidersHealth: providersHealthSchema,
  Canary: canarySchema,
  Liveness: livenessSchema,
  Readiness: readinessSchema,
  Health: healthSchema,
} as const satisfies Readonly<Record<string, z.ZodType>>;
