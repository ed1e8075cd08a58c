import { jsonDepthMax } from '../domain/strict-json.ts';
import { kindOfField } from './judge-text.ts';
import { breakAddresses, cleanText } from './normalise-text.ts';
import { RenderError } from './rendered.ts';

/** Values in the data of one message, and characters in each; the door takes fewer. */
const valuesMax = 10_000;
const textCharsMax = 32_768;

/**
 * The data as it is printed: every text clean and on one line, with no web address in prose. Own plain properties only:
 * no getter, no class, no inherited name reaches a template. Throws `RenderError` for data larger than any door took.
 */
export function presentData(data: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return new Presenter().presentObject(data, 1);
}

class Presenter {
  #valuesLeft = valuesMax;

  presentObject(data: object, depth: number): Readonly<Record<string, unknown>> {
    return Object.fromEntries(
      Object.entries(data).map(([name, value]) => [name, this.#presentValue(value, name, depth)]),
    );
  }

  #presentValue(value: unknown, name: string, depth: number): unknown {
    this.#valuesLeft -= 1;
    const isLong = typeof value === 'string' && value.length > textCharsMax;
    if (this.#valuesLeft < 0 || depth > jsonDepthMax || isLong)
      throw new RenderError('the data is larger, or nested deeper, than an event may be');
    if (typeof value === 'string') {
      const clean = cleanText(value);
      return kindOfField(name) === 'code' ? clean : breakAddresses(clean);
    }
    if (Array.isArray(value)) return value.map((item: unknown) => this.#presentValue(item, name, depth + 1));
    return typeof value === 'object' && value !== null ? this.presentObject(value, depth + 1) : value;
  }
}
