import { z } from 'zod';
import { ServiceError } from '../domain/errors.ts';
import type { FlagName } from '../domain/flags.ts';
import { triggerNames } from '../domain/thresholds.ts';
import { type GateState, readGate, valueAt } from '../gate/flags.ts';
import type { Store } from '../store/keys.ts';
import { readStoreClock } from '../store/store-clock.ts';
import {
  type Effect,
  type Incident,
  listIncidents,
  readIncident,
  releaseIncident,
} from '../watchdog/incidents.ts';
import { change, read, toOrder } from './operation.ts';
import { count, instant, reason, toIso, whenGiven } from './schemas.ts';
import { triggerEvidence, viewTriggerEvidence } from './triggers.ts';

export interface IncidentDeps extends Store {
  /** Epoch ms. */
  readonly now: () => number;
}

const effect = z.strictObject({
  action: z.string(),
  state: z.enum(['quiesced', 'stopping', 'paused', 'gate-missing']),
  ms: z.number().meta({ description: 'From the request to the acknowledgement' }),
  epoch: z.int().optional(),
  in_flight_at_stop: count.optional(),
  in_flight: count.optional(),
  quiesced_ms: z.number().optional(),
});
const incidentSummary = z.strictObject({
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
});
const incident = z
  .strictObject({
    ...incidentSummary.shape,
    ...triggerEvidence,
    series: z.array(z.strictObject({ at: instant, figures: z.record(z.string(), z.number()) })),
  })
  .meta({ id: 'Incident', title: 'An incident with the figures that fired' });
const noIncident = 'there is no incident of this id';

/** Triggers that fired, and the one thing that a person decides: that they may judge again. */
export const incidents = [
  read('/api/incidents', {
    operationId: 'getIncidents',
    scope: 'notify.read',
    summary: 'List incidents, the newest first',
    query: z.strictObject({ limit: z.coerce.number().int().min(1).max(200).default(20) }),
    response: z.strictObject({ incidents: z.array(incidentSummary) }).meta({ id: 'Incidents' }),
    run: async ({ query }, store: IncidentDeps) => ({
      incidents: (await listIncidents(store, query.limit)).map(viewIncidentSummary),
    }),
  }),
  read('/api/incidents/:id', {
    operationId: 'getIncident',
    scope: 'notify.read',
    summary: 'See an incident and the figures that fired',
    response: incident,
    problems: [404],
    command: { name: 'incidents show', summary: 'one incident, with the figures that fired' },
    run: async ({ id }, store: IncidentDeps) => {
      const found = await readIncident(store, id);
      if (found === undefined) throw new ServiceError('not-found', noIncident);
      return viewIncident(found);
    },
  }),
  change('POST /api/incidents/:id/release', {
    operationId: 'postIncidentRelease',
    summary: 'Release a trigger that fired',
    description:
      'The trigger may fire again on what comes after. Nothing is started by it: the answer says what is still stopped, and how to go on.',
    body: z.strictObject({ reason }).meta({
      id: 'IncidentRelease',
      title: 'Release a trigger',
      examples: [{ reason: 'bad deployment rolled back, 5xx gone for ten minutes' }],
    }),
    response: z
      .strictObject({
        incident,
        still_stopped: z
          .array(
            z.strictObject({
              flag: z.string(),
              since: instant.optional(),
              by: z.string(),
              reason: z.string(),
            }),
          )
          .meta({ description: 'Releasing starts nothing' }),
        epoch: z.int().meta({ description: 'What a start needs' }),
        go_on_with: z.array(z.string()),
      })
      .meta({ id: 'IncidentReleased', title: 'Released, and what is still stopped' }),
    problems: [404, 409],
    run: async ({ id, body, by }, { redis, keys, now }: IncidentDeps) => {
      const releasedAtMs = await readStoreClock(redis);
      const result = await releaseIncident({ redis, keys, now: () => releasedAtMs }, id, toOrder(body, by));
      if (result.kind === 'not-found') throw new ServiceError('not-found', noIncident);
      if (result.kind === 'not-open')
        throw new ServiceError('state-conflict', 'the incident is released already');
      return {
        incident: viewIncident(result.incident),
        ...viewStops(await readGate(redis, keys), now()),
      };
    },
  }),
];

function viewIncidentSummary(found: Incident): z.output<typeof incidentSummary> {
  const { id, trigger, mode, openedAt, says, detail, action, release } = found;
  return {
    id,
    trigger,
    mode,
    state: release === undefined ? 'open' : 'released',
    opened_at: openedAt,
    rule: says,
    detail,
    actions: (action?.effects ?? []).map(viewEffect),
    ...whenGiven('acted_at', action?.at),
    ...whenGiven('release', release),
  };
}

export function viewIncident(found: Incident): z.output<typeof incident> {
  return {
    ...viewIncidentSummary(found),
    ...viewTriggerEvidence(found.trigger, found),
    series: found.series.map(({ startMs, figures }) => ({
      at: toIso(startMs),
      figures: { ...figures } as Record<string, number>,
    })),
  };
}

function viewEffect({ action, state, ms, epoch, inFlightAtStop, inFlight, quiescedMs }: Effect) {
  return {
    action,
    state,
    ms,
    ...whenGiven('epoch', epoch),
    ...whenGiven('in_flight_at_stop', inFlightAtStop),
    ...whenGiven('in_flight', inFlight),
    ...whenGiven('quiesced_ms', quiescedMs),
  };
}

/** The switches that the guard can turn off, and how a person turns each of them on again. */
const startCommands: readonly (readonly [FlagName, string])[] = [
  ['send', 'acc start "why" --epoch'],
  ['consume', 'acc resume consumers "why" --epoch'],
  ['ingest', 'acc resume ingest "why" --epoch'],
];

/** What is off, who turned it off, and the commands that turn it on. */
export function viewStops(gate: GateState | undefined, nowMs: number) {
  const off = startCommands.filter(([flag]) => valueAt(gate?.flags[flag], nowMs) === 'off');
  return {
    still_stopped: off.map(([flag]) => {
      const last = gate?.flags[flag].change;
      return {
        flag,
        ...whenGiven('since', last?.at),
        by: last?.actor ?? '',
        reason: last?.reason ?? 'the gate is missing from the store',
      };
    }),
    epoch: gate?.epoch ?? 0,
    go_on_with: off.map(([, command]) => `${command} ${gate?.epoch ?? 0}`),
  };
}
