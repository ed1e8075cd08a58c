import type { QuarantineAnswer, UnjudgedEvent } from '../identity/quarantine.ts';
import type { OperatorAnswer } from './operator-answers.ts';
import type { QuarantineDiscardOrder, QuarantineJudgeOrder, QuarantineQuery } from './operator-requests.ts';
import type { Operator } from './operator-services.ts';

/** What the routes need of the quarantine (IDN-4). Changes by hand are audited before they are made. */
export interface QuarantineServices {
  /** Resolves when the event is on disk. Absent: the quarantine is off, and what cannot be judged is 503. */
  readonly takeEvent?: (unjudged: UnjudgedEvent) => Promise<QuarantineAnswer>;
  list(query: QuarantineQuery): Promise<OperatorAnswer<'Quarantine'>>;
  judge(order: QuarantineJudgeOrder, by: Operator): Promise<OperatorAnswer<'QuarantineVerdicts'>>;
  discard(order: QuarantineDiscardOrder, by: Operator): Promise<OperatorAnswer<'QuarantineDiscardReport'>>;
}
