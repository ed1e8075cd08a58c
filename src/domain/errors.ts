/** Every error that a caller or an operator can meet, in one frozen table: the HTTP problems of the API, by their code. */
export type ErrorKind = 'caller' | 'denied' | 'conflict' | 'limited' | 'transient' | 'permanent' | 'bug';

export interface ErrorRow {
  readonly kind: ErrorKind;
  readonly status: number;
  readonly title: string;
  readonly level: 'info' | 'warn' | 'error';
}

export const errorTable = {
  'malformed-json': { kind: 'caller', status: 400, title: 'Malformed JSON', level: 'info' },
  'malformed-event': {
    kind: 'caller',
    status: 400,
    title: 'Malformed event',
    level: 'info',
  },
  'malformed-request': { kind: 'caller', status: 400, title: 'Malformed request', level: 'info' },
  'idempotency-key-missing': {
    kind: 'caller',
    status: 400,
    title: 'Idempotency key missing',
    level: 'info',
  },
  'invalid-token': {
    kind: 'denied',
    status: 401,
    title: 'Missing or invalid bearer token',
    level: 'info',
  },
  'insufficient-scope': {
    kind: 'denied',
    status: 403,
    title: 'Insufficient scope',
    level: 'info',
  },
  'not-found': { kind: 'caller', status: 404, title: 'Not found', level: 'info' },
  'method-not-allowed': {
    kind: 'caller',
    status: 405,
    title: 'Method not allowed',
    level: 'info',
  },
  'idempotency-conflict': {
    kind: 'conflict',
    status: 409,
    title: 'Idempotency key reused with another body',
    level: 'info',
  },
  'state-conflict': {
    kind: 'conflict',
    status: 409,
    title: 'Invalid state for this operation',
    level: 'info',
  },
  'record-unreadable': {
    kind: 'conflict',
    status: 409,
    title: 'Unreadable record',
    level: 'warn',
  },
  'body-too-large': { kind: 'caller', status: 413, title: 'Request body too large', level: 'info' },
  'request-timeout': {
    kind: 'caller',
    status: 408,
    title: 'Request timeout',
    level: 'info',
  },
  'headers-too-large': {
    kind: 'caller',
    status: 431,
    title: 'Request header fields too large',
    level: 'info',
  },
  'unsupported-media-type': {
    kind: 'caller',
    status: 415,
    title: 'Unsupported media type',
    level: 'info',
  },
  'unknown-event-type': {
    kind: 'caller',
    status: 422,
    title: 'Unknown event type',
    level: 'info',
  },
  'invalid-event-data': {
    kind: 'caller',
    status: 422,
    title: 'Invalid event data',
    level: 'info',
  },
  'invalid-request-data': { kind: 'caller', status: 422, title: 'Invalid request data', level: 'info' },
  'rate-limited': { kind: 'limited', status: 429, title: 'Too many requests', level: 'info' },
  'ingestion-paused': { kind: 'transient', status: 503, title: 'Ingestion paused', level: 'warn' },
  'store-unavailable': {
    kind: 'transient',
    status: 503,
    title: 'Store unavailable',
    level: 'error',
  },
  'over-capacity': { kind: 'transient', status: 503, title: 'Over capacity', level: 'warn' },
  'keys-unavailable': {
    kind: 'transient',
    status: 503,
    title: 'Signing keys unavailable',
    level: 'warn',
  },
  'shutting-down': { kind: 'transient', status: 503, title: 'Shutting down', level: 'info' },
  'internal-error': { kind: 'bug', status: 500, title: 'Internal error', level: 'error' },
} as const satisfies Readonly<Record<string, ErrorRow>>;

export type ErrorCode = keyof typeof errorTable;

/** One error in a document, placed by JSON pointer (RFC 6901). */
export interface FieldError {
  readonly pointer: string;
  readonly detail: string;
}

export interface ServiceErrorOptions {
  readonly cause?: unknown;
  readonly errors?: readonly FieldError[];
  /** Seconds after which trying again makes sense; sent as `Retry-After`. */
  readonly retryAfterSeconds?: number;
  /** Extra members of the problem document. Never holds an address or a token. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** An error from the table above, with public words: `detail` says what is wrong and how to mend it. */
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
