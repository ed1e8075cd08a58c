export interface ErrorRow {
  readonly status: number;
  readonly title: string;
}

/** Every error that a caller or an operator can meet, in one table: the HTTP problems of the API, by their code. */
export const errorTable = {
  'malformed-json': { status: 400, title: 'Malformed JSON' },
  'malformed-event': { status: 400, title: 'Malformed event' },
  'malformed-request': { status: 400, title: 'Malformed request' },
  'idempotency-key-missing': { status: 400, title: 'Idempotency key missing' },
  'invalid-token': { status: 401, title: 'Missing or invalid bearer token' },
  'insufficient-scope': { status: 403, title: 'Insufficient scope' },
  'not-found': { status: 404, title: 'Not found' },
  'method-not-allowed': { status: 405, title: 'Method not allowed' },
  'idempotency-conflict': { status: 409, title: 'Idempotency key reused with another body' },
  'state-conflict': { status: 409, title: 'Invalid state for this operation' },
  'record-unreadable': { status: 409, title: 'Unreadable record' },
  'body-too-large': { status: 413, title: 'Request body too large' },
  'request-timeout': { status: 408, title: 'Request timeout' },
  'headers-too-large': { status: 431, title: 'Request header fields too large' },
  'unsupported-media-type': { status: 415, title: 'Unsupported media type' },
  'unknown-event-type': { status: 422, title: 'Unknown event type' },
  'invalid-event-data': { status: 422, title: 'Invalid event data' },
  'invalid-request-data': { status: 422, title: 'Invalid request data' },
  'rate-limited': { status: 429, title: 'Too many requests' },
  'ingestion-paused': { status: 503, title: 'Ingestion paused' },
  'store-unavailable': { status: 503, title: 'Store unavailable' },
  'over-capacity': { status: 503, title: 'Over capacity' },
  'keys-unavailable': { status: 503, title: 'Signing keys unavailable' },
  'shutting-down': { status: 503, title: 'Shutting down' },
  'internal-error': { status: 500, title: 'Internal error' },
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

/** An error from the table above, with a public text: `detail` says what is wrong and how to repair it. */
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

/** What whatever was thrown says. */
export function toErrorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
