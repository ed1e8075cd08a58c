import type { RendererOptions } from '../../src/render/create-renderer.ts';
import type { SharedPartial, TemplatePart, TemplateSource } from '../../src/render/template-source.ts';

const brand = {
  name: 'Laurel',
  initial: 'L',
  site_url: 'https://app.example.com/',
  help_url: 'https://app.example.com/help',
  preferences_url: 'https://app.example.com/settings',
  postal_address: '100 Example Street',
  currency: 'USD',
  accent: '#1f6b4f',
  accent_dark: '#86d6b2',
};

export type Sources = Readonly<Record<string, string>>;

/** One sentence on every channel. */
export const plainParts: Sources = {
  'email.subject': 'Hi {{name}}',
  'email.html': '<p>Hi {{name}}</p>',
  'email.text': 'Hi {{name}}',
  sms: 'Hi {{name}}',
};

/** A template `note` of these parts; `fr/sms` is the part of another locale. */
function makeTemplate(sources: Sources, change: Partial<TemplateSource> = {}): TemplateSource {
  const parts = Object.entries(sources).map(([key, source]): TemplatePart => {
    const [locale, name] = key.includes('/') ? key.split('/') : ['en', key];
    const known = (['email.subject', 'email.html', 'email.text', 'sms'] as const).find(
      (part) => part === name,
    );
    if (known === undefined || locale === undefined) throw new Error(`no part ${key}`);
    return { name: known, locale, source, file: `templates/note/${key}.hbs` };
  });
  return {
    type: 'note',
    channels: ['email', 'sms'],
    defaultLocale: 'en',
    sms: { segmentsMax: 1, shorten: new Map(), omit: [] },
    schema: {},
    parts,
    samples: [
      {
        file: 'templates/note/sample.json',
        nowMs: 0,
        locale: 'en',
        timeZone: 'UTC',
        recipient: {},
        data: { name: 'Jo' },
      },
    ],
    settings: [{ file: 'templates/note/manifest.yaml', source: 'title: Note' }],
    ...change,
  };
}

/** A renderer of this one template, on 2 December 2026. */
export function makeOptions(
  sources: Sources,
  change: Partial<TemplateSource> = {},
  partials: readonly SharedPartial[] = [],
): RendererOptions {
  return {
    templates: [makeTemplate(sources, change)],
    shared: { brand, brandFile: { file: 'templates/_shared/brand.yaml', source: 'name: Laurel' }, partials },
    allowedLinkHosts: ['Links.example.com'],
    now: () => Date.parse('2026-12-02T15:00:00Z'),
  };
}
