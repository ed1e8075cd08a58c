import { authenticate } from './pipeline/authenticate.ts';
import { authorize } from './pipeline/authorize.ts';
import { checkDrain } from './pipeline/check-drain.ts';
import { checkIntake } from './pipeline/check-intake.ts';
import { limitClient } from './pipeline/limit-client.ts';
import { nameRequest } from './pipeline/name-request.ts';
import { readBody } from './pipeline/read-body.ts';
import { refuseAmbiguous } from './pipeline/refuse-ambiguous.ts';
import { setSecurityHeaders } from './pipeline/set-security-headers.ts';
import { watchRequest } from './pipeline/watch-request.ts';
import type { RouteGroup } from './route-row.ts';
import type { Step } from './step.ts';

export interface PipelineRow {
  readonly step: string;
  /** `every answer`: runs before a route is looked up, so 404, 405 and broken URLs pass it too. */
  readonly groups: readonly RouteGroup[] | 'every answer';
  readonly run: Step;
}

/** What a request goes through, in this order, before its handler. A step stops the request by throwing a `ServiceError`. */
export const pipeline: readonly PipelineRow[] = [
  { step: 'security headers', groups: 'every answer', run: setSecurityHeaders },
  { step: 'request id', groups: 'every answer', run: nameRequest },
  { step: 'log and metrics', groups: 'every answer', run: watchRequest },
  { step: 'ambiguous headers', groups: 'every answer', run: refuseAmbiguous },
  { step: 'drain', groups: ['api'], run: checkDrain },
  { step: 'authentication', groups: ['api'], run: authenticate },
  { step: 'scope', groups: ['api'], run: authorize },
  { step: 'intake', groups: ['api'], run: checkIntake },
  { step: 'client limit', groups: ['api'], run: limitClient },
  { step: 'body', groups: ['api'], run: readBody },
];

export const commonSteps: readonly Step[] = pipeline
  .filter((row) => row.groups === 'every answer')
  .map((row) => row.run);

/** The steps of a group beyond the common ones. */
export function stepsOf(group: RouteGroup): readonly Step[] {
  return pipeline
    .filter((row) => row.groups !== 'every answer' && row.groups.includes(group))
    .map((row) => row.run);
}
