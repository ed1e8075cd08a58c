import { ServiceError } from '../../domain/errors.ts';
import type { Step } from '../step.ts';

/**
 * HTTP/1.1 needs a Host (RFC 9112 §3.2). Node would refuse on its own, but without our headers; so the server
 * leaves it to us.
 */
export const refuseHostless: Step = ({ request }) => {
  if (request.headers.host === undefined && request.httpVersion === '1.1') {
    throw new ServiceError('malformed-request', 'the request has no Host header');
  }
};
