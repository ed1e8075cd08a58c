import type { ErrorCode, FieldError } from '../domain/errors.ts';
import { errorTable, ServiceError } from '../domain/errors.ts';
import { pointerCharsMax } from '../domain/strict-json.ts';
import type { Reply } from './route.ts';

export interface ProblemPlace {
  readonly requestId: string;
  /** Path of the request; absent when none could be read. */
  readonly instance?: string;
  /** Root of the URLs of the explaining pages. */
  readonly baseUrl: string;
  /** How many errors are told; by default a hundred. */
  readonly faultsMax?: number;
}

/** RFC 9457 members of an error, with the stable `code`, the request's id and every error by JSON pointer. */
export function describeProblem(error: ServiceError, place: ProblemPlace): Readonly<Record<string, unknown>> {
  const { errors: faults } = error.options;
  return {
    type: `${place.baseUrl}/problems/${error.code}`,
    title: error.row.title,
    status: error.row.status,
    detail: error.message,
    ...(place.instance === undefined ? {} : { instance: place.instance }),
    code: error.code,
    request_id: place.requestId,
    ...(faults === undefined ? {} : describeFaults(faults, place.faultsMax ?? faultsMax)),
    ...error.options.extra,
  };
}

/** The response to an error, with the headers that its status asks for. */
export function replyProblem(error: ServiceError, place: ProblemPlace): Reply {
  return {
    status: error.row.status,
    mediaType: 'application/problem+json; charset=utf-8',
    text: JSON.stringify(describeProblem(error, place)),
    headers: { 'Cache-Control': 'no-store', ...readRetryAfter(error) },
  };
}

/**
 * Any thrown thing as a `ServiceError`. What is not one of ours is a bug: its words stay in the log, and the
 * caller learns nothing of them.
 */
export function toServiceError(thrown: unknown): ServiceError {
  if (thrown instanceof ServiceError) return thrown;
  return new ServiceError(
    'internal-error',
    'this is our fault, not yours; quote the request id when you ask',
    {
      cause: thrown,
    },
  );
}

/** True for a code of the table. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorTable, text);
}

/** More errors than anyone mends in one go; a hostile body could have a hundred thousand. */
export const faultsMax = 100;
function describeFaults(faults: readonly FieldError[], toldMax: number): Readonly<Record<string, unknown>> {
  const errors = faults.slice(0, toldMax).map(({ pointer, detail }) => ({
    pointer: pointer.length > pointerCharsMax ? `${pointer.slice(0, pointerCharsMax)}…` : pointer,
    detail,
  }));
  return faults.length <= toldMax ? { errors } : { errors, errors_omitted: faults.length - toldMax };
}

function readRetryAfter(error: ServiceError): Readonly<Record<string, string>> {
  const { status } = error.row;
  if (status !== 503 && status !== 429) return {};
  return { 'Retry-After': String(Math.max(1, Math.ceil(error.options.retryAfterSeconds ?? 5))) };
}
