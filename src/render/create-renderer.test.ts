import { describe, expect, test } from 'vitest';
import { makeOptions, plainParts, type Sources } from '../../test/support/note-template.ts';
import { createRenderer, type RendererOptions } from './create-renderer.ts';
import { RenderError, type RenderRequest } from './rendered.ts';
import { formatTemplateError, InvalidTemplatesError } from './template-error.ts';
import type { SharedPartial } from './template-source.ts';

function makeRequest(change: Partial<RenderRequest> = {}): RenderRequest {
  return {
    template: 'note',
    channel: 'sms',
    locale: 'en',
    timeZone: 'UTC',
    data: { name: 'Jo' },
    recipient: {},
    ...change,
  };
}

function startErrors(options: RendererOptions) {
  try {
    createRenderer(options);
  } catch (error) {
    if (error instanceof InvalidTemplatesError) return error.errors;
    throw error;
  }
  return [];
}

describe('a draft', () => {
  const renderer = createRenderer(makeOptions(plainParts));

  test('of an email has HTML with escaped data, and text and subject without', () => {
    const name = '<b>"Jo" & Co</b>';
    expect(renderer.render(makeRequest({ channel: 'email', data: { name } }))).toEqual({
      channel: 'email',
      subject: `Hi ${name}`,
      html: '<p>Hi &lt;b&gt;&quot;Jo&quot; &amp; Co&lt;/b&gt;</p>\n',
      text: `Hi ${name}\n`,
    });
  });

  test.each([
    ['Jo', 'Jo'],
    [' Jo\u202e ', 'Jo'],
    ['claim at evil.example.net/claim', 'claim at evil. example. net/claim'],
    ['see https://evil.test/x', undefined],
    ['+1 900 555 0123', undefined],
    [undefined, undefined],
  ])('of an email names %j in its To field as %j', (name, printed) => {
    const recipient = name === undefined ? {} : { name };
    const { name: to } = renderer.render(makeRequest({ channel: 'email', recipient })) as { name?: string };
    expect(to).toBe(printed);
  });

  test('has a subject of one line, whatever the data', () => {
    const draft = renderer.render(
      makeRequest({ channel: 'email', data: { name: 'Jo\r\nBcc: x\u2028y\u0000' } }),
    );
    expect(draft).toMatchObject({ subject: 'Hi Jo Bcc: x y' });
  });

  test('of a text message is counted, with typographic marks in their cheap form', () => {
    expect(renderer.render(makeRequest({ data: { name: '“Jo’s” – a\u202fb…' } }))).toEqual({
      channel: 'sms',
      body: 'Hi "Jo\'s" - a b...',
      encoding: 'GSM-7',
      segments: 1,
    });
  });

  test('with too many segments is refused, naming the alphabet and nothing of the data', () => {
    expect(() => renderer.render(makeRequest({ data: { name: `ç${'a'.repeat(70)}` } }))).toThrow(
      /2 segments.*1.*UCS-2 because of letters outside GSM-7\)$/,
    );
  });

  test.each([
    ['a missing field', { data: {} }, 'name'],
    ['an inherited name', { data: Object.create({ name: 'Jo' }) }, 'name'],
    ['an unknown time zone', { timeZone: 'Mars/Phobos' }, 'time zone'],
    ['an unknown template', { template: 'nope' }, 'no template nope'],
  ])('is refused for %s', (_, change, reason) => {
    const attempt = () => renderer.render(makeRequest(change));
    expect(attempt).toThrow(RenderError);
    expect(attempt).toThrow(reason);
  });

  test('is refused for a channel that the template does not have', () => {
    const { sms: _, ...emailOnly } = plainParts;
    const emailRenderer = createRenderer(makeOptions(emailOnly, { channels: ['email'] }));
    expect(() => emailRenderer.render(makeRequest())).toThrow('the template note has no sms');
  });

  test.each(['sms', 'email'] as const)(
    'of %s with a foreign link in any data is refused, naming the field',
    (channel) => {
      expect(() => renderer.render(makeRequest({ channel, data: { name: 'https://evil.test/x' } }))).toThrow(
        /"name" holds a link to a host that is not allowed/,
      );
      expect(() => renderer.render(makeRequest({ channel, data: { name: 'www.evil.test' } }))).toThrow(
        /"name" holds a web address/,
      );
    },
  );

  test('may lead to configured hosts and to those of the brand', () => {
    for (const name of ['https://links.example.com/a', 'https://app.example.com/b']) {
      expect(renderer.render(makeRequest({ data: { name } }))).toMatchObject({ body: `Hi ${name}` });
    }
  });

  test('never shows what lies behind an object', () => {
    const sms = '{{name}}[{{constructor}}{{__proto__}}{{#if toString}}seen{{/if}}]';
    const probe = createRenderer(makeOptions({ ...plainParts, sms }));
    expect(probe.render(makeRequest())).toMatchObject({ body: 'Jo[]' });
  });

  test('never runs an expression that came with the data', () => {
    expect(renderer.render(makeRequest({ data: { name: '{{brand}} {{#if x}}' } }))).toMatchObject({
      body: 'Hi {{brand}} {{#if x}}',
    });
  });
});

test('a template says how its language is written', () => {
  const html = '<p dir="{{@direction}}" align="{{@start}} {{@end}}">{{name}}</p>';
  const rtl = createRenderer(
    makeOptions({
      ...plainParts,
      'email.html': html,
      ...inLocale('ar', { ...plainParts, 'email.html': html }),
    }),
  );
  const draft = (locale: string) => rtl.render(makeRequest({ channel: 'email', locale }));
  expect(draft('ar-EG')).toMatchObject({ html: '<p dir="rtl" align="right left">Jo</p>\n' });
  expect(draft('en')).toMatchObject({ html: '<p dir="ltr" align="left right">Jo</p>\n' });
});

function inLocale(locale: string, sources: Sources): Sources {
  return Object.fromEntries(Object.entries(sources).map(([name, source]) => [`${locale}/${name}`, source]));
}

describe('the language of a draft', () => {
  const partials: readonly SharedPartial[] = [
    { name: 'bye', kind: 'text', file: 'bye', source: 'Bye' },
    { name: 'bye', kind: 'text', file: 'fr/bye', source: 'Au revoir', locale: 'fr' },
  ];
  const sources = {
    ...plainParts,
    sms: 'Hi {{name}}. {{> bye}} {{@locale}}',
    'fr/sms': 'Salut {{name}}. {{> bye}} {{@locale}}',
  };
  const renderer = createRenderer(makeOptions(sources, {}, partials));

  test.each([
    ['fr-CA', 'Salut Jo. Au revoir fr'],
    ['fr', 'Salut Jo. Au revoir fr'],
    ['de', 'Hi Jo. Bye en'],
    ['???', 'Hi Jo. Bye en'],
  ])('for %s falls back part by part of the tag', (locale, body) => {
    expect(renderer.render(makeRequest({ locale }))).toMatchObject({ body });
  });

  test('falls back for a channel that is not translated', () => {
    expect(renderer.render(makeRequest({ locale: 'fr', channel: 'email' }))).toMatchObject({
      subject: 'Hi Jo',
    });
  });
});

describe('the start is refused, naming file and line, for', () => {
  test.each([
    [
      'a block that is not closed',
      { 'email.html': '<p>\n{{#if name}}</p>' },
      'email.html.hbs:2',
      'Parse error',
    ],
    ['an unknown helper', { 'email.text': 'a\nb {{shout name}}' }, 'email.text.hbs:2', 'shout'],
    ['a field that is not there', { sms: 'a\n\n{{nmae}}' }, 'sms.hbs:3', '{{nmae}} is not there'],
    [
      'a helper that cannot print its value',
      { sms: 'a\n{{date name}}' },
      'sample.json',
      'does not render as sms in en: "name"',
    ],
    ['unescaped output in HTML', { 'email.html': 'a\nb\n{{{name}}}' }, 'email.html.hbs:3', 'unescaped'],
  ])('%s', (_, sources, place, detail) => {
    const lines = startErrors(makeOptions({ ...plainParts, ...sources })).map(formatTemplateError);
    expect(lines.filter((error) => error.startsWith(`templates/note/${place}: `)).join()).toContain(detail);
  });

  test('an error inside a shared partial, in the partial’s own file', () => {
    const partial: SharedPartial = {
      name: 'bye',
      kind: 'text',
      file: 'templates/_shared/bye.text.hbs',
      source: 'x\n{{nowhere}}',
    };
    const errors = startErrors(makeOptions({ ...plainParts, sms: '{{> bye}}\n\n' }, {}, [partial]));
    expect(errors).toContainEqual(
      expect.objectContaining({ file: 'templates/_shared/bye.text.hbs', line: 2 }),
    );
  });

  test('HTML without text, in every locale', () => {
    const { 'email.text': _, ...noText } = plainParts;
    expect(startErrors(makeOptions(noText))).toContainEqual(
      expect.objectContaining({
        file: 'templates/note/email.text.hbs',
        detail: expect.stringContaining('missing'),
      }),
    );
    expect(
      startErrors(makeOptions({ ...plainParts, 'fr/email.html': 'x' })).map((error) => error.file),
    ).toEqual(['templates/note/fr/email.subject.hbs', 'templates/note/fr/email.text.hbs']);
  });

  test('a sample that is too long for its text message', () => {
    const errors = startErrors(makeOptions({ ...plainParts, sms: 'a'.repeat(161) }));
    expect(errors).toEqual([
      { file: 'templates/note/sample.json', detail: expect.stringMatching(/sms in en: .*2 segments/) },
    ]);
  });

  test('a link of the template itself to a foreign host', () => {
    const errors = startErrors(
      makeOptions({ ...plainParts, 'email.html': '<a href="https://evil.test">{{name}}</a>' }),
    );
    expect(errors).toContainEqual(
      expect.objectContaining({ detail: expect.stringContaining('the template brings a link') }),
    );
  });

  test('a part that no channel uses', () => {
    expect(startErrors(makeOptions(plainParts, { channels: ['email'] }))).toEqual([
      { file: 'templates/note/sms.hbs', detail: expect.stringContaining('never used') },
    ]);
  });

  test('unescaped output inside a block of a shared partial', () => {
    const frame: SharedPartial = {
      name: 'frame',
      kind: 'html',
      file: 'frame',
      source: '{{> @partial-block}}',
    };
    const html = '{{#> frame}}\n{{#*inline "x"}}{{&name}}{{/inline}}\n{{/frame}}';
    expect(startErrors(makeOptions({ ...plainParts, 'email.html': html }, {}, [frame]))).toEqual([
      { file: 'templates/note/email.html.hbs', line: 2, detail: expect.stringContaining('unescaped') },
    ]);
  });

  test('several errors at once, all of them listed', () => {
    expect(startErrors(makeOptions({ ...plainParts, sms: '{{#if', 'email.text': '{{/if}}' }))).toHaveLength(
      2,
    );
  });
});

describe('the version of a template', () => {
  const version = (options: RendererOptions) => createRenderer(options).templateVersion('note');

  test('is the same for the same sources and another for any change', () => {
    const first = version(makeOptions(plainParts));
    expect(first).toMatch(/^[0-9a-f]{16}$/);
    expect(version(makeOptions(plainParts))).toBe(first);
    expect(version(makeOptions({ ...plainParts, sms: 'Hello {{name}}' }))).not.toBe(first);
    expect(version(makeOptions(plainParts, { settings: [{ file: 'm', source: 'title: Other' }] }))).not.toBe(
      first,
    );
    const partial: SharedPartial = { name: 'bye', kind: 'text', file: 'bye', source: 'Bye' };
    expect(version(makeOptions(plainParts, {}, [partial]))).not.toBe(first);
  });

  test('of an unknown template is refused', () => {
    expect(() => createRenderer(makeOptions(plainParts)).templateVersion('nope')).toThrow(RenderError);
  });
});
