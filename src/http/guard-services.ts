import type { GuardAnswer } from './guard-answers.ts';
import type { IncidentRelease } from './operator-requests.ts';
import type { Operator } from './operator-services.ts';

/** What the guard knows, for the routes; and the one thing that a person tells it. */
export interface GuardServices {
  readTriggers(): Promise<GuardAnswer<'Triggers'>>;
  readSlos(): Promise<GuardAnswer<'Slos'>>;
  /** Newest first. */
  listIncidents(limit: number): Promise<GuardAnswer<'Incidents'>>;
  /** The newest first. */
  listStatusNotes(limit: number): Promise<GuardAnswer<'StatusNotes'>>;
  readIncident(id: string): Promise<GuardAnswer<'Incident'> | undefined>;
  releaseIncident(
    id: string,
    order: IncidentRelease,
    by: Operator,
  ): Promise<GuardAnswer<'IncidentReleased'> | 'not-found' | 'not-open'>;
}
