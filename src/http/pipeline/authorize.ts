import { ServiceError } from '../../domain/errors.ts';
import type { Caller, Scope } from '../../identity/verify-token.ts';
import type { Step } from '../step.ts';

/** The token allows what the route does, else 403 that names the scope (RFC 6750 §3.1). */
export const authorize: Step = ({ route, verdict, response }) => {
  if (verdict?.kind !== 'verified' || route === undefined) return;
  if (route.scope !== undefined && isAllowed(verdict.caller, route.scope)) return;
  const scope = route.scope ?? 'notify.admin';
  const challenge = `Bearer realm="auto_com_center", error="insufficient_scope", scope="${scope}"`;
  response.setHeader('WWW-Authenticate', challenge);
  throw new ServiceError('insufficient-scope', `this needs a token with the scope ${scope}`);
};

/** Whoever may administer may read; posting needs its own scope. */
function isAllowed({ scopes }: Caller, scope: Scope): boolean {
  return scopes.has(scope) || (scope === 'notify.read' && scopes.has('notify.admin'));
}
