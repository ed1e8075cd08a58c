import type { Redis } from 'ioredis';
import { z } from 'zod';
import { toStoreError } from './scripts.ts';
import { isOurVersion } from './unreadable-record.ts';

/*
 * A record is a hash whose every field is text. Its schema is the one place that names its fields and says how each is
 * encoded; these are the encodings.
 */

/** A number as its decimal text. */
export const numberField = z.codec(z.string(), z.number(), { decode: Number, encode: String });

/** Text that is more than a string to the program: an id, an address. Whoever wrote it has checked it. */
export function textField<Text extends string>() {
  return z.custom<Text>((value) => typeof value === 'string');
}

/** A value as JSON. */
export function jsonField<Schema extends z.ZodType>(
  schema: Schema,
  encode: (value: z.input<Schema>) => string = JSON.stringify,
) {
  return z.codec(z.string(), schema, {
    decode: (text, { issues }) => {
      try {
        return JSON.parse(text);
      } catch {
        issues.push({ code: 'invalid_format', format: 'json', input: text });
        return z.NEVER;
      }
    },
    encode,
  });
}

/** Items as one text, each encoded as `item` says. No text: no items. */
export function listField<Item extends z.ZodType<unknown, string>>(item: Item, separator: string) {
  const list = z.array(item);
  return z
    .codec(z.string(), list, {
      decode: (text) => (text === '' ? [] : text.split(separator)) as z.input<typeof list>,
      encode: (texts) => texts.join(separator),
    })
    .default([]);
}

/** Field, value, field, value… of an encoded record, as the scripts take them; what is undefined is left out. */
export function toPairs(fields: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [name, value]));
}

/**
 * What `schema` names of the record at `key`, and nothing else of it: `undefined` when there is no such record (any
 * more), `'unreadable'` when this program cannot read it. Throws `store-unavailable`, which tells `what` could not be read.
 */
export async function readSummary<Schema extends z.ZodObject>(
  redis: Redis,
  key: string,
  schema: Schema,
  what: string,
): Promise<z.output<Schema> | 'unreadable' | undefined> {
  const names = Object.keys(schema.shape);
  const values = await redis.hmget(key, ...names).catch((error: unknown) => {
    throw toStoreError(`read ${what}`, error);
  });
  const fields = Object.fromEntries(names.map((name, at) => [name, values[at] ?? undefined]));
  if (fields['state'] === undefined) return undefined;
  return isOurVersion(fields) ? (schema.safeParse(fields).data ?? 'unreadable') : 'unreadable';
}
