import { ServiceError } from '../../domain/errors.ts';
import type { Exchange, TokenFaultNote } from '../exchange.ts';
import { requireCaller } from '../exchange.ts';
import type { Step } from '../step.ts';

/**
 * Nobody unknown passes, and the body of a stranger is never read. A token that cannot be judged is
 * not a bad one: it is 503, unless the route deals with it itself (IDN-4).
 */
export const authenticate: Step = async (exchange, { services }) => {
  if (services.tokens === undefined) throw new Error('this app has no token verifier');
  const token = readBearerToken(exchange.request.headers.authorization);
  if (token === undefined) throw refuseToken(exchange, { reason: 'missing' }, undefined);
  const verdict = await services.tokens.verifyToken(token);
  if (verdict.kind === 'rejected') throw refuseToken(exchange, verdict, verdict.detail);
  exchange.verdict = verdict;
  if (exchange.route?.handlesUnverifiedToken !== true) requireCaller(exchange);
};

/** The token in `Bearer <token>` (RFC 6750 §2.1), whatever it holds: judging it is the verifier's work. */
export function readBearerToken(header: string | undefined): string | undefined {
  return /^bearer +(\S.*)$/i.exec(header ?? '')?.[1]?.trimEnd();
}

function refuseToken(exchange: Exchange, error: TokenFaultNote, detail: string | undefined): ServiceError {
  exchange.tokenFault = error;
  // RFC 6750 §3.1: no error code for a caller that sent no token at all.
  const attributes =
    detail === undefined ? '' : `, error="invalid_token", error_description="${toQuotable(detail)}"`;
  exchange.headers['WWW-Authenticate'] = `Bearer realm="auto_com_center"${attributes}`;
  return new ServiceError('invalid-token', detail ?? 'send a bearer token in the Authorization header');
}

/** `error_description` is printable ASCII without quote and backslash (RFC 6750 §3). */
function toQuotable(text: string): string {
  return text.replace(/[^\x20-\x7e]|["\\]/g, "'").slice(0, 200);
}
