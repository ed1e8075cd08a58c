import type { Log } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { ThrottledLog } from '../observe/throttled-log.ts';
import type { RequestLine } from './services.ts';

export interface RequestLogDeps {
  readonly log: Pick<Log, 'error' | 'debug'>;
  readonly errors: Pick<ThrottledLog, 'error'>;
  readonly metrics: Pick<
    Metrics,
    'observeRequest' | 'countTokenFailure' | 'countKeysUnavailable' | 'countTokenVerified'
  >;
}

/** One request in figures and, when it failed on our side or the level asks for it, in the log. */
export function logRequest({ log, errors, metrics }: RequestLogDeps, line: RequestLine): void {
  metrics.observeRequest({
    route: line.route,
    method: line.method,
    status: line.status,
    ...(line.aborted ? {} : { seconds: line.ms / 1_000 }),
  });
  if (line.tokenFault !== undefined) metrics.countTokenFailure(line.tokenFault);
  else if (line.isUnjudged === true) metrics.countKeysUnavailable();
  else if (line.clientId !== undefined) metrics.countTokenVerified();
  const fields = {
    request_id: line.requestId,
    method: line.method,
    route: line.route,
    status: line.status,
    ms: Math.round(line.ms * 100) / 100,
    client: line.clientId,
    code: line.code,
    token_fault: line.tokenFault,
    token_client: line.tokenClientId,
    aborted: line.aborted ? true : undefined,
  };
  if (line.status >= 500 && line.code === 'internal-error')
    log.error({ ...fields, err: line.error }, 'request failed');
  else if (line.status >= 500)
    errors.error(`request ${line.code ?? ''}`, { ...fields, err: line.error }, 'request not served');
  else log.debug(fields, 'request');
}
