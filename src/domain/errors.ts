/**
 * Every fault that a caller or an operator can meet, in one frozen table. The *kind* alone decides behaviour;
 * the two edges (HTTP problem, queue outcome) map it exhaustively.
 */
export type ErrorKind = 'caller' | 'denied' | 'conflict' | 'limited' | 'transient' | 'permanent' | 'bug';

export interface ErrorRow {
  readonly kind: ErrorKind;
  readonly status: number;
  readonly title: string;
  readonly level: 'info' | 'warn' | 'error';
}

export const errorTable = {
  'malformed-json': { kind: 'caller', status: 400, title: 'The body is not valid JSON', level: 'info' },
  'malformed-event': {
    kind: 'caller',
    status: 400,
    title: 'The event does not have a known shape',
    level: 'info',
  },
  'malformed-request': { kind: 'caller', status: 400, title: 'The request is not valid', level: 'info' },
  'idempotency-key-missing': {
    kind: 'caller',
    status: 400,
    title: 'The event has no identity',
    level: 'info',
  },
  'invalid-token': {
    kind: 'denied',
    status: 401,
    title: 'The bearer token is missing or not valid',
    level: 'info',
  },
  'insufficient-scope': {
    kind: 'denied',
    status: 403,
    title: 'The token does not allow this',
    level: 'info',
  },
  'not-found': { kind: 'caller', status: 404, title: 'There is nothing here', level: 'info' },
  'method-not-allowed': {
    kind: 'caller',
    status: 405,
    title: 'This method is not offered here',
    level: 'info',
  },
  'idempotency-conflict': {
    kind: 'conflict',
    status: 409,
    title: 'The key was used with another body',
    level: 'info',
  },
  'state-conflict': {
    kind: 'conflict',
    status: 409,
    title: 'The thing is not in a state that allows this',
    level: 'info',
  },
  'record-unreadable': {
    kind: 'conflict',
    status: 409,
    title: 'This program cannot read the record',
    level: 'warn',
  },
  'body-too-large': { kind: 'caller', status: 413, title: 'The body is too large', level: 'info' },
  'request-timeout': {
    kind: 'caller',
    status: 408,
    title: 'The request took too long to arrive',
    level: 'info',
  },
  'headers-too-large': {
    kind: 'caller',
    status: 431,
    title: 'The header fields are too large',
    level: 'info',
  },
  'unsupported-media-type': {
    kind: 'caller',
    status: 415,
    title: 'The content type is not accepted',
    level: 'info',
  },
  'unknown-event-type': {
    kind: 'caller',
    status: 422,
    title: 'No template is fed by this event type',
    level: 'info',
  },
  'invalid-event-data': {
    kind: 'caller',
    status: 422,
    title: 'The event data is not what its templates need',
    level: 'info',
  },
  'invalid-request-data': { kind: 'caller', status: 422, title: 'A field is not valid', level: 'info' },
  'rate-limited': { kind: 'limited', status: 429, title: 'Too many requests', level: 'info' },
  'ingestion-paused': { kind: 'transient', status: 503, title: 'Ingestion is paused', level: 'warn' },
  'store-unavailable': {
    kind: 'transient',
    status: 503,
    title: 'The store is not available',
    level: 'error',
  },
  'over-capacity': { kind: 'transient', status: 503, title: 'The backlog is over its budget', level: 'warn' },
  'keys-unavailable': {
    kind: 'transient',
    status: 503,
    title: 'The issuer keys cannot be had',
    level: 'warn',
  },
  'shutting-down': { kind: 'transient', status: 503, title: 'This process is shutting down', level: 'info' },
  'internal-error': { kind: 'bug', status: 500, title: 'Something is wrong on our side', level: 'error' },
} as const satisfies Readonly<Record<string, ErrorRow>>;

export type ErrorCode = keyof typeof errorTable;

/** One fault in a document, found by JSON pointer (RFC 6901). */
export interface PointerFault {
  readonly pointer: string;
  readonly detail: string;
}

export interface ServiceErrorOptions {
  readonly cause?: unknown;
  readonly faults?: readonly PointerFault[];
  /** Seconds after which trying again makes sense; sent as `Retry-After`. */
  readonly retryAfterSeconds?: number;
  /** Extra members of the problem document. Never holds an address or a token. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** A fault from the table above, with public words: `detail` says what is wrong and how to mend it. */
export class ServiceError extends Error {
  readonly code: ErrorCode;
  readonly options: ServiceErrorOptions;

  constructor(code: ErrorCode, detail: string, options: ServiceErrorOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ServiceError';
    this.code = code;
    this.options = options;
  }

  get row(): ErrorRow {
    return errorTable[this.code];
  }
}
