import { jsonDepthMax } from '../domain/strict-json.ts';
import { kindOfField } from './check-text.ts';
import { breakAddresses, sanitizeText } from './normalise-text.ts';
import { RenderError } from './rendered.ts';

/** Values in the data of one message, and characters in each; the API accepts fewer. */
const valuesMax = 10_000;
const textCharsMax = 32_768;

/**
 * The data as it is printed: every text clean and on one line, with no web address in prose. Own plain properties only:
 * no getter, no class, no inherited name reaches a template. Throws `RenderError` for data larger than was ever accepted.
 */
export function sanitizeData(data: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return new DataSanitizer().sanitizeObject(data, 1);
}

class DataSanitizer {
  #valuesLeft = valuesMax;

  sanitizeObject(data: object, depth: number): Readonly<Record<string, unknown>> {
    return Object.fromEntries(
      Object.entries(data).map(([name, value]) => [name, this.#sanitizeValue(value, name, depth)]),
    );
  }

  #sanitizeValue(value: unknown, name: string, depth: number): unknown {
    this.#valuesLeft -= 1;
    const isLong = typeof value === 'string' && value.length > textCharsMax;
    if (this.#valuesLeft < 0 || depth > jsonDepthMax || isLong)
      throw new RenderError('the data is larger, or nested deeper, than an event may be');
    if (typeof value === 'string') {
      const clean = sanitizeText(value);
      return kindOfField(name) === 'code' ? clean : breakAddresses(clean);
    }
    if (Array.isArray(value)) return value.map((item: unknown) => this.#sanitizeValue(item, name, depth + 1));
    return typeof value === 'object' && value !== null ? this.sanitizeObject(value, depth + 1) : value;
  }
}
