import { isJsonObject, type JsonObject } from '../../ingest/parse-json.ts';
import type { Difference, NotCompared } from './difference.ts';

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
export function compareLimits(peer: JsonObject, ours: JsonObject, pointer: string, found: Limits): void {
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
