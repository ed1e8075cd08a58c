export type StrictJson =
  | { readonly kind: 'object'; readonly value: Readonly<Record<string, unknown>> }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'duplicate-key' };

/**
 * A JSON object in UTF-8 whose top level names no member twice: with two `exp` in a token, its issuer and we could
 * each believe another one (RFC 7519 §4 lets a parser refuse them). Names are compared after unescaping.
 */
export function parseStrictJson(bytes: Uint8Array): StrictJson {
  const parsed = parseJson(bytes);
  if (parsed === undefined || !isPlainObject(parsed.value)) return { kind: 'malformed' };
  const names = readTopLevelNames(parsed.text);
  if (new Set(names).size !== names.length) return { kind: 'duplicate-key' };
  return { kind: 'object', value: parsed.value };
}

function parseJson(bytes: Uint8Array): { text: string; value: unknown } | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return { text, value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `text` is known to be valid JSON, so strings, brackets and colons are all there is to look at. */
function readTopLevelNames(text: string): string[] {
  const names: string[] = [];
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"\s*:?|[[\]{}]/g)) {
    if (token === '{' || token === '[') depth += 1;
    else if (token === '}' || token === ']') depth -= 1;
    else if (depth === 1 && token.endsWith(':')) names.push(String(JSON.parse(token.slice(0, -1))));
  }
  return names;
}
