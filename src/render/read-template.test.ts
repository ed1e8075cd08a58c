import Handlebars from 'handlebars';
import { describe, expect, test } from 'vitest';
import { readTemplate } from './read-template.ts';
import { SchemaReader } from './schema-reader.ts';

const schema = new SchemaReader({
  type: 'object',
  required: ['title', 'amount', 'due', 'link', 'items'],
  properties: {
    title: { type: 'string' },
    subtitle: { type: 'string' },
    amount: { type: 'string' },
    currency: { type: 'string' },
    due: { type: 'string' },
    link: { type: 'string', format: 'uri' },
    items: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name'],
        properties: { name: { type: 'string' }, note: { type: 'string' } },
      },
    },
  },
});

function read(text: string, partials: Readonly<Record<string, string>> = {}) {
  const parsed = Object.entries(partials).map(([name, part]) => [name, Handlebars.parse(part)] as const);
  return readTemplate(Handlebars.parse(text, { srcName: 'email.html.hbs' }), {
    schema,
    partials: new Map(parsed),
    brandNames: ['name'],
  });
}

describe('what a template reads and no good data has', () => {
  test.each([
    ['a name with a slip', '{{titel}}', /titel.*title/],
    ['an optional field without a guard', '{{subtitle}}', /subtitle.*optional|guard|if/],
    ['a field of the items', '{{#each items}}{{nane}}{{/each}}', /nane.*name/],
    ['an optional field of the items', '{{#each items}}{{note}}{{/each}}', /note/],
    ['an argument of a helper', '{{date duu}}', /duu.*due/],
    ['the condition of a block', '{{#if titel}}x{{/if}}', /titel.*title/],
    ['the other branch', '{{#if title}}x{{else}}{{titel}}{{/if}}', /titel/],
    ['an outer field from a loop', '{{#each items}}{{../titel}}{{/each}}', /titel/],
    ['the whole data', '{{#each items}}{{@root.titel}}{{/each}}', /titel/],
    ['a name of the brand', '{{@brand.nane}}', /nane.*name/],
    ['a block parameter', '{{#each items as |item|}}{{item.nane}}{{/each}}', /nane/],
    ['a literal', '{{"title"}}', /title|literal/],
  ])('%s', (_what, text, detail) => {
    const { errors } = read(text);
    expect(errors).toHaveLength(1);
    expect(errors[0]?.detail).toMatch(detail);
    expect(errors[0]).toMatchObject({ line: 1 });
  });

  test('within a partial, told once', () => {
    const { errors } = read('{{> box}}', { box: '<p>{{titel}}</p>' });
    expect(errors).toHaveLength(1);
    expect(errors[0]?.detail).toMatch(/titel/);
  });
});

describe('what is there', () => {
  test.each([
    '{{title}} {{money amount "USD"}} {{date due}} {{url "link"}}',
    '{{#if subtitle}}{{subtitle}}{{/if}}',
    '{{#unless subtitle}}none{{else}}{{subtitle}}{{/unless}}',
    '{{#with subtitle}}{{this}}{{/with}}',
    '{{#each items}}{{name}} {{#if note}}{{note}}{{/if}} {{@index}} {{../title}}{{/each}}',
    '{{#each items as |item|}}{{item.name}}{{/each}}',
    '{{@root.title}} {{@brand.name}}',
  ])('%s', (text) => {
    expect(read(text).errors).toEqual([]);
  });
});

describe('the uses that the door judges data by', () => {
  test.each([
    ['as text', '{{title}}', { path: ['title'], as: 'text' }],
    ['as a date', '{{date due}}', { path: ['due'], as: 'date' }],
    [
      'as money, in its currency',
      '{{money amount title}}',
      { path: ['amount'], as: 'money', beside: ['title'] },
    ],
    ['as a link', '{{url "link"}}', { path: ['link'], as: 'url' }],
    ['of every item', '{{#each items}}{{name}}{{/each}}', { path: ['items', '*', 'name'], as: 'text' }],
    ['under a block', '{{#if title}}{{date due}}{{/if}}', { path: ['due'], as: 'date' }],
    ['in a partial', '{{> box}}', { path: ['title'], as: 'text' }],
  ])('%s', (_what, text, use) => {
    const { errors, uses } = read(text, { box: '{{title}}' });
    expect(errors).toEqual([]);
    expect(uses).toContainEqual(use);
  });

  test('each once, however often it is printed', () => {
    expect(read('{{title}} {{title}} {{#if title}}{{title}}{{/if}}').uses).toEqual([
      { path: ['title'], as: 'text' },
    ]);
  });
});
