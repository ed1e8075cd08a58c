import { z } from 'zod';

/**
 * What `acc` needs of the service's answers, and no more: at night the program at hand may be older or newer than
 * the service, and must still understand it. The whole shapes are in `http/answers.ts`.
 */
const change = z
  .looseObject({
    at: z.string().default(''),
    actor: z.string().default(''),
    reason: z.string().default(''),
    before: z.string().optional(),
    after: z.string().optional(),
  })
  .optional();

const flagSchema = z.looseObject({
  value: z.string(),
  until: z.union([z.string(), z.number()]).optional(),
  changed: change,
});

export const controlSchema = z.looseObject({
  epoch: z.number(),
  lineage: z.string().optional(),
  went_back: z.string().optional(),
  sending: z.boolean(),
  flags: z.record(z.string(), flagSchema),
  environment: z.record(z.string(), z.looseObject({ value: z.unknown(), origin: z.string() })).default({}),
});

export const switchedSchema = z.looseObject({
  state: z.string().optional(),
  epoch: z.number(),
  in_flight_at_stop: z.number().optional(),
  in_flight: z.number().optional(),
  stop_ms: z.number().optional(),
  quiesced_ms: z.number().optional(),
  /** False: the witness does not know of the change. */
  witnessed: z.boolean().optional(),
  /** After a start: why nothing is sent all the same. */
  ceiling: z.string().optional(),
});

export const sendStatusSchema = z.looseObject({
  sending: z.boolean(),
  dry_run: z.boolean(),
  app_mode: z.string(),
  reason: z.string().optional(),
  epoch: z.number(),
  inflight: z.number(),
});

const depth = z.looseObject({
  waiting: z.number(),
  active: z.number(),
  delayed: z.number(),
  oldest_age_ms: z.number(),
});
const limitUse = z.looseObject({ name: z.string(), limit: z.number(), used: z.number() });
/** Of the diagnostics: how much of each limit is used now. */
export const limitsSchema = z.looseObject({
  limits: z.array(limitUse.extend({ window_ms: z.number() })).default([]),
  caps: z.array(limitUse).default([]),
});

export const queueStatusSchema = z.looseObject({
  queues: z.record(z.string(), depth),
  messages: z.record(z.string(), z.number()),
  held: z.record(z.string(), z.number()),
  dead_letters: z.number(),
  parked: z.looseObject({ events: z.number(), messages: z.number() }).optional(),
});

export const providersSchema = z.looseObject({
  providers: z.array(
    z.looseObject({
      provider: z.string(),
      channel: z.string(),
      ok: z.boolean(),
      status: z.string(),
      detail: z.string(),
    }),
  ),
});

/** Something with an id, as a list shows it. */
const item = z.looseObject({});
export const pageSchema = z.looseObject({
  items: z.array(item),
  counts: z.record(z.string(), z.number()).optional(),
  waits: z.record(z.string(), z.number()).optional(),
  waits_more: z.boolean().optional(),
  unreadable: z.array(z.string()).optional(),
  next_cursor: z.string().nullish(),
});

export const bulkSchema = z.looseObject({
  matched: z.number().optional(),
  /** A number, or a number by the word that says why. */
  skipped: z.union([z.number(), z.record(z.string(), z.number())]).optional(),
  /** Of those that may be acted upon: planned as a rehearsal, which they stay. */
  dry_run: z.number().optional(),
  may_have_left: z.number().optional(),
  /** There are more than the limit. */
  more: z.boolean().optional(),
  by_type: z.record(z.string(), z.number()).optional(),
  last_due_at: z.string().optional(),
  failed: z.array(z.looseObject({ id: z.string(), why: z.string() })).optional(),
});

/** Shown as it is. */
export const anySchema = z.looseObject({});
const effect = z.looseObject({
  action: z.string(),
  state: z.string(),
  ms: z.number(),
  in_flight_at_stop: z.number().optional(),
});
export const incidentSchema = z.looseObject({
  id: z.string(),
  trigger: z.string(),
  mode: z.string(),
  state: z.string(),
  opened_at: z.string(),
  rule: z.string(),
  detail: z.string(),
  actions: z.array(effect).default([]),
  release: z.looseObject({ at: z.string(), by: z.string(), reason: z.string() }).optional(),
});
export const incidentsSchema = z.looseObject({ incidents: z.array(incidentSchema) });
export const incidentReleasedSchema = z.looseObject({
  incident: incidentSchema,
  still_stopped: z.array(z.looseObject({ flag: z.string(), by: z.string(), reason: z.string() })).default([]),
  go_on_with: z.array(z.string()).default([]),
});
export const triggersSchema = z.looseObject({
  watched: z.boolean(),
  triggers: z.array(
    z.looseObject({
      trigger: z.string(),
      mode: z.string(),
      verdict: z.string(),
      latched: z.boolean(),
      incident: z.string().optional(),
      rule: z.string(),
      detail: z.string(),
    }),
  ),
});
export const slosSchema = z.looseObject({
  watched: z.boolean(),
  since: z.string().optional(),
  slos: z.array(
    z.looseObject({
      slo: z.string(),
      target: z.string(),
      verdict: z.string(),
      measured: z.number().optional(),
      bad: z.number(),
      total: z.number(),
      since: z.string().optional(),
      budget_left: z.number().optional(),
      burn_rates: z.record(z.string(), z.number()).default({}),
      alerts: z
        .array(
          z.looseObject({
            severity: z.string(),
            burn_rate: z.number(),
            windows: z.array(z.string()),
            firing: z.boolean(),
          }),
        )
        .default([]),
    }),
  ),
});

export const looseReadinessSchema = z.looseObject({
  checks: z.record(z.string(), z.looseObject({ ok: z.boolean(), detail: z.string() })).default({}),
});

export type Control = z.infer<typeof controlSchema>;
export type Flag = z.infer<typeof flagSchema>;
export type Switched = z.infer<typeof switchedSchema>;
export type Bulk = z.infer<typeof bulkSchema>;
export type ListPage = z.infer<typeof pageSchema>;
