import { z } from 'zod';
import { parseInstant } from '../domain/instant.ts';
import type { Call, Option } from './command.ts';
import { CommandError } from './exit-codes.ts';
import { parseDuration } from './parse-duration.ts';

/** A field of a query or a body, with the option that gives it its value. */
export interface SchemaOption {
  readonly field: string;
  readonly name: string;
  readonly option: Option;
  /** The value for the service; undefined when the option was not given. Throws wrong usage. */
  readonly read: (call: Call) => unknown;
}

/** What the schemas do not say of a field, or say to programs and not to people. */
const summaries: Readonly<Record<string, string>> = {
  ids: 'only this one; may be given more than once',
  reason: 'only those with this reason',
  type: 'only of this event type',
  channel: 'only on this channel',
  category: 'only of this category',
  client: 'only from this client',
  to: 'to this address or number, exact; or the to_hash of a log line',
  state: 'only those in this state',
  kind: 'only messages, or only events',
  limit: 'at most this many',
  cursor: 'where the page before this one ended',
  since: 'made since: an age such as 2h, or an instant',
  until: 'made before: an age such as 2h, or an instant',
  older_than_seconds: 'only those that wait longer than this',
  max_age_seconds: 'leave those as they are that are older than this',
  per_minute: 'spread them, so many a minute',
  while_stopped: 'also those that a stop would hold again at once',
};

interface FieldSchema {
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly description?: string;
}

/** An option for each field of an object's schema: `max_age_seconds` is `--max-age TIME`. */
export function toOptions(schema: z.ZodType): readonly SchemaOption[] {
  const { properties = {} } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return Object.entries(properties).map(([field, property]) => toOption(field, property as FieldSchema));
}

/** As a row of a command has them. */
export function toOptionRows(options: readonly SchemaOption[]): Record<string, Option> {
  return Object.fromEntries(options.map(({ name, option }) => [name, option]));
}

/** The fields that were given. */
export function readOptionFields(call: Call, options: readonly SchemaOption[]): Record<string, unknown> {
  const given = options.map(({ field, read }) => [field, read(call)] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

function toOption(field: string, schema: FieldSchema): SchemaOption {
  const isSpan = field.endsWith('_seconds');
  const name = field === 'ids' ? 'id' : field.replace(/_seconds$/, '').replaceAll('_', '-');
  const summary = summaries[field] ?? schema.description ?? '';
  if (schema.type === 'array')
    return {
      field,
      name,
      option: { value: 'ID', many: true, summary },
      read: (call) => readList(call, name),
    };
  if (schema.type === 'boolean')
    return { field, name, option: { summary }, read: (call) => (call.isSet(name) ? true : undefined) };
  if (isSpan)
    return { field, name, option: { value: 'TIME', summary }, read: (call) => readSeconds(call, name) };
  if (schema.type === 'integer' || schema.type === 'number')
    return { field, name, option: { value: 'N', summary }, read: (call) => call.whole(name) };
  if (schema.format === 'date-time')
    return { field, name, option: { value: 'TIME', summary }, read: (call) => readInstant(call, name) };
  return {
    field,
    name,
    option: { value: field.toUpperCase(), summary, ...readChoices(field, schema) },
    read: (call) => call.text(name),
  };
}

/** A newer service may know reasons that this program does not. */
function readChoices(field: string, schema: FieldSchema): Pick<Option, 'choices' | 'suggestions'> {
  if (schema.enum === undefined) return {};
  return field === 'reason' ? { suggestions: schema.enum } : { choices: schema.enum };
}

function readList(call: Call, name: string): readonly string[] | undefined {
  const list = call.list(name);
  return list.length === 0 ? undefined : list;
}

function readSeconds(call: Call, name: string): number | undefined {
  const ms = call.durationMs(name);
  return ms === undefined ? undefined : Math.ceil(ms / 1_000);
}

/** An age (`2h`) or an instant, as the service wants it. */
function readInstant(call: Call, name: string): string | undefined {
  const text = call.text(name);
  if (text === undefined) return undefined;
  const age = parseDuration(text);
  const atMs = age === undefined ? parseInstant(text) : call.now() - age;
  if (atMs !== undefined) return new Date(atMs).toISOString();
  throw new CommandError(
    'usage',
    `--${name} ${text}: give an age such as 2h, or an instant such as 2026-11-20T18:00:00Z.`,
  );
}
