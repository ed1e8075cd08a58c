import { readStrictJson } from '../domain/strict-json.ts';

export type StrictJson =
  | { readonly kind: 'object'; readonly value: Readonly<Record<string, unknown>> }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'duplicate-key' };

/**
 * A JSON object in UTF-8 that names no member twice, at any depth: with two `exp` in a token, its issuer and we could
 * each believe another one (RFC 7519 §4 lets a parser refuse them). Names are compared after unescaping.
 */
export function parseStrictJson(bytes: Uint8Array): StrictJson {
  const text = decode(bytes);
  const reading = text === undefined ? undefined : readStrictJson(text);
  if (reading?.kind !== 'read' || !isPlainObject(reading.value)) return { kind: 'malformed' };
  return reading.flaws.some(({ kind }) => kind === 'duplicate-member')
    ? { kind: 'duplicate-key' }
    : { kind: 'object', value: reading.value };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
