import { ServiceError } from '../domain/errors.ts';
import type { Caller, Scope, TokenVerdict } from '../identity/verify-token.ts';
import { authenticate } from './pipeline/authenticate.ts';
import { limitClient } from './pipeline/limit-client.ts';
import { readBody } from './pipeline/read-body.ts';
import { refuseAmbiguous } from './pipeline/refuse-ambiguous.ts';
import { watchRequest } from './pipeline/watch-request.ts';
import type { RouteGroup } from './route-row.ts';
import { constantHeaders } from './security-headers.ts';
import type { ImmediateStep, Step } from './step.ts';

export type PipelineRow =
  /** Runs before a route is looked up, so 404, 405 and broken URLs pass it too. */
  | { readonly step: string; readonly groups: 'every response'; readonly run: ImmediateStep }
  | { readonly step: string; readonly groups: readonly RouteGroup[]; readonly run: Step };

/** Nothing new begins in a process that closes; another one will take the same request. */
const checkDrain: Step = (_exchange, { drain }) => {
  if (drain.phase === 'closing') {
    throw new ServiceError('shutting-down', 'this process is shutting down; send the same request again', {
      retryAfterSeconds: 1,
    });
  }
};

/**
 * While no event is taken (paused, no room, no store) a post is refused before its body is read, and costs its
 * client nothing of its allowance. Everything else is answered as always.
 */
const checkIntake: Step = ({ route }, { services }) => {
  if (route?.acceptsEvents === true) services.checkIntake?.();
};

/**
 * The token allows what the route does, else 403 that names the scope (RFC 6750 §3.1). One that cannot be judged is
 * held to what it says itself: without the scope it could never pass.
 */
const authorize: Step = ({ route, verdict, headers }) => {
  const caller = verdict?.kind === 'cannot-tell' ? verdict.claimed : readCaller(verdict);
  if (caller === undefined || route === undefined) return;
  if (route.scope !== undefined && isAllowed(caller, route.scope)) return;
  const scope = route.scope ?? 'notify.admin';
  const challenge = `Bearer realm="auto_com_center", error="insufficient_scope", scope="${scope}"`;
  headers['WWW-Authenticate'] = challenge;
  throw new ServiceError('insufficient-scope', `this needs a token with the scope ${scope}`);
};

function readCaller(verdict: TokenVerdict | undefined): Caller | undefined {
  return verdict?.kind === 'verified' ? verdict.caller : undefined;
}

/** Whoever may administer may read; posting needs its own scope. */
function isAllowed({ scopes }: Caller, scope: Scope): boolean {
  return scopes.has(scope) || (scope === 'notify.read' && scopes.has('notify.admin'));
}

/** The headers of every response are set before anything can go wrong, so nothing that goes wrong lacks them. */
const setSecurityHeaders: ImmediateStep = (exchange) => {
  exchange.headers = { ...constantHeaders };
};

/** The response tells the request's id, the caller's own or a new one (see `readRequestId`). */
const nameRequest: ImmediateStep = ({ headers, requestId }) => {
  headers['X-Request-ID'] = requestId;
};

const pattern = /^[A-Za-z0-9._~:+/=@-]{1,128}$/;

/** The caller's `X-Request-ID` when it is 1 to 128 harmless characters: it goes into logs and headers as it is. */
export function readRequestId(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'string' && pattern.test(header) ? header : undefined;
}

/** What a request goes through, in this order, before its handler. A step stops the request by throwing a `ServiceError`. */
export const pipeline: readonly PipelineRow[] = [
  { step: 'security headers', groups: 'every response', run: setSecurityHeaders },
  { step: 'request id', groups: 'every response', run: nameRequest },
  { step: 'log and metrics', groups: 'every response', run: watchRequest },
  { step: 'ambiguous headers', groups: 'every response', run: refuseAmbiguous },
  { step: 'drain', groups: ['api'], run: checkDrain },
  { step: 'authentication', groups: ['api'], run: authenticate },
  { step: 'scope', groups: ['api'], run: authorize },
  { step: 'intake', groups: ['api'], run: checkIntake },
  { step: 'client limit', groups: ['api'], run: limitClient },
  { step: 'body', groups: ['api'], run: readBody },
];

export const commonSteps: readonly ImmediateStep[] = pipeline.flatMap((row) =>
  row.groups === 'every response' ? [row.run] : [],
);

/** The steps of a group beyond the common ones. */
export function stepsOf(group: RouteGroup): readonly Step[] {
  return pipeline.flatMap((row) =>
    row.groups !== 'every response' && row.groups.includes(group) ? [row.run] : [],
  );
}
