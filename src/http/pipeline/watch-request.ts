import type { TokenVerdict } from '../../identity/verify-token.ts';
import type { Exchange } from '../exchange.ts';
import type { RequestLine } from '../services.ts';
import type { Step } from '../step.ts';

/** One line for each request, when its answer is done or its client gone; latency counts on `/api` routes alone. */
export const watchRequest: Step = (exchange, { services }) => {
  const startedMs = performance.now();
  exchange.response.once('close', () => {
    const ms = performance.now() - startedMs;
    if (exchange.route?.group === 'api') services.latency?.observe(exchange.route.path, ms);
    services.onRequestEnd(describeRequest(exchange, ms));
  });
};

function describeRequest(exchange: Exchange, ms: number): RequestLine {
  const { verdict, code, tokenFault, error } = exchange;
  return {
    requestId: exchange.requestId,
    method: exchange.request.method ?? '',
    route: exchange.route?.path ?? 'unmatched',
    status: exchange.response.headersSent ? exchange.response.statusCode : clientGone,
    ms,
    aborted: !exchange.response.writableFinished,
    ...describeVerdict(verdict),
    ...(code === undefined ? {} : { code }),
    ...(tokenFault === undefined ? {} : { tokenFault }),
    ...(error === undefined ? {} : { error }),
  };
}

function describeVerdict(verdict: TokenVerdict | undefined): Pick<RequestLine, 'clientId' | 'isUnjudged'> {
  if (verdict?.kind === 'verified') return { clientId: verdict.caller.clientId };
  return verdict?.kind === 'cannot-tell' ? { isUnjudged: true } : {};
}

/** No answer began, because nobody was there to take it. Proxies write 499 for this; no client ever sees it. */
const clientGone = 499;
