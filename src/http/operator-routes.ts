import type { z } from 'zod';
import type { Scope } from '../identity/verify-token.ts';
import type { AnswerName } from './all-answers.ts';
import type { ApiContext } from './context.ts';
import {
  auditQuerySchema,
  auditVerdictQuerySchema,
  deadQuerySchema,
  heldQuerySchema,
  incidentsQuerySchema,
  messagesQuerySchema,
  quarantineQuerySchema,
  type RequestName,
  standingQuerySchema,
  suppressionsQuerySchema,
  unknownQuerySchema,
} from './operator-requests.ts';
import type { Route } from './route.ts';
import { getAudit, getAuditVerdict } from './routes/audit/handler.ts';
import {
  getControl,
  getControlSend,
  postAdoption,
  postLoggedAttempts,
  putControlConsumers,
  putControlIngest,
  putControlSend,
} from './routes/control/handler.ts';
import {
  getDeadLetters,
  postDeadLettersDiscard,
  postDeadLettersReplay,
} from './routes/dead-letters/handler.ts';
import { getDiagnostics } from './routes/diagnostics/handler.ts';
import { getStatusNotes } from './routes/get-status-notes/handler.ts';
import {
  getIncident,
  getIncidents,
  getSlo,
  getTriggers,
  postIncidentRelease,
} from './routes/guard/handler.ts';
import { getHeldList, getHeldMessage, postHeldDiscard, postHeldRelease } from './routes/held/handler.ts';
import { getMessageDraft, getMessages, postMessagesCancel } from './routes/messages/handler.ts';
import { getQuarantine, postQuarantineDiscard, postQuarantineJudge } from './routes/quarantine/handler.ts';
import { getSuppressions, postSuppressions, postSuppressionsRemove } from './routes/suppressions/handler.ts';
import { getUnknowns, postUnknown } from './routes/unknown/handler.ts';

/** The operator's side: stop, hold, release, replay, suppress, and see why. All but reading the switches is for administrators. */
export const operatorRoutes: readonly Route<ApiContext>[] = [
  read('/api/control', getControl, 'See every switch', { answer: 'Control', scope: 'notify.read' }),
  read('/api/control/send', getControlSend, 'See how a stop stands', {
    answer: 'SendStanding',
    query: standingQuerySchema,
  }),
  change('PUT /api/control/send', putControlSend, 'Stop or start sending', {
    body: 'SendOrder',
    answer: 'SendControl',
    problems: [409],
    description:
      'Once a stop is answered, no message is let go anywhere; `quiesced` says that nothing is under way either. ' +
      'Starting needs the epoch that you saw; the environment stays the ceiling.',
  }),
  change('PUT /api/control/ingest', putControlIngest, 'Pause or resume the intake', {
    body: 'IngestOrder',
    answer: 'Pause',
    problems: [409],
  }),
  change('PUT /api/control/consumers', putControlConsumers, 'Pause or resume workers', {
    body: 'ConsumersOrder',
    answer: 'Pause',
    problems: [409],
  }),
  change('POST /api/control/adopt', postAdoption, 'Adopt a store that went back in time', {
    body: 'AdoptionOrder',
    answer: 'Adoption',
    problems: [409],
    description:
      'A store that was restored, or failed over with a loss, sends nothing until a person adopts it. Sending is stopped then, ' +
      'and what the store had open is held as `restored`, since it may have been sent unseen.',
  }),
  change('POST /api/control/adopt/attempts', postLoggedAttempts, 'Mark as sent what the logs say was sent', {
    body: 'LoggedAttempts',
    answer: 'AttemptsMarked',
  }),
  read('/api/messages', getMessages, 'Search messages by recipient, type, client, state and time', {
    answer: 'MessagesPage',
    query: messagesQuerySchema,
    description:
      'The address is hashed and never logged. Without `to` the open messages come first, then those held, unknown, dead and ended; ' +
      '`waits` counts the open ones by what they wait for. Ended messages are found for as long as their records are kept.',
  }),
  change('POST /api/messages/cancel', postMessagesCancel, 'Cancel messages that wait for their turn', {
    body: 'CancelOrder',
    answer: 'CancelReport',
    description: 'By default a preview. What is being sent is skipped; what may have left becomes unknown.',
  }),
  read('/api/messages/:id/draft', getMessageDraft, 'See what would be sent', {
    answer: 'MessageDraft',
    problems: [404],
  }),
  read('/api/held', getHeldList, 'List held messages, the longest held first', {
    answer: 'HeldPage',
    query: heldQuerySchema,
  }),
  change('POST /api/held/release', postHeldRelease, 'Release held messages', {
    body: 'ReleaseOrder',
    answer: 'ReleaseReport',
    description:
      'By default a preview. Released messages go back to the queue, and every check is made again when their turn comes.',
  }),
  change('POST /api/held/discard', postHeldDiscard, 'Discard held messages for good', {
    body: 'DiscardOrder',
    answer: 'DiscardReport',
    description: 'By default a preview.',
  }),
  read('/api/held/:id', getHeldMessage, 'See a held message and its draft', {
    answer: 'HeldMessage',
    problems: [404],
  }),
  read('/api/dead-letters', getDeadLetters, 'List dead letters: messages, then events', {
    answer: 'DeadLetters',
    query: deadQuerySchema,
  }),
  change('POST /api/dead-letters/replay', postDeadLettersReplay, 'Queue dead letters once more', {
    body: 'DeadLetterOrder',
    answer: 'ReplayReport',
    description: 'By default a preview. What is known to have been sent is never queued again.',
  }),
  change('POST /api/dead-letters/discard', postDeadLettersDiscard, 'Discard dead letters for good', {
    body: 'DeadLetterOrder',
    answer: 'DeadDiscardReport',
    description: 'By default a preview.',
  }),
  read('/api/unknown', getUnknowns, 'List messages of which nobody knows whether they were sent', {
    answer: 'UnknownPage',
    query: unknownQuerySchema,
  }),
  change('POST /api/unknown/:id', postUnknown, 'Say what became of one, or send it once more', {
    body: 'Resolution',
    answer: 'Resolved',
    problems: [404, 409],
  }),
  read('/api/suppressions', getSuppressions, 'List suppressed addresses: hashes and masks', {
    answer: 'SuppressionsPage',
    query: suppressionsQuerySchema,
  }),
  change('POST /api/suppressions', postSuppressions, 'Suppress addresses', {
    body: 'Suppressions',
    answer: 'SuppressionsReport',
  }),
  change('POST /api/suppressions/remove', postSuppressionsRemove, 'Lift a suppression', {
    body: 'SuppressionRemoval',
    answer: 'SuppressionRemoved',
  }),
  read('/api/quarantine', getQuarantine, 'List events whose tokens nobody could judge yet', {
    answer: 'Quarantine',
    query: quarantineQuerySchema,
  }),
  change('POST /api/quarantine/judge', postQuarantineJudge, 'Judge quarantined events now', {
    body: 'QuarantineJudge',
    answer: 'QuarantineVerdicts',
    description: 'Oldest first, each as of its receipt. What still cannot be judged stays.',
  }),
  change('POST /api/quarantine/discard', postQuarantineDiscard, 'Discard quarantined events for good', {
    body: 'QuarantineDiscard',
    answer: 'QuarantineDiscardReport',
    description: 'By default a preview. They end `rejected` with the reason `discarded`.',
  }),
  read('/api/audit', getAudit, 'See who did what and why, newest first', {
    answer: 'Audit',
    query: auditQuerySchema,
  }),
  read('/api/audit/verify', getAuditVerdict, 'Check that no audit line was changed', {
    answer: 'AuditVerdict',
    query: auditVerdictQuerySchema,
  }),
  read('/api/diagnostics', getDiagnostics, 'See why messages leave, or do not', { answer: 'Diagnostics' }),
  read('/api/triggers', getTriggers, 'See how the rollback triggers stand', {
    answer: 'Triggers',
    scope: 'notify.read',
  }),
  read('/api/slo', getSlo, 'See the service level objectives and what is left of their budgets', {
    answer: 'Slos',
    scope: 'notify.read',
  }),
  read('/api/incidents', getIncidents, 'List incidents, the newest first', {
    answer: 'Incidents',
    scope: 'notify.read',
    query: incidentsQuerySchema,
  }),
  read('/api/status/notes', getStatusNotes, 'List status notes, the newest first', {
    answer: 'StatusNotes',
    scope: 'notify.read',
    query: incidentsQuerySchema,
  }),
  read('/api/incidents/:id', getIncident, 'See an incident and the figures that fired', {
    answer: 'Incident',
    scope: 'notify.read',
    problems: [404],
  }),
  change('POST /api/incidents/:id/release', postIncidentRelease, 'Release a trigger that fired', {
    body: 'IncidentRelease',
    answer: 'IncidentReleased',
    problems: [404, 409],
    description:
      'The trigger may fire again on what comes after. Nothing is started by it: the answer says what is still stopped, and how to go on.',
  }),
];

interface Row {
  readonly answer: AnswerName;
  readonly scope?: Scope;
  readonly query?: z.ZodObject;
  readonly problems?: readonly number[];
  readonly description?: string;
}

/** A row whose operation id is the name of its handler. */
function read(path: string, handle: Handler, summary: string, row: Row): Route<ApiContext> {
  const { answer, ...rest } = row;
  return {
    method: 'GET',
    path,
    group: 'api',
    scope: 'notify.admin',
    operationId: handle.name,
    summary,
    answers: { 200: { description: 'What was asked for', schema: answer } },
    handle,
    ...rest,
  };
}

function change(
  place: `${'PUT' | 'POST'} ${string}`,
  handle: Handler,
  summary: string,
  row: Row & { readonly body: RequestName },
): Route<ApiContext> {
  const [method, path = ''] = place.split(' ');
  const { body, ...rest } = row;
  return {
    ...read(path, handle, summary, rest),
    method: method === 'PUT' ? 'PUT' : 'POST',
    body: { bytesMax: 1024 * 1024, mediaTypes: ['application/json'], schema: body },
    answers: { 200: { description: 'What came of it', schema: row.answer } },
  };
}

type Handler = Route<ApiContext>['handle'];
