import type { TokenVerdict } from '../../identity/verify-token.ts';
import type { Exchange } from '../exchange.ts';
import type { RequestLine } from '../services.ts';
import type { ImmediateStep, StepContext } from '../step.ts';

/**
 * One line for each request, when our last write is made or its client is gone before that. Its time is ours alone:
 * a peer that sends its body slowly, or reads its response slowly or never, lengthens nothing.
 */
export const watchRequest: ImmediateStep = (exchange, { services }) => {
  exchange.startedMs = performance.now();
  exchange.response.on('close', () => tellEnd(exchange, services, { aborted: true }));
};

/** Writes the line of the request, unless it is written. */
export function tellEnd(
  exchange: Exchange,
  services: StepContext['services'],
  { aborted }: Pick<RequestLine, 'aborted'>,
): void {
  if (exchange.isTold) return;
  exchange.isTold = true;
  services.onRequestEnd(describeRequest(exchange, { ms: measureOwn(exchange), aborted }));
}

function measureOwn({ startedMs, waitedMs, waitingSinceMs }: Exchange): number {
  const nowMs = performance.now();
  return nowMs - startedMs - waitedMs - (waitingSinceMs === undefined ? 0 : nowMs - waitingSinceMs);
}

function describeRequest(
  exchange: Exchange,
  { ms, aborted }: Pick<RequestLine, 'ms' | 'aborted'>,
): RequestLine {
  const { code, error } = exchange;
  return {
    requestId: exchange.requestId,
    method: exchange.request.method ?? '',
    route: exchange.route?.path ?? 'unmatched',
    status: exchange.response.headersSent ? exchange.response.statusCode : clientGone,
    ms,
    aborted,
    ...describeVerdict(exchange.verdict),
    ...describeTokenFault(exchange),
    ...(code === undefined ? {} : { code }),
    ...(error === undefined ? {} : { error }),
  };
}

function describeVerdict(
  verdict: TokenVerdict | undefined,
): Pick<RequestLine, 'clientId' | 'isOperator' | 'isUnjudged'> {
  if (verdict?.kind === 'cannot-tell') return { isUnjudged: true };
  if (verdict?.kind !== 'verified') return {};
  const { clientId, scopes } = verdict.caller;
  return { clientId, ...(scopes.has('notify.admin') ? { isOperator: true } : {}) };
}

function describeTokenFault({
  tokenFault,
}: Exchange): Pick<RequestLine, 'tokenFault' | 'tokenClientId' | 'isTokenRepeated'> {
  if (tokenFault === undefined) return {};
  const { reason, issuedTo, isRepeated } = tokenFault;
  return {
    tokenFault: reason,
    ...(issuedTo === undefined ? {} : { tokenClientId: issuedTo }),
    ...(isRepeated === undefined ? {} : { isTokenRepeated: isRepeated }),
  };
}

/** No answer began, because nobody was there to take it. Proxies write 499 for this; no client ever sees it. */
const clientGone = 499;
