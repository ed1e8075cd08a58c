import type { Step } from '../step.ts';

/** The answer tells the request's id, the caller's own or a new one (see `readRequestId`). */
export const nameRequest: Step = ({ response, requestId }) => {
  response.setHeader('X-Request-ID', requestId);
};

const pattern = /^[A-Za-z0-9._~:+/=@-]{1,128}$/;

/** The caller's `X-Request-ID` when it is 1 to 128 harmless characters: it goes into logs and headers as it is. */
export function readRequestId(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'string' && pattern.test(header) ? header : undefined;
}
