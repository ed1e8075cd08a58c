import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Handlebars from 'handlebars';
import { parse } from 'yaml';

export interface RenderedMail {
  readonly subject: string;
  readonly html: string;
  readonly text: string;
}

/** The same templates as ours, so that both send the same mail; compiled once, without any of the checks. */
export function createMailRenderer(dir: string): (data: Readonly<Record<string, unknown>>) => RenderedMail {
  const brand: unknown = parse(readFileSync(join(dir, '_shared', 'brand.yaml'), 'utf8'));
  const options = { data: { brand, locale: 'en' } };
  const compile = (part: string, kind: 'html' | 'text'): HandlebarsTemplateDelegate => {
    const source = readFileSync(join(dir, 'new_match_found', `email.${part}.hbs`), 'utf8');
    return openHandlebars(dir, kind).compile(source, { noEscape: kind === 'text' });
  };
  const [subject, html, text] = [
    compile('subject', 'text'),
    compile('html', 'html'),
    compile('text', 'text'),
  ];
  return (data) => ({
    subject: subject(data, options).trim(),
    html: html(data, options),
    text: text(data, options),
  });
}

function openHandlebars(dir: string, kind: 'html' | 'text'): typeof Handlebars {
  const handlebars = Handlebars.create();
  const percents = new Intl.NumberFormat('en', { style: 'percent' });
  handlebars.registerHelper('percent', (value: number) => percents.format(value / 100));
  handlebars.registerHelper(
    'url',
    function (this: Record<string, unknown>, field: string, { hash }: Handlebars.HelperOptions) {
      return this[field] ?? hash['or'];
    },
  );
  const ending = `.${kind}.hbs`;
  for (const file of readdirSync(join(dir, '_shared')).filter((name) => name.endsWith(ending)))
    handlebars.registerPartial(
      file.slice(0, -ending.length),
      readFileSync(join(dir, '_shared', file), 'utf8').trimEnd(),
    );
  return handlebars;
}
