import { ServiceError } from '../../src/domain/errors.ts';
import type { HttpServices } from '../../src/http/services.ts';
import type { OperationRequest } from '../../src/operator/operation.ts';
import { someEventId, someMessageId } from './some-ids.ts';

const at = '2026-11-20T09:30:00.000Z';
const bulk = { matched: 1, skipped: {}, by_type: { welcome: 1 }, dry_run: 0, may_have_left: 0, more: false };
const use = { name: 'all', limit: 10, used: 3, window_ms: 60_250 };
const message = {
  message_id: someMessageId,
  event_id: someEventId,
  type: 'welcome',
  channel: 'email' as const,
  category: 'transactional' as const,
  to: 'j***@example.com',
};
const waiting = { ...message, client: 'tester', reason: 'stopped' };
const dead = {
  kind: 'message' as const,
  id: someMessageId,
  event_id: someEventId,
  type: 'welcome',
  client: 'tester',
  reason: 'refused',
  attempts: 1,
  first_at: at,
  last_at: at,
  planned_in: 'testing',
};

const held = {
  ...message,
  state: 'held',
  attempts: [],
  history: [],
  created_at: at,
  updated_at: at,
  draft: { subject: 'Welcome' },
};
const suppression = {
  channel: 'email' as const,
  hash: '0'.repeat(32),
  masked: 'j***@example.com',
  reason: 'asked',
  source: 'operator',
  at,
  by: 'boss',
};
const diagnostics = {
  at,
  epoch: 3,
  sending: true,
  inflight: 0,
  flags: { send: { value: 'on', origin: 'run time (initial)' } },
  held: { stopped: 1 },
  limits: [use],
  caps: [{ name: 'day:20777', limit: 100, used: 3 }],
  providers: [
    { provider: 'smtp-1', channel: 'email', ok: true, status: 'ok', latency_ms: 3, detail: 'NOOP' },
  ],
  decisions: [{ at, ...message, decision: 'go', reason: '' }].map(
    ({ event_id: _event, category: _category, ...line }) => line,
  ),
};

const adopted = {
  lineage: '2.0a1b2c3d4e',
  from: '1.0a1b2c3d4e',
  epoch: 4,
  went_back: 'behind',
  open: 1,
} as const;
const found = {
  ...waiting,
  state: 'queued',
  waits_for: 'turn',
  attempts: 0,
  created_at: at,
  updated_at: at,
  planned_in: 'testing',
} as const;

export const someIncidentId = 'inc-20261120093000-5xx';

const incident = {
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
  ...summary
} = incident;

type Respond = (request: OperationRequest<Fields, Fields>) => unknown;
type Fields = Readonly<Record<string, unknown>>;
const idle = { waiting: 0, active: 0, delayed: 0, oldest_age_ms: 0 };
const done = ({ body }: { readonly body: Fields }): number => (body['preview'] === true ? 0 : 1);

/** A good response of each operation, by its id, with nothing behind it. Everything belongs to the client `tester`. */
const responses: Readonly<Record<string, Respond>> = {
  getControl: () => ({
    epoch: 3,
    lineage: '1.0a1b2c3d4e',
    sending: true,
    flags: { send: { value: 'on', changed: { at, actor: 'boss', reason: 'mended', after: 'on' } } },
    environment: { DISABLE_SEND: { value: false, origin: 'environment' } },
  }),
  postAdoption: () => adopted,
  postLoggedAttempts: () => ({ marked: 1, known: 0, missing: 0 }),
  getControlSend: ({ query }) => ({ state: 'started', scope: query['scope'], epoch: 3, in_flight: 0 }),
  putControlSend: ({ body }) => ({
    state: body['enabled'] === true ? 'started' : 'quiesced',
    epoch: 4,
    in_flight_at_stop: 2,
    in_flight: 0,
    stop_ms: 1.5,
    sending: body['enabled'],
  }),
  putControlIngest: ({ body }) => ({ paused: body['paused'], epoch: 4 }),
  putControlConsumers: ({ body }) => ({ paused: body['paused'], queue: body['queue'], epoch: 4 }),
  getMessages: () => ({ waits: { turn: 1 }, items: [found] }),
  getMessageDraft: ({ id }) => ({ message_id: id, state: 'queued', draft: { subject: 'Welcome' } }),
  postMessagesCancel: (request) => ({ ...bulk, preview: request.body['preview'], cancelled: done(request) }),
  getHeldList: () => ({
    counts: { stopped: 1 },
    items: [{ ...waiting, held_at: at, age_seconds: 5, planned_in: 'testing' }],
  }),
  getHeldMessage: () => held,
  postHeldRelease: (request) => ({ ...bulk, preview: request.body['preview'], released: done(request) }),
  postHeldDiscard: (request) => ({ ...bulk, preview: request.body['preview'], discarded: done(request) }),
  getDeadLetters: () => ({ items: [dead] }),
  postDeadLettersReplay: (request) => ({
    ...bulk,
    preview: request.body['preview'],
    replayed: done(request),
    failed: [],
  }),
  postDeadLettersDiscard: (request) => ({
    ...bulk,
    preview: request.body['preview'],
    discarded: done(request),
    failed: [],
  }),
  getUnknowns: () => ({ items: [{ ...waiting, attempts: 1, since: at }] }),
  postUnknown: ({ id, by }) => ({ message_id: id, state: 'sent', request_id: by.requestId }),
  getSuppressions: () => ({ items: [suppression] }),
  postSuppressions: ({ body }) => ({ added: Object(body['entries']).length, renewed: 0, faults: [] }),
  postSuppressionsRemove: () => ({ removed: 1 }),
  getQuarantine: () => ({
    counts: { events: 0, bytes: 0, oldest_age_seconds: 0 },
    bounds: { events: 100, bytes: 10_000, age_seconds: 3_600, per_source_per_minute: 60 },
    on: false,
    keys: { ok: true, detail: 'keys are 3 s old' },
    items: [],
  }),
  postQuarantineJudge: () => ({ accepted: 1, rejected: { 'bad-signature': 1 }, undecided: 0, left: 0 }),
  postQuarantineDiscard: (request) => ({
    preview: request.body['preview'],
    matched: 1,
    discarded: done(request),
    by_type: { welcome: 1 },
  }),
  getAudit: () => ({ lines: [{ at, actor: 'boss', action: 'set send', reason: 'wrong template' }] }),
  getAuditVerdict: () => ({
    ok: true,
    lines: 1,
    first: 1,
    count: 1,
    head: `1.${'0'.repeat(64)}`,
    sealed_up_to: 0,
    unsealed: 1,
    foreign: 0,
  }),
  getDiagnostics: () => diagnostics,
  getTriggers: () => someTriggers,
  getSlo: () => ({ watched: true, judged_at: at, since: at, slos: [] }),
  getIncidents: () => ({ incidents: [summary] }),
  getStatusNotes: () => ({
    notes: [{ id: `${someIncidentId} opened`, at, text: incident.rule, state: 'posted', tries: 1 }],
  }),
  getIncident: ({ id }) => (id === someIncidentId ? incident : refuse('there is no incident of this id')),
  postIncidentRelease: ({ id, body, by }) =>
    id === someIncidentId
      ? {
          incident: {
            ...incident,
            state: 'released',
            release: { at, by: by.clientId, reason: body['reason'] },
          },
          still_stopped: [{ flag: 'send', since: at, by: 'guard', reason: incident.rule }],
          epoch: 2,
          go_on_with: ['acc start "why" --epoch 2'],
        }
      : refuse('there is no incident of this id'),
  getEvent: (request) => ownedBy(request, eventView),
  getMessage: (request) => ownedBy(request, messageView),
  cancelMessage: (request) =>
    ownedBy(request, { message_id: request.id, state: 'cancelled', request_id: request.by.requestId }),
  getQueueStatus: () => ({
    queues: { events: idle, email: idle, sms: idle },
    messages: { queued: 2 },
    held: { promo: 1 },
    dead_letters: 0,
    parked: { events: 0, messages: 0 },
    consumers_paused: false,
    ingestion_paused: false,
  }),
  getSendStatus: () => ({
    sending: false,
    dry_run: true,
    app_mode: 'dry_run',
    reason: 'rehearsal',
    epoch: 1,
    inflight: 0,
    flags: { disable_send: { value: true, origin: 'default' } },
  }),
  getProvidersHealth: () => ({ ok: true, providers: diagnostics.providers }),
};

const someTriggers = {
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
};
const eventView = {
  event_id: someEventId,
  type: 'welcome',
  client: 'tester',
  state: 'planned',
  received_at: at,
  dry_run: true,
  messages: [{ message_id: someMessageId, channel: 'email', state: 'queued' }],
  history: [{ at, what: 'accepted' }],
};
const { draft: _draft, ...messageView } = { ...held, state: 'queued', history: [{ at, to: 'queued' }] };

function ownedBy({ id, by }: OperationRequest, response: unknown): unknown {
  const isKnown = id === someEventId || id === someMessageId;
  return isKnown && (by.owner === 'any' || by.owner === 'tester')
    ? response
    : refuse('there is no such thing');
}

function refuse(detail: string): never {
  throw new ServiceError('not-found', detail);
}

/** Runs operations with nothing behind them. Every response is checked against the schema of its operation. */
export function createPerform(overrides: Readonly<Record<string, Respond>> = {}): HttpServices['perform'] {
  return async (operation, request) => {
    const respond = overrides[operation.operationId] ?? responses[operation.operationId];
    if (respond === undefined) throw new Error(`no response is known for ${operation.operationId}`);
    return operation.response.parse(await respond(request as OperationRequest<Fields, Fields>));
  };
}

/** What `operationId` responds, for tests of those who read it. */
export async function respondTo(
  operationId: string,
  request: Partial<OperationRequest> = {},
): Promise<unknown> {
  const by = { clientId: 'ada', requestId: 'r', owner: 'any' };
  return await responses[operationId]?.({ id: '', query: {}, body: {}, by, ...request } as never);
}
