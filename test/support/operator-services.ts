import type { OperatorAnswer } from '../../src/http/operator-answers.ts';
import type { OperatorServices } from '../../src/http/operator-services.ts';
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

const held: OperatorAnswer<'HeldMessage'> = {
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
const diagnostics: OperatorAnswer<'Diagnostics'> = {
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

/** The operator's side with nothing behind it: each port gives a good answer of the right shape. */
export function createOperatorServices(overrides: Partial<OperatorServices> = {}): OperatorServices {
  return {
    readControl: async () => ({
      epoch: 3,
      lineage: '1.0a1b2c3d4e',
      sending: true,
      flags: { send: { value: 'on', changed: { at, actor: 'boss', reason: 'mended', after: 'on' } } },
      environment: { DISABLE_SEND: { value: false, origin: 'environment' } },
    }),
    adoptStore: async () => adopted,
    markSent: async () => ({ marked: 1, known: 0, missing: 0 }),
    readSendStanding: async (scope) => ({ state: 'started', scope, epoch: 3, in_flight: 0 }),
    setSending: async ({ enabled }) => ({
      state: enabled ? 'started' : 'quiesced',
      epoch: 4,
      in_flight_at_stop: 2,
      in_flight: 0,
      stop_ms: 1.5,
      sending: enabled,
    }),
    setIngest: async ({ paused }) => ({ paused, epoch: 4 }),
    setConsumers: async ({ paused, queue }) => ({ paused, queue, epoch: 4 }),
    searchMessages: async () => ({ waits: { turn: 1 }, items: [found] }),
    draftMessage: async (id) => ({ message_id: id, state: 'queued', draft: { subject: 'Welcome' } }),
    cancelWaiting: async ({ preview }) => ({ ...bulk, preview, cancelled: preview ? 0 : 1 }),
    listHeld: async () => ({
      counts: { stopped: 1 },
      items: [{ ...waiting, held_at: at, age_seconds: 5, planned_in: 'testing' }],
    }),
    readHeld: async () => held,
    releaseHeld: async ({ preview }) => ({ ...bulk, preview, released: preview ? 0 : 1 }),
    discardHeld: async ({ preview }) => ({ ...bulk, preview, discarded: preview ? 0 : 1 }),
    listDeadLetters: async () => ({ items: [dead] }),
    replayDeadLetters: async ({ preview }) => ({ ...bulk, preview, replayed: preview ? 0 : 1, failed: [] }),
    discardDeadLetters: async ({ preview }) => ({ ...bulk, preview, discarded: preview ? 0 : 1, failed: [] }),
    listUnknowns: async () => ({ items: [{ ...waiting, attempts: 1, since: at }] }),
    resolveUnknown: async () => ({ kind: 'resolved', state: 'sent' }),
    listSuppressions: async () => ({ items: [suppression] }),
    addSuppressions: async ({ entries }) => ({ added: entries.length, renewed: 0, faults: [] }),
    removeSuppression: async () => ({ removed: 1 }),
    readAudit: async () => [{ at, actor: 'boss', action: 'set send', reason: 'wrong template' }],
    verifyAudit: async () => ({
      ok: true,
      lines: 1,
      first: 1,
      count: 1,
      head: `1.${'0'.repeat(64)}`,
      sealed_up_to: 0,
      unsealed: 1,
      foreign: 0,
    }),
    readDiagnostics: async () => diagnostics,
    ...overrides,
  };
}
