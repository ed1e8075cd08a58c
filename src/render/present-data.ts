import { breakAddresses, cleanText } from './clean-text.ts';
import { kindOfField } from './judge-text.ts';

/**
 * The data as it is printed: every text clean and on one line, with no web address in prose. Own plain properties only:
 * no getter, no class, no inherited name reaches a template.
 */
export function presentData(data: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, presentValue(value, name)]));
}

function presentValue(value: unknown, name: string): unknown {
  if (typeof value === 'string') {
    const clean = cleanText(value);
    return kindOfField(name) === 'code' ? clean : breakAddresses(clean);
  }
  if (Array.isArray(value)) return value.map((item: unknown) => presentValue(item, name));
  return typeof value === 'object' && value !== null ? presentData({ ...value }) : value;
}
