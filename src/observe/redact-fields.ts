import { isSecretKey, redactText } from './redact.ts';

const depthMax = 5;
const textMax = 8192;

/**
 * A copy of log fields that is safe to write: values under secret keys are gone, text is masked and cut at 8 KiB,
 * errors become plain objects, and what is deeper than five levels (or circular) is only hinted at. Never throws: a
 * log line must not break what it reports on.
 */
export function redactFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  try {
    return redactRecord(fields, 0);
  } catch {
    return { log_fault: 'the fields of this line could not be read' };
  }
}

function redactRecord(record: object, depth: number): Record<string, unknown> {
  const entries = Object.entries(record).map(([key, value]): [string, unknown] => [
    redactText(key),
    isSecretKey(key) && value !== undefined ? '[redacted]' : redactValue(value, depth + 1),
  ]);
  return Object.fromEntries(entries);
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redactLong(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  return depth > depthMax ? '[deep]' : redactObject(value, depth);
}

function redactObject(value: object, depth: number): unknown {
  if (value instanceof Error) return describeError(value, depth);
  if (Array.isArray(value)) return value.map((item) => redactValue(item, depth + 1));
  if (value instanceof Map || value instanceof Set) return redactObject([...value], depth);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  // Date, URL and the like say themselves how they are written.
  if ('toJSON' in value) return redactValue(JSON.parse(JSON.stringify(value)), depth + 1);
  return redactRecord(value, depth);
}

/** Masked before it is cut: half an address or half a token would not be known for one. */
function redactLong(text: string): string {
  return redactText(text.slice(0, 2 * textMax)).slice(0, textMax);
}

/**
 * Type, message, stack and causes, and the error's own short facts. Only these: errors of libraries carry whole commands
 * with their arguments, requests and responses, which hold passwords and what people wrote.
 */
function describeError(error: Error, depth: number): Record<string, unknown> {
  const facts = errorFacts.flatMap((name): [string, unknown][] => {
    const value: unknown = Reflect.get(error, name);
    if (typeof value === 'string') return [[name, redactLong(value)]];
    return typeof value === 'number' || typeof value === 'boolean' ? [[name, value]] : [];
  });
  return {
    ...Object.fromEntries(facts),
    ...describeCommand(error),
    type: error.name,
    message: redactValue(error.message, depth),
    stack: redactValue(error.stack, depth),
    ...(error.cause === undefined ? {} : { cause: redactValue(error.cause, depth + 1) }),
    ...(error instanceof AggregateError ? { errors: redactValue(error.errors.slice(0, 5), depth + 1) } : {}),
  };
}

/** What was asked of a server, without its arguments: ioredis has an object there, nodemailer a string. */
function describeCommand(error: Error): { readonly command?: string } {
  const command: unknown = Reflect.get(error, 'command');
  const name: unknown =
    typeof command === 'object' && command !== null ? Reflect.get(command, 'name') : command;
  return typeof name === 'string' ? { command: redactLong(name.slice(0, 64)) } : {};
}

const errorFacts = [
  'code',
  'errno',
  'syscall',
  'hostname',
  'address',
  'port',
  'responseCode',
  'status',
  'kind',
];
