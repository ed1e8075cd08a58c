import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { type Channel, channels } from '../domain/channel.ts';
import type { SmsRule } from './fit-sms.ts';
import { parseDocument, type SourceFile } from './parse-document.ts';
import { localeChain } from './pick-locale.ts';
import type { SchemaNode } from './schema-reader.ts';
import { InvalidTemplatesError, type TemplateError } from './template-error.ts';

/** What the renderer needs to know of one template. The catalog builds it; nothing in it comes from an event. */
export interface TemplateSource {
  readonly type: string;
  readonly channels: readonly Channel[];
  readonly defaultLocale: string;
  readonly sms: SmsRule;
  readonly parts: readonly TemplatePart[];
  /** Rendered at start: the whole sample, and the same without its optional fields. */
  readonly samples: readonly TemplateSample[];
  /** Manifest, schema and sample, for the version. */
  readonly settings: readonly SourceFile[];
  /** JSON Schema of the data. */
  readonly schema: SchemaNode;
}

export interface TemplateSample {
  readonly file: string;
  readonly nowMs: number;
  readonly locale: string;
  readonly timeZone: string;
  readonly recipient: { readonly name?: string };
  readonly data: Readonly<Record<string, unknown>>;
}

/** What a template has for each channel: in every locale all of them or none. */
export const partsOf = {
  email: ['email.subject', 'email.html', 'email.text'],
  sms: ['sms'],
} as const satisfies Readonly<Record<Channel, readonly string[]>>;
export type PartName = (typeof partsOf)[Channel][number];
const partNames: readonly PartName[] = channels.flatMap((channel): readonly PartName[] => partsOf[channel]);

export const channelOfPart = Object.fromEntries(
  channels.flatMap((channel) => partsOf[channel].map((part): [PartName, Channel] => [part, channel])),
) as Readonly<Record<PartName, Channel>>;

export interface TemplatePart extends SourceFile {
  readonly name: PartName;
  readonly locale: string;
}

/** What all templates share: the brand, and partials by name, kind and (where translated) locale. */
export interface SharedSource {
  readonly brand: Brand;
  readonly brandFile: SourceFile;
  readonly partials: readonly SharedPartial[];
}

export interface SharedPartial extends SourceFile {
  readonly name: string;
  readonly kind: 'html' | 'text';
  /** Absent: for every locale that has none of its own. */
  readonly locale?: string;
}

const httpsLink = z.url({ protocol: /^https$/, error: 'give an https link' });
const colour = z.string().regex(/^#[0-9a-f]{6}$/i, 'give a colour such as "#1f6b4f"');

const brandSchema = z.strictObject({
  name: z.string().min(1, 'give the name that people know'),
  initial: z.string().regex(/^\p{L}$/u, 'give one letter'),
  site_url: httpsLink,
  help_url: httpsLink,
  preferences_url: httpsLink,
  postal_address: z.string().min(1, 'give the postal address that the law asks for under promotional mail'),
  currency: z.string().regex(/^[A-Z]{3}$/, 'give an ISO 4217 code such as USD'),
  accent: colour,
  accent_dark: colour,
});

/** `@brand` in a template. Its links are always allowed: they come from the repository, never from an event. */
export type Brand = z.infer<typeof brandSchema>;

/** Reads `<folder>/*.hbs` and its locale folders. Anything else that could be a misspelt part is an error. */
export function readTemplateParts(
  folder: string,
  defaultLocale: string,
): { readonly parts: readonly TemplatePart[]; readonly errors: readonly TemplateError[] } {
  const parts: TemplatePart[] = [];
  const errors: TemplateError[] = [];
  for (const { file, baseName, locale = defaultLocale } of listTemplateFiles(folder)) {
    const name = partNames.find((part) => `${part}.hbs` === baseName);
    if (name === undefined) {
      const known = partNames.map((part) => `${part}.hbs`).join(', ');
      errors.push({ file, detail: `is not a part of a template; the parts are ${known}` });
    } else {
      parts.push({ name, locale, file, source: readFileSync(file, 'utf8') });
    }
  }
  return { parts, errors };
}

/**
 * Reads `_shared`: `brand.yaml`, `<partial>.html.hbs`, `<partial>.text.hbs` and locale folders of the same. Throws
 * `InvalidTemplatesError`.
 */
export function readSharedSource(folder: string): SharedSource {
  const file = `${folder}/brand.yaml`;
  if (!existsSync(file))
    throw new InvalidTemplatesError([{ file, detail: 'is missing: it says who writes' }]);
  const brandFile = { file, source: readFileSync(file, 'utf8') };
  const { value: brand } = parseDocument(brandFile, brandSchema);
  const partials = listTemplateFiles(folder).map(({ baseName, ...partial }): SharedPartial => {
    const [, name, kind] = /^([a-z][a-z-]*)\.(html|text)\.hbs$/.exec(baseName) ?? [];
    if (name === undefined) {
      const detail = 'name a partial <name>.html.hbs or <name>.text.hbs';
      throw new InvalidTemplatesError([{ file: partial.file, detail }]);
    }
    const source = readFileSync(partial.file, 'utf8');
    return { ...partial, name, kind: kind === 'html' ? 'html' : 'text', source };
  });
  return { brand, brandFile, partials };
}

function listTemplateFiles(folder: string) {
  return sortedEntries(folder).flatMap(
    (entry): readonly { file: string; baseName: string; locale?: string }[] => {
      const file = `${folder}/${entry.name}`;
      if (entry.isFile()) return entry.name.endsWith('.hbs') ? [{ file, baseName: entry.name }] : [];
      if (entry.name === 'golden' || localeChain(entry.name)[0] !== entry.name) return [];
      return sortedEntries(file)
        .filter((inner) => inner.isFile())
        .map((inner) => ({ file: `${file}/${inner.name}`, baseName: inner.name, locale: entry.name }));
    },
  );
}

function sortedEntries(folder: string) {
  return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
}
