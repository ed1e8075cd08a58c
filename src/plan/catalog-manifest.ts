import { z } from 'zod';
import { type Channel, channels } from '../domain/channel.ts';
import { categories } from '../domain/message.ts';
import { isTemplateFault, parseDocument, parseWith } from '../render/parse-document.ts';
import { shortenedLengthMin } from '../render/shorten-text.ts';
import type { TemplateFault } from '../render/template-fault.ts';
import type { SourceFile } from '../render/template-source.ts';

const wholeNumber = (min: number, max: number) =>
  z
    .int({ error: `give a whole number from ${min} to ${max}` })
    .min(min, `give at least ${min}`)
    .max(max, `give at most ${max}`);

const notAfterSchema = z.union(
  [z.strictObject({ field: z.string().min(1) }), z.strictObject({ after_hours: wholeNumber(1, 24 * 60) })],
  { error: 'give either { field: <date field of the data> } or { after_hours: <1 to 1440> }' },
);

const manifestSchema = z.strictObject({
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
  retry: z.strictObject(
    {
      attempts: wholeNumber(1, 100),
      base_seconds: wholeNumber(1, 3600),
      cap_seconds: wholeNumber(1, 24 * 3600),
      horizon_hours: wholeNumber(1, 24 * 14),
    },
    { error: 'give { attempts, base_seconds, cap_seconds, horizon_hours }' },
  ),
  on_unknown: z.enum(['ask', 'resend-once'], { error: 'give ask (a person decides) or resend-once' }),
  sms: z
    .strictObject({
      max_segments: wholeNumber(1, 10),
      shorten: z
        .record(z.string(), wholeNumber(shortenedLengthMin, 1000), {
          error: 'give { <text field>: <least length> }',
        })
        .optional(),
      omit: z.array(z.string(), { error: 'give a list of optional text fields' }).optional(),
    })
    .optional(),
});

export type Manifest = z.infer<typeof manifestSchema>;

/** The member that a template needs for a channel, and only then. */
const channelRules: Readonly<
  Record<Channel, { readonly name: keyof Manifest; readonly shape: string } | undefined>
> = { email: undefined, sms: { name: 'sms', shape: '{ max_segments: … }' } };

/** The manifest in a file, or every fault in it with its line and repair. Unknown keys are refused. */
export function parseManifest({
  file,
  source,
}: SourceFile): { readonly manifest: Manifest } | { readonly faults: readonly TemplateFault[] } {
  const document = parseDocument(file, source);
  if (isTemplateFault(document)) return { faults: [document] };
  const parsed = parseWith(document, manifestSchema);
  if ('faults' in parsed) return parsed;
  const manifest = parsed.value;
  for (const channel of channels) {
    const rule = channelRules[channel];
    if (rule === undefined || manifest.channels.includes(channel) === (manifest[rule.name] !== undefined))
      continue;
    const detail = `${rule.name}: give ${rule.name}: ${rule.shape} exactly when channels has ${channel}`;
    return { faults: [{ file, line: document.lineOf(['channels']), detail }] };
  }
  if (manifest.retry.cap_seconds < manifest.retry.base_seconds) {
    const detail = 'retry.cap_seconds: give at least base_seconds';
    return { faults: [{ file, line: document.lineOf(['retry', 'cap_seconds']), detail }] };
  }
  return { manifest };
}
