import { z } from 'zod';
import { count, eventId, exampledInstant as instant, pointerFault } from '../operator/schemas.ts';

/** The responses of what is not an operation of the operators' API: the intake of events, the canary and the probes. */
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
    errors: z.array(pointerFault).optional(),
  })
  .meta({ id: 'Problem', title: 'Problem details (RFC 9457)' });

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
  .meta({ id: 'Receipt', title: 'The event is on disk' });

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
  .meta({ id: 'BatchReceipt', title: 'One result for each item, in order' });

const headerNames = z.array(z.string());
export const canarySchema = z
  .strictObject({
    app: z.literal('auto_com_center'),
    app_base_url: z.string(),
    version: z.literal('v2.7').meta({ description: 'Version of this contract' }),
    status: z.enum(['ok', 'degraded']),
    p95_ms: z.number(),
    security_headers: z.strictObject({ present: headerNames, missing: headerNames }),
    dependencies_ok: z.boolean(),
    timestamp: instant,
  })
  .meta({ id: 'Canary' });

const check = z.strictObject({ ok: z.boolean(), detail: z.string() });
export const livenessSchema = z.strictObject({ status: z.literal('alive') }).meta({ id: 'Liveness' });
export const readinessSchema = z
  .strictObject({
    status: z.enum(['ready', 'not-ready']),
    draining: z.boolean(),
    checks: z.record(z.string(), check).optional(),
  })
  .meta({ id: 'Readiness' });
export const healthSchema = z
  .strictObject({
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
  })
  .meta({ id: 'Health' });
