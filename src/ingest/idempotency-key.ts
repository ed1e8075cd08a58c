import { ServiceError } from '../domain/errors.ts';
import { isAbsent, type NoteError } from './raw-event.ts';

/** 1 to 255 characters of printable ASCII; a space only inside. */
const keyPattern = /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/;
/** ING-2: which of the three forms an event needs. */
export const missingKeyRepair =
  'send an Idempotency-Key header, or idempotency_key in the body, or an envelope or CloudEvent with an id';
const repair = 'must be 1 to 255 printable ASCII characters';

/** Between source and id. No key and no name may hold it, so no two pairs give one identity. */
const separator = '\u001f';

/**
 * The identity of an event (ING-2): the header, else the body's key, else source and id; `undefined` when there is
 * none. Without a source the client itself is the source, since keys are scoped to the client anyway.
 */
export function chooseKey(
  sources: {
    /** From the `Idempotency-Key` header, already read by `readKeyHeader`. */
    readonly header: string | undefined;
    readonly body: unknown;
    readonly source: string | undefined;
    readonly id: string | undefined;
  },
  note: NoteError,
): string | undefined {
  const { header, body, source = '', id } = sources;
  if (!isAbsent(body) && !isKey(body)) return note('idempotency_key', repair);
  if (header !== undefined) return header;
  if (isKey(body)) return body;
  return id === undefined ? undefined : `${source}${separator}${id}`;
}

/**
 * The key in an `Idempotency-Key` header, plain (`abc`) or as a quoted string (`"abc"`, RFC 8941 §3.3.3): both
 * name the same key.
 *
 * @throws ServiceError `malformed-request`
 */
export function readKeyHeader(value: string | readonly string[] | undefined): string | undefined {
  if (value === undefined) return undefined;
  const key = typeof value === 'string' ? unquote(value.trim()) : undefined;
  if (isKey(key)) return key;
  throw new ServiceError(
    'malformed-request',
    `Idempotency-Key ${repair}, sent once, plain or as a quoted string`,
  );
}

function isKey(value: unknown): value is string {
  return typeof value === 'string' && keyPattern.test(value);
}

function unquote(text: string): string | undefined {
  if (!text.startsWith('"')) return text;
  const inside = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/.exec(text)?.[1];
  return inside?.replace(/\\(["\\])/g, '$1');
}
