import { z } from 'zod';
import { type Channel, channels } from '../domain/channel.ts';
import { findNearest } from '../domain/find-nearest.ts';
import { categories } from '../domain/message.ts';
import { type ParsedDocument, parseDocument, type SourceFile } from '../render/parse-document.ts';
import { SchemaReader } from '../render/schema-reader.ts';
import { shortenedLengthMin } from '../render/shorten-text.ts';
import type { TemplateError } from '../render/template-error.ts';
import type { NotAfterRule } from './catalog-not-after.ts';
import type { DataSchema } from './catalog-schema.ts';

const hourMs = 60 * 60 * 1000;

const wholeNumber = (min: number, max: number) =>
  z
    .int({ error: `give a whole number from ${min} to ${max}` })
    .min(min, `give at least ${min}`)
    .max(max, `give at most ${max}`);

const notAfterSchema = z.union(
  [
    z
      .strictObject({ field: z.string().min(1) })
      .transform(({ field }): NotAfterRule => ({ kind: 'field', field })),
    z
      .strictObject({ after_hours: wholeNumber(1, 24 * 60) })
      .transform((rule): NotAfterRule => ({ kind: 'after', afterMs: rule.after_hours * hourMs })),
  ],
  { error: 'give either { field: <date field of the data> } or { after_hours: <1 to 1440> }' },
);

const retrySchema = z
  .strictObject(
    {
      attempts: wholeNumber(1, 100),
      base_seconds: wholeNumber(1, 3600),
      cap_seconds: wholeNumber(1, 24 * 3600),
      horizon_hours: wholeNumber(1, 24 * 14),
    },
    { error: 'give { attempts, base_seconds, cap_seconds, horizon_hours }' },
  )
  .refine((retry) => retry.cap_seconds >= retry.base_seconds, {
    path: ['cap_seconds'],
    error: 'give at least base_seconds',
  })
  .transform((retry) => ({
    /** Provider calls in all, the first one included. */
    attemptsMax: retry.attempts,
    backOff: { baseMs: retry.base_seconds * 1000, capMs: retry.cap_seconds * 1000 },
    /** No new attempt starts this long after the message was due. */
    horizonMs: retry.horizon_hours * hourMs,
  }));

const smsSchema = z.strictObject({
  max_segments: wholeNumber(1, 10),
  shorten: z
    .record(z.string(), wholeNumber(shortenedLengthMin, 1000), {
      error: 'give { <text field>: <least length> }',
    })
    .default({}),
  omit: z.array(z.string(), { error: 'give a list of optional text fields' }).default([]),
});

const manifestSchema = z
  .strictObject({
    title: z.string({ error: 'give a title that people read' }).min(1, 'give a title that people read'),
    category: z.enum(categories, { error: `give one of ${categories.join(', ')}` }),
    channels: z
      .array(z.enum(channels, { error: `give one of ${channels.join(', ')}` }), {
        error: `give a list such as [${channels.join(', ')}]`,
      })
      .min(1, 'give at least one channel')
      .refine((list) => new Set(list).size === list.length, 'name each channel once'),
    locale: z
      .string({ error: 'give the language of the parts beside this file, such as en' })
      .regex(/^[a-z]{2,3}(-[A-Za-z0-9]+)*$/, 'give a language tag such as en or fr-CA'),
    not_after: notAfterSchema,
    retry: retrySchema,
    on_unknown: z.enum(['ask', 'resend-once'], { error: 'give ask (a person decides) or resend-once' }),
    sms: smsSchema.optional(),
  })
  .superRefine((manifest, context) => {
    for (const channel of channels) {
      const rule = channelRules[channel];
      if (rule === undefined || manifest.channels.includes(channel) === (manifest[rule.name] !== undefined))
        continue;
      const message = `give ${rule.name}: ${rule.shape} exactly when channels has ${channel}`;
      context.addIssue({ code: 'custom', path: ['channels'], message });
    }
  })
  .transform(({ locale, not_after, on_unknown, sms, ...rest }) => ({
    ...rest,
    defaultLocale: locale,
    notAfter: not_after,
    onUnknown: on_unknown,
    /** No message fits where there is no SMS. */
    sms: {
      segmentsMax: sms?.max_segments ?? 0,
      shorten: new Map(Object.entries(sms?.shorten ?? {})),
      omit: sms?.omit ?? [],
    },
  }));

/** What a `manifest.yaml` says. */
export type Manifest = Readonly<z.infer<typeof manifestSchema>>;

/** The member that a template needs for a channel, and only then. */
const channelRules: Readonly<Record<Channel, { readonly name: 'sms'; readonly shape: string } | undefined>> =
  { email: undefined, sms: { name: 'sms', shape: '{ max_segments: … }' } };

/** The manifest in a file. Unknown keys are refused. Throws `InvalidTemplatesError`. */
export function parseManifest(file: SourceFile): ParsedDocument<Manifest> {
  return parseDocument(file, manifestSchema);
}

/** What the manifest says of fields that the schema of the data does not have, or has otherwise. */
export function checkManifestFields(
  { file, value: { notAfter, sms }, lineOf }: ParsedDocument<Manifest>,
  schema: DataSchema,
): readonly TemplateError[] {
  const reader = new SchemaReader(schema.source);
  const names = reader.listNames(schema.source);
  const describeMisuse = (name: string, what: 'shorten' | 'omit'): string | undefined => {
    const child = names.includes(name) ? reader.findChild(schema.source, name) : undefined;
    if (child === undefined) {
      const [nearest] = findNearest(name, names);
      return `is no field of schema.json${nearest === undefined ? '' : `; did you mean ${nearest}?`}`;
    }
    if (!reader.isOf(child.schema, ['string'])) return 'is no text';
    const { format } = child.schema;
    if (typeof format === 'string') return `is a ${format}, which cannot be cut`;
    return what === 'omit' && child.isRequired ? 'is required, so it cannot be left out' : undefined;
  };
  const check = (name: string, what: 'shorten' | 'omit'): readonly TemplateError[] => {
    const misuse = describeMisuse(name, what);
    if (misuse === undefined) return [];
    const field = `sms.${what}.${name}`;
    return [{ file, line: lineOf(field.split('.')), detail: `${field}: ${misuse}` }];
  };
  const errors = [
    ...[...sms.shorten.keys()].flatMap((name) => check(name, 'shorten')),
    ...sms.omit.flatMap((name) => check(name, 'omit')),
  ];
  if (notAfter.kind === 'after' || schema.isDateField(notAfter.field)) return errors;
  const detail = `not_after.field: ${notAfter.field} is not a date field of schema.json`;
  return [{ file, line: lineOf(['not_after']), detail }, ...errors];
}
