import type { DeadLetterDeps } from '../deliver/dead-letters.ts';
import type { SuppressionDeps } from '../gate/suppressions.ts';
import { type AdoptionDeps, adoption } from './adoption.ts';
import { audit } from './audit.ts';
import { type ControlDeps, control } from './control.ts';
import { deadLetters } from './dead-letters.ts';
import { type DiagnosticsDeps, diagnostics } from './diagnostics.ts';
import { events } from './events.ts';
import { type HeldDeps, held } from './held.ts';
import { type IncidentDeps, incidents } from './incidents.ts';
import { type MessageDeps, message } from './message.ts';
import { type MessagesDeps, messages } from './messages.ts';
import { notes } from './notes.ts';
import type { Operation } from './operation.ts';
import { type QuarantineDeps, quarantine } from './quarantine.ts';
import { type StatusDeps, status } from './status.ts';
import { suppressions } from './suppressions.ts';
import { type TriggerDeps, triggers } from './triggers.ts';
import { unknown } from './unknown.ts';

/** What all operations together need of the stages. */
export type OperatorDeps = AdoptionDeps &
  ControlDeps &
  DeadLetterDeps &
  DiagnosticsDeps &
  HeldDeps &
  IncidentDeps &
  MessageDeps &
  MessagesDeps &
  QuarantineDeps &
  StatusDeps &
  SuppressionDeps &
  TriggerDeps;

/** Every operation there is, but for the intake of events. A fixed path stands before one with a parameter. */
export const operations: readonly Operation<OperatorDeps>[] = [
  ...control,
  ...adoption,
  ...messages,
  ...held,
  ...deadLetters,
  ...unknown,
  ...suppressions,
  ...quarantine,
  ...audit,
  ...diagnostics,
  ...triggers,
  ...incidents,
  ...notes,
  ...events,
  ...message,
  ...status,
];
