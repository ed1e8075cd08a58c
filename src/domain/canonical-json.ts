/**
 * JSON with object keys sorted at every level and no white space, so that equal meaning gives equal bytes
 * (the idea of RFC 8785, without its number rules: our input is already parsed JSON). `undefined` is left out.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  return Array.isArray(value)
    ? `[${value.map(canonicalJson).join(',')}]`
    : toObjectText(value as Readonly<Record<string, unknown>>);
}

/** Every event passes here: one text is added to, and nothing is built in between. */
function toObjectText(object: Readonly<Record<string, unknown>>): string {
  let text = '';
  // In the order of their UTF-16 units, as RFC 8785 §3.2.3 has it.
  for (const key of Object.keys(object).sort()) {
    const item = object[key];
    if (item !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(item)}`;
  }
  return `{${text}}`;
}
