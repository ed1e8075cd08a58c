import { ServiceError } from '../../domain/errors.ts';
import type { Caller, Scope, TokenVerdict } from '../../identity/verify-token.ts';
import type { Step } from '../step.ts';

/**
 * The token allows what the route does, else 403 that names the scope (RFC 6750 §3.1). One that cannot be judged is
 * held to what it says itself: without the scope it could never pass.
 */
export const authorize: Step = ({ route, verdict, response }) => {
  const caller = verdict?.kind === 'cannot-tell' ? verdict.claimed : readCaller(verdict);
  if (caller === undefined || route === undefined) return;
  if (route.scope !== undefined && isAllowed(caller, route.scope)) return;
  const scope = route.scope ?? 'notify.admin';
  const challenge = `Bearer realm="auto_com_center", error="insufficient_scope", scope="${scope}"`;
  response.setHeader('WWW-Authenticate', challenge);
  throw new ServiceError('insufficient-scope', `this needs a token with the scope ${scope}`);
};

function readCaller(verdict: TokenVerdict | undefined): Caller | undefined {
  return verdict?.kind === 'verified' ? verdict.caller : undefined;
}

/** Whoever may administer may read; posting needs its own scope. */
function isAllowed({ scopes }: Caller, scope: Scope): boolean {
  return scopes.has(scope) || (scope === 'notify.read' && scopes.has('notify.admin'));
}
