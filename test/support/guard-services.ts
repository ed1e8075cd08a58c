import type { GuardAnswer } from '../../src/http/guard-answers.ts';
import type { GuardServices } from '../../src/http/guard-services.ts';

const at = '2026-11-20T09:30:00.000Z';
export const someIncidentId = 'inc-20261120093000-5xx';

const incident: GuardAnswer<'Incident'> = {
  id: someIncidentId,
  trigger: '5xx',
  mode: 'act',
  state: 'open',
  opened_at: at,
  rule: '5xx on at least 1 % of API requests over 5 minutes',
  detail: '2 of 100 (2.00 %)',
  actions: [
    { action: 'stop-sending', state: 'quiesced', ms: 1.5, epoch: 2, in_flight_at_stop: 0, in_flight: 0 },
  ],
  acted_at: at,
  unit: 'share',
  value: 0.02,
  line: 0.01,
  samples: 100,
  samples_min: 50,
  series: [{ at, figures: { requests: 100, errors: 2 } }],
};
const {
  unit: _unit,
  value: _value,
  line: _line,
  samples: _samples,
  samples_min: _min,
  series: _series,
  ...brief
} = incident;

/** A guard that has one open incident, in memory. */
export function createGuardServices(overrides: Partial<GuardServices> = {}): GuardServices {
  return {
    readTriggers: async () => ({
      watched: true,
      judged_at: at,
      triggers: [
        {
          trigger: '5xx',
          mode: 'act',
          verdict: 'fail',
          latched: true,
          incident: someIncidentId,
          rule: incident.rule,
          actions: ['stop-sending'],
          unit: 'share',
          value: 0.02,
          line: 0.01,
          samples: 100,
          samples_min: 50,
          detail: incident.detail,
        },
      ],
    }),
    readSlos: async () => ({ watched: true, judged_at: at, since: at, slos: [] }),
    listIncidents: async () => ({ incidents: [brief] }),
    listStatusNotes: async () => ({
      notes: [{ id: `${someIncidentId} opened`, at, text: incident.rule, state: 'posted', tries: 1 }],
    }),
    readIncident: async (id) => (id === someIncidentId ? incident : undefined),
    releaseIncident: async (id, { reason }, { clientId }) =>
      id === someIncidentId
        ? {
            incident: { ...incident, state: 'released', release: { at, by: clientId, reason } },
            still_stopped: [{ flag: 'send', since: at, by: 'guard', reason: incident.rule }],
            epoch: 2,
            go_on_with: ['acc start "why" --epoch 2'],
          }
        : 'not-found',
    ...overrides,
  };
}
