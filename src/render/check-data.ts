import type { FieldError } from '../domain/errors.ts';
import { checkLink } from './check-link.ts';
import { findTextError, kindOfField } from './check-text.ts';
import { formatHelpers, type RenderCall } from './format-helpers.ts';
import { sanitizeText } from './normalise-text.ts';
import { RenderError } from './rendered.ts';
import { asRecord } from './schema-reader.ts';
import type { FieldUse } from './template-value.ts';

/** A value that cannot be printed. `detail` may quote a link; nothing else of the data. */
export interface DataError extends FieldError {
  readonly as: FieldUse['as'];
}

/**
 * Every value of the data that a template which uses it so would refuse to print, by JSON pointer relative to the data.
 * Data that passed its schema and has no such error can be rendered; one pass over the fields that are printed.
 */
export function findDataErrors(
  data: Readonly<Record<string, unknown>>,
  uses: readonly FieldUse[],
  call: RenderCall,
): readonly DataError[] {
  const errors = new Map<string, DataError>();
  for (const use of uses) {
    visitField({ value: data, pointer: '' }, use.path, (field) => {
      const detail = errors.has(field.pointer) ? undefined : findError(field, { use, data, call });
      if (detail !== undefined) errors.set(field.pointer, { pointer: field.pointer, detail, as: use.as });
    });
  }
  return [...errors.values()];
}

interface Field {
  readonly value: unknown;
  readonly pointer: string;
  /** The object or list that holds it. */
  readonly holder?: unknown;
}

function visitField(field: Field, path: readonly string[], found: (field: Field) => void): void {
  const [name, ...rest] = path;
  const { value, pointer } = field;
  if (name === undefined) {
    if (value !== undefined) found(field);
  } else if (name === '*') {
    const items: readonly unknown[] = Array.isArray(value) ? value : [];
    for (const [index, item] of items.entries())
      visitField({ value: item, pointer: `${pointer}/${index}`, holder: value }, rest, found);
  } else if (typeof value === 'object' && value !== null && Object.hasOwn(value, name)) {
    const below = `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    visitField({ value: asRecord(value)[name], pointer: below, holder: value }, rest, found);
  }
}

interface FieldCheck {
  readonly use: FieldUse;
  readonly data: Readonly<Record<string, unknown>>;
  readonly call: RenderCall;
}

function findError({ value, holder }: Field, { use, data, call }: FieldCheck): string | undefined {
  switch (use.as) {
    case 'text':
      return checkText(value, use.path, call);
    case 'url': {
      const verdict = checkLink(typeof value === 'string' ? sanitizeText(value) : value, call.links);
      return verdict.ok ? undefined : verdict.reason;
    }
    case 'date':
      return runHelper('date', [value], call);
    case 'money': {
      const { beside } = use;
      const from = beside?.length === use.path.length ? holder : data;
      return runHelper('money', [value, beside && asRecord(from)[beside.at(-1) ?? '']], call);
    }
    default:
      return use.as satisfies never;
  }
}

function checkText(value: unknown, path: readonly string[], call: RenderCall): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  const name = path.findLast((one) => one !== '*') ?? '';
  return findTextError(sanitizeText(value), call.links, kindOfField(name));
}

/** Prints the value as the template would: what it says when it cannot is the error. */
function runHelper(name: 'date' | 'money', values: readonly unknown[], call: RenderCall): string | undefined {
  try {
    formatHelpers[name]?.({ values, options: { style: 'numeric' }, scope: {}, call });
    return undefined;
  } catch (error) {
    if (error instanceof RenderError) return error.message;
    throw error;
  }
}
