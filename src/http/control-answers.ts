import { z } from 'zod';

/** What operators are told of the switches and of the store that holds them. */
const instant = z.string().meta({ format: 'date-time' });
const count = z.int().nonnegative();
const setting = z.strictObject({ value: z.unknown(), origin: z.string() });

const controlSchema = z
  .strictObject({
    epoch: z.int(),
    lineage: z.string().meta({ description: 'Of the store: another one after it was adopted' }),
    went_back: z.string().optional().meta({
      description:
        'The store is behind what is known of it, or another one: nothing is sent until it is adopted',
    }),
    sending: z.boolean(),
    reason: z.string().optional().meta({ description: 'Why nothing is sent' }),
    flags: z.record(
      z.string(),
      z.strictObject({
        value: z.enum(['on', 'off']),
        until: instant.optional(),
        changed: z
          .strictObject({
            at: instant,
            actor: z.string(),
            reason: z.string(),
            before: z.string().optional(),
            after: z.string().optional(),
          })
          .optional(),
      }),
    ),
    environment: z.record(z.string(), setting),
  })
  .meta({ title: 'The switches: what run time says, and the environment, which is the ceiling' });

const sendControlSchema = z
  .strictObject({
    state: z.enum(['started', 'stopping', 'quiesced']),
    epoch: z.int(),
    in_flight_at_stop: count,
    in_flight: count,
    stop_ms: z.number().meta({ description: 'From the request to the acknowledgement: no permit after it' }),
    quiesced_ms: z.number().optional(),
    witnessed: z.boolean().optional().meta({
      description:
        'False: the witness does not know of the change, and a store put back in time would forget it',
    }),
    sending: z.boolean().meta({ description: 'Whether messages leave now, all things considered' }),
    ceiling: z.string().optional().meta({ description: 'Why nothing is sent all the same' }),
  })
  .meta({ title: 'How a stop or a start went' });

const adoptionSchema = z
  .strictObject({
    lineage: z.string(),
    from: z.string(),
    epoch: z.int(),
    went_back: z.string().meta({ description: 'What was found' }),
    open: count.meta({ description: 'Events and messages that will be held as `restored`' }),
  })
  .meta({ title: 'The store is adopted, and sending is stopped' });
const attemptsMarkedSchema = z.strictObject({
  marked: count.meta({ description: 'Marked as sent' }),
  known: count.meta({ description: 'Had ended already' }),
  missing: count.meta({ description: 'The store has no such message' }),
});

const sendStandingSchema = z.strictObject({
  state: z.enum(['started', 'stopping', 'quiesced']),
  scope: z.string(),
  epoch: z.int(),
  in_flight: count,
});

const pauseSchema = z.strictObject({
  paused: z.boolean(),
  queue: z.string().optional(),
  epoch: z.int(),
});

export const controlAnswerSchemas = {
  Control: controlSchema,
  SendControl: sendControlSchema,
  SendStanding: sendStandingSchema,
  Adoption: adoptionSchema,
  AttemptsMarked: attemptsMarkedSchema,
  Pause: pauseSchema,
} as const satisfies Readonly<Record<string, z.ZodType>>;
