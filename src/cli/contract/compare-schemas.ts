import { pointerBelow } from '../../domain/strict-json.ts';
import { isJsonObject, type JsonObject } from '../../ingest/parse-json.ts';
import { type Difference, type DifferenceKind, isTypeIn, listTypes, type NotCompared } from './difference.ts';

/** Where the comparison is, and what it has found. */
export interface Findings {
  readonly differences: Difference[];
  readonly notCompared: NotCompared[];
  /** The peer's whole document, for its `$ref`s. */
  readonly document: unknown;
}

/** Keywords that add rules which we do not follow: what they mean is not guessed. */
const composing = ['allOf', 'anyOf', 'oneOf', 'not', 'if', 'patternProperties', 'dependentSchemas'];

/**
 * Notes every value that `peer` may send and `ours` refuses, as far as the two schemas tell. It is conservative: what
 * it cannot follow goes to `notCompared` with the reason, and is never taken for agreement. `ours` is a schema of the
 * catalog.
 */
export function compareSchemas(peer: unknown, ours: JsonObject, pointer: string, found: Findings): void {
  const schema = followRef(peer, found.document);
  if (schema === undefined) return doubt(found, pointer, 'is not a schema that can be followed from here');
  const composed = composing.filter((keyword) => keyword in schema);
  if (composed.length > 0) return doubt(found, pointer, `uses ${composed.join(', ')}`);
  if (!compareTypes(schema, ours, pointer, found)) return;
  compareLimits(schema, ours, pointer, found);
  if (isJsonObject(ours['properties'])) compareObjects(schema, ours, pointer, found);
  if (isJsonObject(ours['items'])) {
    if ('items' in schema) compareSchemas(schema['items'], ours['items'], `${pointer}/items`, found);
    else doubt(found, pointer, 'does not say what its items are');
  }
}

/** False: nothing below is worth comparing. */
function compareTypes(peer: JsonObject, ours: JsonObject, pointer: string, found: Findings): boolean {
  const given = listTypes(peer);
  const wanted = listTypes(ours);
  if (given.length === 0 && !isJsonObject(peer['properties'])) {
    doubt(found, pointer, `does not say its type; ours is ${wanted.join(' or ')}`);
    return false;
  }
  const bad = given.filter((type) => !isTypeIn(type, wanted));
  if (bad.length === 0) return true;
  differ(found, 'type-mismatch', pointer, `may be ${bad.join(' or ')}; ours is ${wanted.join(' or ')}`);
  return false;
}

function compareObjects(peer: JsonObject, ours: JsonObject, pointer: string, found: Findings): void {
  const given = isJsonObject(peer['properties']) ? peer['properties'] : {};
  const wanted = isJsonObject(ours['properties']) ? ours['properties'] : {};
  const at = (name: string): string => pointerBelow(`${pointer}/properties`, name);
  const always = listNames(peer['required']);
  for (const name of listNames(ours['required'])) {
    if (!Object.hasOwn(given, name))
      differ(found, 'missing-required', at(name), 'is required here, and the peer does not know it');
    else if (!always.includes(name))
      differ(found, 'missing-required', at(name), 'is required here, and optional at the peer');
  }
  for (const [name, schema] of Object.entries(given)) {
    const own = wanted[name];
    if (isJsonObject(own)) compareSchemas(schema, own, at(name), found);
    else {
      const known = Object.keys(wanted).join(', ');
      differ(found, 'unknown-field', at(name), `is not a field here; the fields are ${known}`);
    }
  }
  if (peer['additionalProperties'] !== false && peer['unevaluatedProperties'] !== false)
    doubt(found, pointer, 'allows fields that it does not name; any of them is refused here');
}

/** Follows `$ref` within the peer's document, a few steps at most; `undefined` when it leads anywhere else. */
export function followRef(schema: unknown, document: unknown, depth = 0): JsonObject | undefined {
  if (!isJsonObject(schema) || depth > 8) return undefined;
  const { $ref: ref } = schema;
  if (typeof ref !== 'string') return schema;
  if (!ref.startsWith('#')) return undefined;
  let target = document;
  for (const part of decodeURIComponent(ref.slice(1)).split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    target = isJsonObject(target) && Object.hasOwn(target, name) ? target[name] : undefined;
  }
  return followRef(target, document, depth + 1);
}

function listNames(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

function differ(found: Findings, kind: DifferenceKind, pointer: string, detail: string): void {
  found.differences.push({ kind, pointer, detail });
}

function doubt(found: Findings, pointer: string, detail: string): void {
  found.notCompared.push({ pointer, detail });
}

interface Limits {
  readonly differences: Difference[];
  readonly notCompared: NotCompared[];
}

/** `sign` 1: the peer's must be at least ours; -1: at most. */
const bounds: readonly { readonly name: string; readonly strict?: string; readonly sign: 1 | -1 }[] = [
  { name: 'minimum', strict: 'exclusiveMinimum', sign: 1 },
  { name: 'maximum', strict: 'exclusiveMaximum', sign: -1 },
  { name: 'minLength', sign: 1 },
  { name: 'maxLength', sign: -1 },
  { name: 'minItems', sign: 1 },
  { name: 'maxItems', sign: -1 },
];

/** Notes where the peer's values may lie outside our bounds, values, format or pattern; where it says nothing, that. */
function compareLimits(peer: JsonObject, ours: JsonObject, pointer: string, found: Limits): void {
  for (const { name, strict, sign } of bounds) {
    const limit = ours[name];
    if (typeof limit !== 'number') continue;
    const given = peer[name] ?? (strict === undefined ? undefined : peer[strict]);
    if (typeof given !== 'number')
      found.notCompared.push({ pointer, detail: `does not say its ${name}; ours is ${limit}` });
    else if ((given - limit) * sign < 0)
      found.differences.push({
        kind: 'value-mismatch',
        pointer,
        detail: `${name} is ${given}; ours is ${limit}`,
      });
  }
  compareFormats(peer, ours, pointer, found);
  compareValues(peer, ours, pointer, found);
  const { pattern } = ours;
  if (typeof pattern === 'string' && pattern !== peer['pattern'])
    found.notCompared.push({
      pointer,
      detail: `two patterns cannot be compared; ours is ${pattern}`,
    });
}

/** Of `enum` and `const`, which may hold any JSON value. */
function compareValues(peer: JsonObject, ours: JsonObject, pointer: string, found: Limits): void {
  const wanted = listValues(ours);
  if (wanted === undefined) return;
  const given = listValues(peer);
  const list = wanted.join(', ');
  if (given === undefined)
    found.notCompared.push({ pointer, detail: `does not say its values; ours are ${list}` });
  const others = (given ?? []).filter((value) => !wanted.includes(value));
  if (others.length > 0)
    found.differences.push({
      kind: 'value-mismatch',
      pointer,
      detail: `may be ${others.join(', ')}; ours are ${list}`,
    });
}

function listValues(schema: JsonObject): readonly string[] | undefined {
  const values = 'const' in schema ? [schema['const']] : schema['enum'];
  return Array.isArray(values) ? values.map((value) => JSON.stringify(value)) : undefined;
}

function compareFormats(peer: JsonObject, ours: JsonObject, pointer: string, found: Limits): void {
  const branches = Array.isArray(ours['anyOf']) ? ours['anyOf'].filter(isJsonObject) : [ours];
  const formats = branches.map(({ format }) => format).filter((format) => typeof format === 'string');
  if (formats.length === 0) return;
  const wanted = formats.join(' or ');
  const { format } = peer;
  if (typeof format !== 'string')
    found.notCompared.push({ pointer, detail: `does not say its format; ours is ${wanted}` });
  else if (!formats.includes(format))
    found.differences.push({
      kind: 'value-mismatch',
      pointer,
      detail: `format is ${format}; ours is ${wanted}`,
    });
}
