import { flatEventFields } from '../../domain/event.ts';
import { pointerBelow } from '../../domain/strict-json.ts';
import { isJsonObject, type JsonObject } from '../../ingest/parse-json.ts';
import { checkSample } from './check-sample.ts';
import { compareSchemas, type Findings, followRef } from './compare-schemas.ts';
import type { Comparison, OurContract } from './difference.ts';

/** One sample or schema of the peer, and what came of it. */
export interface CheckedPart extends Comparison {
  readonly as: 'sample' | 'schema';
  readonly pointer: string;
}

export interface ContractReport {
  /** True when at least one part could be checked against an event type of ours, and nothing differs. */
  readonly ok: boolean;
  readonly checked: readonly CheckedPart[];
  /** Event types of ours that the peer's document says nothing about. */
  readonly notCovered: readonly string[];
}

const depthMax = 6;
const ownFields: ReadonlySet<string> = new Set(flatEventFields);

/**
 * Gate 2: every event sample and every JSON Schema in a peer's document, wherever in it they stand (lists, objects by
 * name, `$defs`), against what this service accepts. `asType` names the event type of schemas that do not.
 */
export function checkContract(document: unknown, ours: OurContract, asType?: string): ContractReport {
  const checked = listParts(document, { pointer: '', name: '', depth: 0 }).flatMap((part) =>
    isSchema(part.value)
      ? checkSchema(part, { document, ours, asType })
      : [{ as: 'sample' as const, pointer: part.pointer, ...checkSample(part.value, part.pointer, ours) }],
  );
  const covered = new Set(checked.map(({ type }) => type));
  return {
    ok:
      checked.some(({ type }) => type !== '') && checked.every(({ differences }) => differences.length === 0),
    checked,
    notCovered: ours.catalog.types().filter((type) => !covered.has(type)),
  };
}

interface Part {
  readonly pointer: string;
  /** Under which name it stands in the document. */
  readonly name: string;
  readonly value: JsonObject;
}

function listParts(value: unknown, at: { pointer: string; name: string; depth: number }): readonly Part[] {
  if (isJsonObject(value) && (isSchema(value) || isSample(value))) return [{ ...at, value }];
  if (typeof value !== 'object' || value === null || at.depth >= depthMax) return [];
  return Object.entries(value).flatMap(([name, child]) =>
    listParts(child, { pointer: pointerBelow(at.pointer, name), name, depth: at.depth + 1 }),
  );
}

function isSchema(value: JsonObject): boolean {
  return isJsonObject(value['properties']) || value['type'] === 'object' || Array.isArray(value['allOf']);
}

/** What a schema says of a value is no event: `{ "type": "string" }`. */
const schemaWords: readonly unknown[] = ['string', 'number', 'integer', 'boolean', 'null', 'array', 'object'];

function isSample(value: JsonObject): boolean {
  const { type } = value;
  const isNamed = typeof type === 'string' && !schemaWords.includes(type);
  return isNamed || 'specversion' in value || 'idempotency_key' in value;
}

interface CliContext {
  readonly document: unknown;
  readonly ours: OurContract;
  readonly asType: string | undefined;
}

function checkSchema({ pointer, name, value }: Part, { document, ours, asType }: CliContext): CheckedPart[] {
  const declared = listDeclaredTypes(value);
  const hints = [asType, name, value['title']].filter((hint) => typeof hint === 'string');
  const hinted = asType ?? hints.find((hint) => ours.schemas.has(hint));
  const types = declared.length > 0 ? declared : hinted === undefined ? [] : [hinted];
  const part = { as: 'schema' as const, pointer, differences: [], notCompared: [] };
  if (types.length === 0) {
    const detail = 'names no event type of ours: not by a constant "type", its title or its name';
    return [{ ...part, type: '', notCompared: [{ pointer, detail }] }];
  }
  return types.map((type): CheckedPart => {
    const own = ours.schemas.get(type);
    if (own === undefined) {
      const detail = `${type} is not one of ${ours.catalog.types().join(', ')}`;
      return { ...part, type, differences: [{ kind: 'unknown-type', pointer, detail }] };
    }
    const found: Findings = { differences: [], notCompared: [], document };
    compareEvent(value, own, pointer, found);
    requireRecipient(value, pointer, found, ours.catalog.directoryIdField);
    return { ...part, type, differences: found.differences, notCompared: found.notCompared };
  });
}

/** The event types that the schema's own `type` field may have. */
function listDeclaredTypes(schema: JsonObject): readonly string[] {
  const type = readObject(readObject(schema, 'properties'), 'type');
  const values = Array.isArray(type['enum']) ? type['enum'] : [type['const']];
  return values.filter((value) => typeof value === 'string');
}

/** An envelope or CloudEvent has its data in `data`; a flat event is its data, but for the fields that are its own. */
function compareEvent(peer: JsonObject, own: JsonObject, pointer: string, found: Findings): void {
  const properties = readObject(peer, 'properties');
  const isEvent = 'type' in properties;
  if (isEvent && 'data' in properties) {
    compareSchemas(properties['data'], own, `${pointer}/properties/data`, found);
  } else if (isEvent) {
    const data = Object.entries(properties).filter(([field]) => !ownFields.has(field));
    compareSchemas({ ...peer, properties: Object.fromEntries(data) }, own, pointer, found);
  } else compareSchemas(peer, own, pointer, found);
}

/** Somebody has to be written to: a recipient in the event, or a person of the directory. */
function requireRecipient(peer: JsonObject, pointer: string, found: Findings, idField: string): void {
  const properties = readObject(peer, 'properties');
  if (!('type' in properties) || 'recipient' in properties) return;
  const holder = 'data' in properties ? followRef(properties['data'], found.document) : peer;
  if (holder === undefined || !isJsonObject(holder['properties'])) return;
  if (idField in holder['properties']) return;
  if (found.differences.some((one) => one.pointer.endsWith(`/${idField}`))) return;
  const detail = 'is optional in the data, but then a recipient is needed: the peer sends neither';
  found.differences.push({ kind: 'missing-required', pointer: `${pointer}/properties/${idField}`, detail });
}

function readObject(value: JsonObject, name: string): JsonObject {
  const member = value[name];
  return isJsonObject(member) ? member : {};
}
