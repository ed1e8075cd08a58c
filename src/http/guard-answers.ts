import { z } from 'zod';
import { burnWindowsMs, sloNames, triggerModes, triggerNames } from '../domain/thresholds.ts';

/** The shapes of what the guard tells. */
const instant = z.string().meta({ format: 'date-time' });
const count = z.int().nonnegative();
const share = z.number().meta({ description: 'A part of one' });
const watched = z
  .boolean()
  .meta({ description: 'False: no guard has judged of late. This is old, and nothing is being watched.' });
const verdict = z.enum(['pass', 'fail', 'no-data']);

export const triggersSchema = z
  .strictObject({
    watched,
    judged_at: instant.optional(),
    triggers: z.array(
      z.strictObject({
        trigger: z.enum(triggerNames),
        mode: z.enum(triggerModes),
        verdict: verdict.meta({
          description: '`no-data` is no verdict: neither healthy nor a reason to act',
        }),
        latched: z.boolean(),
        incident: z.string().optional().meta({ description: 'Of a latched trigger' }),
        rule: z.string(),
        actions: z.array(z.string()),
        unit: z.enum(['share', 'jobs']),
        value: z.number().optional(),
        line: z.number().optional(),
        samples: count,
        samples_min: count,
        detail: z.string(),
      }),
    ),
  })
  .meta({ title: 'The rollback triggers' });

const burnRates = z.strictObject(
  Object.fromEntries(Object.keys(burnWindowsMs).map((window) => [window, z.number().optional()])),
);
export const slosSchema = z
  .strictObject({
    watched,
    judged_at: instant.optional(),
    since: instant.optional().meta({ description: 'Where the measuring begins: 30 days back at most' }),
    slos: z.array(
      z.strictObject({
        slo: z.enum(sloNames),
        target: z.string(),
        measures: z.string(),
        verdict: z.enum(['met', 'missed', 'no-data']),
        measured: share.optional(),
        bad: count,
        total: count,
        since: instant.optional().meta({ description: 'Where the measuring of this one begins' }),
        budget_left: z.number().optional().meta({ description: '1 untouched, 0 spent, below 0 overspent' }),
        burn_rates: burnRates.meta({ description: '1 spends the budget exactly in its 30 days' }),
        alerts: z.array(
          z.strictObject({
            severity: z.enum(['page', 'ticket']),
            burn_rate: z.number(),
            windows: z.array(z.string()),
            firing: z.boolean(),
          }),
        ),
      }),
    ),
  })
  .meta({ title: 'The objectives and their error budgets' });

const effect = z.strictObject({
  action: z.string(),
  state: z.enum(['quiesced', 'stopping', 'paused', 'gate-missing']),
  ms: z.number().meta({ description: 'From the request to the acknowledgement' }),
  epoch: z.int().optional(),
  in_flight_at_stop: count.optional(),
  in_flight: count.optional(),
  quiesced_ms: z.number().optional(),
});
const brief = {
  id: z.string(),
  trigger: z.enum(triggerNames),
  mode: z.enum(['act', 'observe']),
  state: z.enum(['open', 'released']),
  opened_at: instant,
  rule: z.string(),
  detail: z.string(),
  actions: z.array(effect),
  acted_at: instant.optional(),
  release: z.strictObject({ at: instant, by: z.string(), reason: z.string() }).optional(),
};
export const incidentSchema = z
  .strictObject({
    ...brief,
    unit: z.enum(['share', 'jobs']),
    value: z.number().optional(),
    line: z.number().optional(),
    samples: count,
    samples_min: count,
    series: z.array(z.strictObject({ at: instant, figures: z.record(z.string(), z.number()) })),
  })
  .meta({ title: 'An incident with the figures that fired' });
export const incidentsSchema = z.strictObject({ incidents: z.array(z.strictObject(brief)) });

export const incidentReleasedSchema = z
  .strictObject({
    incident: incidentSchema,
    still_stopped: z
      .array(
        z.strictObject({ flag: z.string(), since: instant.optional(), by: z.string(), reason: z.string() }),
      )
      .meta({ description: 'Releasing starts nothing' }),
    epoch: z.int().meta({ description: 'What a start needs' }),
    go_on_with: z.array(z.string()),
  })
  .meta({ title: 'Released, and what is still stopped' });

export const statusNotesSchema = z
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
  .meta({ title: 'Status notes after a release and at incidents' });

export const guardAnswerSchemas = {
  Triggers: triggersSchema,
  Slos: slosSchema,
  Incident: incidentSchema,
  Incidents: incidentsSchema,
  IncidentReleased: incidentReleasedSchema,
  StatusNotes: statusNotesSchema,
} as const satisfies Readonly<Record<string, z.ZodType>>;
export type GuardAnswer<Name extends keyof typeof guardAnswerSchemas> = z.infer<
  (typeof guardAnswerSchemas)[Name]
>;
