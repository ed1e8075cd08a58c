import type { Value } from './template-value.ts';
import { toKey } from './template-value.ts';

/** One way in which a template prints a field of the data. */
export interface FieldUse {
  /** Names from the data down; `*` is every item of a list. `@recipient`, `name` is the person's name. */
  readonly path: readonly string[];
  /** As it stands (`text`), as a link (`url`), or as the helper prints it that can refuse its value. */
  readonly as: 'text' | 'url' | 'date' | 'money';
  /** The currency of an amount, when the data has it. */
  readonly beside?: readonly string[];
}

/** Helpers by how the value must be for them; the others print any value that their type allows. */
const usesOf: Readonly<Record<string, FieldUse['as']>> = {
  text: 'text',
  shorten: 'text',
  url: 'url',
  date: 'date',
  datetime: 'date',
  relative: 'date',
  money: 'money',
};

/** Collects the uses of one part, each once. */
export class UseCollector {
  readonly #uses = new Map<string, FieldUse>();

  add(value: Value | undefined, printedBy: string, beside?: Value): void {
    const as = usesOf[printedBy];
    if (as === undefined || value?.kind !== 'field') return;
    const other = beside?.kind === 'field' ? { beside: beside.path } : {};
    const use = { path: value.path, as, ...other };
    this.#uses.set(JSON.stringify(use), use);
  }

  list(): readonly FieldUse[] {
    return [...this.#uses.values()];
  }
}

/** The uses of several parts, each once. */
export function joinUses(uses: readonly FieldUse[]): readonly FieldUse[] {
  return [...new Map(uses.map((use) => [JSON.stringify(use), use])).values()];
}

export function printsPersonName(uses: readonly FieldUse[]): boolean {
  return uses.some(({ path }) => toKey(path) === '@recipient/name');
}
