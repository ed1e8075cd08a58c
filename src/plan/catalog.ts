import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { type Channel, mapChannels } from '../domain/channel.ts';
import type { FieldError } from '../domain/errors.ts';
import { instantRepair, parseInstant } from '../domain/instant.ts';
import { parseTimeZone } from '../domain/time-zone.ts';
import { parseDocument, type SourceFile } from '../render/parse-document.ts';
import { collectErrors, InvalidTemplatesError, type TemplateError } from '../render/template-error.ts';
import {
  channelOfPart,
  readSharedSource,
  readTemplateParts,
  type SharedSource,
  type TemplateSample,
  type TemplateSource,
} from '../render/template-source.ts';
import { checkManifestFields, type Manifest, parseManifest } from './catalog-manifest.ts';
import { compileDataSchema, type DataSchema } from './catalog-schema.ts';

/** What one event type becomes: its channels, category and policies. Nothing in an event can change any of it. */
export interface CatalogEntry extends Manifest {
  readonly type: string;
  /** Every locale that has parts of its own; the default one first. */
  readonly locales: readonly string[];
  /** Those that have the parts of a channel, in the order of `locales`. */
  readonly localesOf: Readonly<Record<Channel, readonly string[]>>;
  readonly sample: TemplateSample;
}

export interface Catalog {
  /** Known event types, sorted. */
  types(): readonly string[];
  find(type: string): CatalogEntry | undefined;
  /** Every error of `data` by JSON pointer relative to it (`/deadline`); empty means good. Throws for an unknown type. */
  checkData(type: string, data: Readonly<Record<string, unknown>>): readonly FieldError[];
  /** For `createRenderer`. */
  readonly templates: readonly TemplateSource[];
  readonly shared: SharedSource;
}

/**
 * The catalog in `dir`: one folder per event type, and `_shared`. It is whole or not there: throws
 * `InvalidTemplatesError` with every error, each with file, line and repair. Read once, at start.
 */
export function loadCatalog(dir: string, sharedDir = `${dir}/_shared`): Catalog {
  const errors: TemplateError[] = [];
  const shared = collectErrors(errors, () => readSharedSource(sharedDir));
  // An invalid brand has no currency yet; then nothing loads anyway.
  const currency = shared?.brand.currency ?? 'USD';
  const loaded = listTypes(dir).flatMap(
    (type) => collectErrors(errors, () => loadEntry(`${dir}/${type}`, type, currency)) ?? [],
  );
  if (loaded.length === 0 && errors.length === 0)
    errors.push({ file: dir, detail: 'has no template folder' });
  if (errors.length > 0 || shared === undefined) throw new InvalidTemplatesError(errors);
  const byType = new Map(loaded.map((one) => [one.entry.type, one]));
  return {
    types: () => [...byType.keys()],
    find: (type) => byType.get(type)?.entry,
    checkData: (type, data) => {
      const found = byType.get(type);
      if (found === undefined) throw new Error(`There is no template ${type}; ask find() first`);
      return found.schema.checkData(data);
    },
    templates: loaded.map(({ source }) => source),
    shared,
  };
}

function listTypes(dir: string): readonly string[] {
  return readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('_') && !entry.name.startsWith('.'))
    .map((entry) => entry.name)
    .sort();
}

interface LoadedEntry {
  readonly entry: CatalogEntry;
  readonly schema: DataSchema;
  readonly source: TemplateSource;
}

function loadEntry(folder: string, type: string, currency: string): LoadedEntry {
  const settings = readSettings(folder, type);
  const manifest = parseManifest(settings.manifest);
  const schema = parseSchema(settings.schema, currency);
  const samples = parseSample(settings.sample, schema);
  const { channels, defaultLocale, sms } = manifest.value;
  const { parts, errors } = readTemplateParts(folder, defaultLocale);
  const allErrors = [...errors, ...checkManifestFields(manifest, schema)];
  if (allErrors.length > 0) throw new InvalidTemplatesError(allErrors);
  const locales = [...new Set([defaultLocale, ...parts.map((part) => part.locale)])];
  const localesWith = (channel: Channel): readonly string[] =>
    locales.filter((locale) =>
      parts.some((part) => part.locale === locale && channelOfPart[part.name] === channel),
    );
  return {
    entry: { ...manifest.value, type, locales, localesOf: mapChannels(localesWith), sample: samples[0] },
    schema,
    source: {
      type,
      channels,
      defaultLocale,
      sms,
      parts,
      samples,
      settings: Object.values(settings),
      schema: schema.source,
    },
  };
}

function readSettings(folder: string, type: string) {
  if (!/^[a-z][a-z0-9_]{0,63}$/.test(type)) {
    const detail = 'name the folder like the event type: a-z, 0-9 and _, at most 64';
    throw new InvalidTemplatesError([{ file: folder, detail }]);
  }
  const names = { manifest: 'manifest.yaml', schema: 'schema.json', sample: 'sample.json' };
  const missing = Object.values(names)
    .map((name) => `${folder}/${name}`)
    .filter((file) => !existsSync(file));
  if (missing.length > 0) {
    throw new InvalidTemplatesError(
      missing.map((file) => ({ file, detail: 'is missing; every template has one' })),
    );
  }
  const read = (name: string): SourceFile => {
    const file = `${folder}/${name}`;
    return { file, source: readFileSync(file, 'utf8') };
  };
  return { manifest: read(names.manifest), schema: read(names.schema), sample: read(names.sample) };
}

function parseSchema(file: SourceFile, currency: string): DataSchema {
  const { value } = parseDocument(file, z.unknown());
  try {
    return compileDataSchema(value, currency);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new InvalidTemplatesError([{ file: file.file, line: 1, detail }]);
  }
}

const sampleSchema = z.strictObject({
  now: z
    .string({ error: 'give the instant at which the sample is rendered' })
    .refine((text) => parseInstant(text) !== undefined, instantRepair),
  locale: z.string({ error: 'give a language tag' }),
  time_zone: z
    .string({ error: 'give an IANA zone' })
    .refine((text) => parseTimeZone(text) !== undefined, 'give an IANA zone such as America/New_York'),
  recipient: z.strictObject({ name: z.string().exactOptional() }, { error: 'give { "name": … } or {}' }),
  data: z.record(z.string(), z.unknown(), { error: 'give the data of an event' }),
});

/** The sample and its poorest form. Both are rendered at start, so that no optional field is used unguarded. */
function parseSample(source: SourceFile, schema: DataSchema): readonly [TemplateSample, TemplateSample] {
  const { file, value, lineOf } = parseDocument(source, sampleSchema);
  const errors = schema.checkData(value.data).map(({ pointer, detail }) => ({
    file,
    line: lineOf(['data', ...pointer.split('/').slice(1)]),
    detail: `data${pointer}: ${detail}`,
  }));
  if (errors.length > 0) throw new InvalidTemplatesError(errors);
  const { now, time_zone: timeZone, ...rest } = value;
  const whole = { file, nowMs: parseInstant(now) ?? 0, timeZone, ...rest };
  return [whole, { ...whole, recipient: {}, data: schema.stripOptional(value.data) }];
}
