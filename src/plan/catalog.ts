import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import type { BackOff } from '../domain/back-off.ts';
import { type Channel, mapChannels } from '../domain/channel.ts';
import type { FieldError } from '../domain/errors.ts';
import { instantRepair, parseInstant } from '../domain/instant.ts';
import type { AmbiguityPolicy, Category } from '../domain/message.ts';
import { parseTimeZone } from '../domain/time-zone.ts';
import { asRecord } from '../render/as-record.ts';
import { isTemplateFault, parseDocument, parseWith } from '../render/parse-document.ts';
import { type TemplateFault, TemplateFaultsError } from '../render/template-fault.ts';
import {
  channelOfPart,
  readSharedSource,
  readTemplateParts,
  type SharedSource,
  type SourceFile,
  type TemplateSample,
  type TemplateSource,
} from '../render/template-source.ts';
import { type Manifest, parseManifest } from './catalog-manifest.ts';
import type { NotAfterRule } from './catalog-not-after.ts';
import { compileDataSchema, type DataSchema } from './catalog-schema.ts';
import { checkSmsRule, toSmsRule } from './catalog-sms-rule.ts';

/** What one event type becomes: its channels, category and policies. Nothing in an event can change any of it. */
export interface CatalogEntry {
  readonly type: string;
  readonly title: string;
  readonly channels: readonly Channel[];
  readonly category: Category;
  /** Every locale that has parts of its own; the default one first. */
  readonly locales: readonly string[];
  /** Those that have the parts of a channel, in the order of `locales`. */
  readonly localesOf: Readonly<Record<Channel, readonly string[]>>;
  readonly defaultLocale: string;
  readonly notAfter: NotAfterRule;
  readonly retry: RetryPolicy;
  readonly onUnknown: AmbiguityPolicy;
  /** 0 when there is no SMS. */
  readonly smsSegmentsMax: number;
  readonly sample: TemplateSample;
}

export interface RetryPolicy {
  /** Provider calls in all, the first one included. */
  readonly attemptsMax: number;
  readonly backOff: BackOff;
  /** No new attempt starts this long after the message was due. */
  readonly horizonMs: number;
}

export interface Catalog {
  /** Known event types, sorted. */
  types(): readonly string[];
  find(type: string): CatalogEntry | undefined;
  /** Every fault of `data` by JSON pointer relative to it (`/deadline`); empty means good. Throws for an unknown type. */
  checkData(type: string, data: Readonly<Record<string, unknown>>): readonly FieldError[];
  /** For `createRenderer`. */
  readonly templates: readonly TemplateSource[];
  readonly shared: SharedSource;
}

/**
 * The catalog in `dir`: one folder per event type, and `_shared`. It is whole or not there: throws
 * `TemplateFaultsError` with every fault, each with file, line and repair. Read once, at start.
 */
export function loadCatalog(dir: string, sharedDir = `${dir}/_shared`): Catalog {
  const shared = readSharedSource(sharedDir);
  const faults: TemplateFault[] = 'faults' in shared ? [...shared.faults] : [];
  // A brand with faults has no currency yet; then nothing loads anyway.
  const currency = 'faults' in shared ? 'USD' : shared.shared.brand.currency;
  const loaded = new Map<string, LoadedEntry>();
  for (const type of listTypes(dir)) {
    const entry = loadEntry(`${dir}/${type}`, type, currency);
    if ('faults' in entry) faults.push(...entry.faults);
    else loaded.set(type, entry);
  }
  if (loaded.size === 0 && faults.length === 0) faults.push({ file: dir, detail: 'has no template folder' });
  if (faults.length > 0 || 'faults' in shared) throw new TemplateFaultsError(faults);
  return {
    types: () => [...loaded.keys()],
    find: (type) => loaded.get(type)?.entry,
    checkData: (type, data) => {
      const entry = loaded.get(type);
      if (entry === undefined) throw new Error(`There is no template ${type}; ask find() first`);
      return entry.schema.checkData(data);
    },
    templates: [...loaded.values()].map((entry) => entry.source),
    shared: shared.shared,
  };
}

interface LoadedEntry {
  readonly entry: CatalogEntry;
  readonly schema: DataSchema;
  readonly source: TemplateSource;
}

interface ParsedSchema {
  readonly schema: DataSchema;
  /** The JSON Schema itself. */
  readonly source: Readonly<Record<string, unknown>>;
}

interface Faulty {
  readonly faults: readonly TemplateFault[];
}

function listTypes(dir: string): readonly string[] {
  return readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('_') && !entry.name.startsWith('.'))
    .map((entry) => entry.name)
    .sort();
}

function loadEntry(folder: string, type: string, currency: string): LoadedEntry | Faulty {
  const settings = readSettings(folder, type);
  if ('faults' in settings) return settings;
  const parsed = parseManifest(settings.manifest);
  if ('faults' in parsed) return parsed;
  const schema = parseSchema(settings.schema, currency);
  if ('faults' in schema) return schema;
  const samples = parseSample(settings.sample, schema.schema);
  if ('faults' in samples) return samples;
  const { manifest } = parsed;
  const { parts, faults } = readTemplateParts(folder, manifest.locale);
  const sms = toSmsRule(manifest);
  const ruleFaults = [
    ...checkNotAfter(manifest, settings.manifest, schema.schema),
    ...checkSmsRule(sms, settings.manifest, schema.source),
  ];
  if (faults.length + ruleFaults.length > 0) return { faults: [...faults, ...ruleFaults] };
  const source: TemplateSource = {
    type,
    channels: manifest.channels,
    defaultLocale: manifest.locale,
    sms,
    parts,
    samples: samples.samples,
    settings: [settings.manifest, settings.schema, settings.sample],
    schema: schema.source,
  };
  return { entry: toEntry(source, manifest, samples.samples[0]), schema: schema.schema, source };
}

interface Settings {
  readonly manifest: SourceFile;
  readonly schema: SourceFile;
  readonly sample: SourceFile;
}

function readSettings(folder: string, type: string): Settings | Faulty {
  if (!/^[a-z][a-z0-9_]{0,63}$/.test(type)) {
    return {
      faults: [{ file: folder, detail: 'name the folder like the event type: a-z, 0-9 and _, at most 64' }],
    };
  }
  const names = { manifest: 'manifest.yaml', schema: 'schema.json', sample: 'sample.json' };
  const missing = Object.values(names).filter((name) => !existsSync(`${folder}/${name}`));
  if (missing.length > 0) {
    return {
      faults: missing.map((name) => ({
        file: `${folder}/${name}`,
        detail: 'is missing; every template has one',
      })),
    };
  }
  const read = (name: string) => ({
    file: `${folder}/${name}`,
    source: readFileSync(`${folder}/${name}`, 'utf8'),
  });
  return { manifest: read(names.manifest), schema: read(names.schema), sample: read(names.sample) };
}

function toEntry(source: TemplateSource, manifest: Manifest, sample: TemplateSample): CatalogEntry {
  const { retry, not_after } = manifest;
  const locales = [...new Set([source.defaultLocale, ...source.parts.map((part) => part.locale)])];
  const localesWith = (channel: Channel): readonly string[] =>
    locales.filter((locale) =>
      source.parts.some((part) => part.locale === locale && channelOfPart[part.name] === channel),
    );
  return {
    type: source.type,
    title: manifest.title,
    channels: source.channels,
    category: manifest.category,
    locales,
    localesOf: mapChannels(localesWith),
    defaultLocale: source.defaultLocale,
    notAfter:
      'field' in not_after
        ? { kind: 'field', field: not_after.field }
        : { kind: 'after', afterMs: not_after.after_hours * hourMs },
    retry: {
      attemptsMax: retry.attempts,
      backOff: { baseMs: retry.base_seconds * 1000, capMs: retry.cap_seconds * 1000 },
      horizonMs: retry.horizon_hours * hourMs,
    },
    onUnknown: manifest.on_unknown,
    smsSegmentsMax: source.sms.segmentsMax,
    sample,
  };
}

const hourMs = 60 * 60 * 1000;

function parseSchema({ file, source }: SourceFile, currency: string): ParsedSchema | Faulty {
  const document = parseDocument(file, source);
  if (isTemplateFault(document)) return { faults: [document] };
  try {
    return { schema: compileDataSchema(document.value, currency), source: asRecord(document.value) };
  } catch (error) {
    return { faults: [{ file, line: 1, detail: error instanceof Error ? error.message : String(error) }] };
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
  recipient: z.strictObject({ name: z.string().optional() }, { error: 'give { "name": … } or {}' }),
  data: z.record(z.string(), z.unknown(), { error: 'give the data of an event' }),
});

/** The sample and its poorest form. Both are rendered at start, so that no optional field is used unguarded. */
function parseSample(
  { file, source }: SourceFile,
  schema: DataSchema,
): { readonly samples: readonly [TemplateSample, TemplateSample] } | Faulty {
  const document = parseDocument(file, source);
  if (isTemplateFault(document)) return { faults: [document] };
  const parsed = parseWith(document, sampleSchema);
  if ('faults' in parsed) return parsed;
  const { now, locale, time_zone, recipient, data } = parsed.value;
  const faults = schema.checkData(data).map(({ pointer, detail }) => ({
    file,
    line: document.lineOf(['data', ...pointer.split('/').slice(1)]),
    detail: `data${pointer}: ${detail}`,
  }));
  if (faults.length > 0) return { faults };
  const common = { file, nowMs: parseInstant(now) ?? 0, locale, timeZone: time_zone };
  const whole = { ...common, recipient: recipient.name === undefined ? {} : { name: recipient.name }, data };
  return { samples: [whole, { ...common, recipient: {}, data: schema.stripOptional(data) }] };
}

function checkNotAfter(
  manifest: Manifest,
  { file, source }: SourceFile,
  schema: DataSchema,
): readonly TemplateFault[] {
  const rule = manifest.not_after;
  if (!('field' in rule) || schema.isDateField(rule.field)) return [];
  const line = source.split('\n').findIndex((text) => text.includes('not_after')) + 1;
  return [{ file, line, detail: `not_after.field: ${rule.field} is not a date field of schema.json` }];
}
