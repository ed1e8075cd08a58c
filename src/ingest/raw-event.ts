import type { FieldError } from '../domain/errors.ts';
import type { JsonObject } from './parse-json.ts';

/** What every shape is turned into: its fields renamed, its data apart, and a way to name an error. */
export interface RawEvent {
  readonly fields: RawFields;
  readonly data: JsonObject;
  /** JSON pointer in the posted body of `data`. */
  readonly dataPointer: string;
  readonly errorAt: ErrorAt;
  /** Errors of the shape itself. */
  readonly errors: readonly FieldError[];
}

/** The event's own fields as some shape spelled them; nothing is checked yet. `null` means absent. */
export type RawFields = {
  readonly [F in EventField]?: unknown;
};
type EventField =
  | 'id'
  | 'type'
  | 'source'
  | 'time'
  | 'recipient'
  | 'channels'
  | 'send_at'
  | 'not_after'
  | 'idempotency_key';

/** An error of a field (`type`, `recipient/email`), placed where the caller wrote that field. */
export type ErrorAt = (field: string, detail: string) => FieldError;

/** Notes an error and gives `undefined` in place of the value, so that all errors are found in one go. */
export type NoteError = (field: string, detail: string) => undefined;

/** Header names in lower case, as `node:http` gives them. */
export type EventHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

export function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

type Present<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** The same record without the keys whose value is undefined. */
export function withoutAbsent<T extends object>(record: T): Present<T> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Present<T>;
}
