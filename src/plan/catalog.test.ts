import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loopHeldMsMax, measureWorkMs } from '../../test/support/measure-work.ts';
import type { FieldError } from '../domain/errors.ts';
import { InvalidTemplatesError } from '../render/template-error.ts';
import { loadCatalog } from './catalog.ts';
import { compileDataSchema } from './catalog-schema.ts';
import { checkTemplates, openTemplates, previewTemplate } from './check-templates.ts';

const catalog = loadCatalog('templates');
const deadline = {
  student_id: 's',
  scholarship_id: 'c',
  deadline: '2026-12-04T22:00:00Z',
  hours_remaining: 48,
};

describe('the first catalog', () => {
  test('has the five event types', () => {
    expect(catalog.types()).toEqual([
      'deadline_approaching',
      'new_match_found',
      'receipt',
      'weekly_digest',
      'welcome',
    ]);
  });

  test('has one promotional type, and nothing in its data can change that', () => {
    const promotional = catalog.types().filter((type) => catalog.find(type)?.category === 'promotional');
    expect(promotional).toEqual(['weekly_digest']);
    const raised = { matches: [{ scholarship_title: 'x', match_score: 1 }], category: 'transactional' };
    expect(catalog.checkData('weekly_digest', raised)).toContainEqual(
      expect.objectContaining({ pointer: '/category' }),
    );
  });

  test('tells an entry in the words of the code', () => {
    expect(catalog.find('deadline_approaching')).toMatchObject({
      type: 'deadline_approaching',
      channels: ['email', 'sms'],
      category: 'transactional',
      locales: ['en', 'fr'],
      defaultLocale: 'en',
      notAfter: { kind: 'field', field: 'deadline' },
      retry: { attemptsMax: 6, backOff: { baseMs: 5000, capMs: 900_000 }, horizonMs: 12 * 3_600_000 },
      onUnknown: 'ask',
      sms: { segmentsMax: 2, shorten: new Map([['scholarship_title', 16]]), omit: ['scholarship_title'] },
    });
    expect(catalog.find('welcome')?.notAfter).toEqual({ kind: 'after', afterMs: 72 * 3_600_000 });
    expect(catalog.find('nope')).toBeUndefined();
  });

  test('passes its own check', () => {
    expect(checkTemplates('templates')).toEqual([]);
  });

  test('renders with link hosts of a real deployment only', () => {
    const { renderer } = openTemplates({ dir: 'templates', allowedLinkHosts: ['real.test'], now: () => 0 });
    const request = {
      template: 'welcome',
      channel: 'email',
      locale: 'en',
      timeZone: 'UTC',
      recipient: {},
    } as const;
    expect(() => renderer.render({ ...request, data: { ctaUrl: 'https://evil.test/' } })).toThrow(
      /"ctaUrl" is not an https link to an allowed host/,
    );
    expect(renderer.render({ ...request, data: { ctaUrl: 'https://real.test/' } })).toMatchObject({
      channel: 'email',
    });
  });

  test('previews are the same on every run, and in the language asked for', () => {
    expect(previewTemplate('templates', 'deadline_approaching')).toEqual(
      previewTemplate('templates', 'deadline_approaching'),
    );
    expect(previewTemplate('templates', 'deadline_approaching', 'fr-CA')[0]).toMatchObject({
      subject: expect.stringContaining('clôture dans 2 jours'),
    });
  });
});

describe('the data of an event', () => {
  test.each([
    ['deadline_approaching', deadline],
    ['deadline_approaching', { ...deadline, deadline: '2026-12-04' }],
    ['new_match_found', { student_id: 's', scholarship_id: 'c', match_score: 0 }],
    ['new_match_found', { student_id: 's', scholarship_id: 'c', match_score: 100 }],
    ['welcome', {}],
    ['receipt', { amount: '29.00', credits: 150, txnId: 't', timestamp: '2026-12-02T14:05:00.000Z' }],
  ])('that %s needs is good', (type, data) => {
    expect(catalog.checkData(type, data)).toEqual([]);
  });

  test('has every error listed by pointer, with its repair', () => {
    const { student_id: _, ...rest } = deadline;
    const errors = catalog.checkData('deadline_approaching', {
      ...rest,
      deadline: 'soon',
      hours_remaining: '48',
      'a/b': 1,
    });
    expect(errors.map((error) => error.pointer).sort()).toEqual([
      '/a~1b',
      '/deadline',
      '/hours_remaining',
      '/student_id',
    ]);
    expect(errors).toContainEqual({ pointer: '/student_id', detail: expect.stringContaining('is required') });
    expect(errors).toContainEqual({
      pointer: '/deadline',
      detail: expect.stringContaining('2026-12-04T22:00:00Z'),
    });
    expect(errors).toContainEqual({
      pointer: '/a~1b',
      detail: expect.stringContaining('the fields are student_id'),
    });
  });

  test.each([-0.1, 100.1])('with a score of %d is out of range', (match_score) => {
    const data = { student_id: 's', scholarship_id: 'c', match_score };
    expect(catalog.checkData('new_match_found', data)).toEqual([
      { pointer: '/match_score', detail: expect.any(String) },
    ]);
  });

  test('with an error in a list is found by its index', () => {
    const data = { matches: [{ scholarship_title: 'x', match_score: 1 }, { scholarship_title: 'y' }] };
    expect(catalog.checkData('weekly_digest', data)).toEqual([
      { pointer: '/matches/1/match_score', detail: expect.stringContaining('is required') },
    ]);
  });

  const receipt = { credits: 1, txnId: 't', timestamp: '2026-12-02T14:05:00Z' };
  test.each<readonly [string, string | undefined, readonly string[]]>([
    ['29.00', 'USD', []],
    ['29', undefined, []],
    ['1500.00', 'JPY', []],
    ['1500', 'JPY', []],
    ['1500.00', 'XAF', []],
    ['12.345', 'KWD', []],
    ['12.34', 'KWD', []],
    ['1500000000.00', 'IDR', []],
    ['12.345', 'USD', ['/amount may have at most 2 decimals in this currency']],
    ['12.345', undefined, ['/amount may have at most 2 decimals in this currency']],
    ['1500.50', 'JPY', ['/amount has decimals, and this currency has none']],
    ['29.0', 'USD', ['/amount must match pattern']],
    ['29.00', 'ZZZ', ['/currency must match format']],
    ['29.00', 'XXX', ['/currency must match format']],
    ['29.00', 'usd', ['/currency must match format']],
  ])('with %s %s is judged by the decimals of its currency', (amount, currency, errors) => {
    const found = catalog.checkData('receipt', { ...receipt, amount, ...(currency && { currency }) });
    expect(found.map(({ pointer, detail }) => `${pointer} ${detail}`)).toEqual(
      errors.map((error) => expect.stringContaining(error) as string),
    );
  });

  test('with an amount that could be dollars or cents is refused', () => {
    expect(catalog.checkData('receipt', { ...receipt, amount: 29 })[0]?.detail).toContain('decimal string');
    expect(catalog.checkData('receipt', { ...receipt, amount: '29.0' })).toHaveLength(1);
  });
});

describe('bad data without end', () => {
  const match = { scholarship_title: 7, match_score: 'x', deadline: 'soon', apply_url: 'no', one: 1, two: 2 };
  const unknown = Object.fromEntries(Array.from({ length: 30_000 }, (_, index) => [`x${index}`, index]));

  /** What is wrong, the pointers that must be among the errors, how many there are at most. */
  const rows: readonly (readonly [string, string, object, readonly string[], number])[] = [
    [
      '14,700 bad matches: the length of the list is told, and the first ten and one',
      'weekly_digest',
      { matches: Array.from({ length: 14_700 }, () => match) },
      ['/matches', '/matches/0/one', '/matches/10/deadline'],
      80,
    ],
    ['30,000 unknown fields', 'welcome', unknown, ['/x0', '/x99'], 100],
    [
      'a field that is missing after 30,000 unknown ones',
      'new_match_found',
      { ...unknown, student_id: 's', scholarship_id: 'c' },
      ['/match_score', '/x0'],
      101,
    ],
    [
      'a title of 200,000 letters',
      'new_match_found',
      { student_id: 's', scholarship_id: 'c', match_score: 1, scholarship_title: 'a'.repeat(200_000) },
      ['/scholarship_title'],
      1,
    ],
    ['a link of 200,000 letters', 'welcome', { ctaUrl: `https://${'a.'.repeat(100_000)}` }, ['/ctaUrl'], 2],
    [
      'a date of 200,000 digits',
      'receipt',
      { amount: '1.00', credits: 1, txnId: 't', timestamp: `2026-12-04T22:00:00.${'1'.repeat(200_000)}Z` },
      ['/timestamp'],
      1,
    ],
    [
      'an amount of 200,000 digits',
      'receipt',
      { amount: '1'.repeat(200_000), credits: 1, txnId: 't', timestamp: '2026-12-04T22:00:00Z' },
      ['/amount'],
      3,
    ],
  ];

  test.each(rows)('%s', (_name, ...[type, data, pointers, errorsMax]) => {
    let errors: readonly FieldError[] = [];
    const ms = measureWorkMs(() => {
      errors = catalog.checkData(type, data as Record<string, unknown>);
    });
    const told = errors.map(({ pointer }) => pointer);
    expect(told).toEqual(expect.arrayContaining([...pointers]));
    expect(told.length).toBeLessThanOrEqual(errorsMax);
    expect(ms).toBeLessThan(loopHeldMsMax);
  });

  test.each<readonly [string, object, string]>([
    ['a text', { title: { type: 'string', minLength: 1 } }, 'at /properties/title takes texts of any length'],
    ['a text by its pattern', { title: { type: 'string', pattern: '^(a+)+$' } }, 'give a "maxLength"'],
    [
      'a list',
      { list: { type: 'array', items: { type: 'number' } } },
      'at /properties/list takes lists of any length',
    ],
    [
      'a text in a list',
      {
        list: {
          type: 'array',
          maxItems: 3,
          items: { type: 'object', properties: { name: { type: 'string' } } },
        },
      },
      'at /properties/list/items/properties/name',
    ],
    [
      'one of several',
      { at: { type: 'string', anyOf: [{ format: 'date' }, { format: 'uri' }] } },
      'at /properties/at',
    ],
  ])('a schema that sets no bound to %s is not taken', (_name, properties, words) => {
    const schema = { type: 'object', additionalProperties: false, properties };
    expect(() => compileDataSchema(schema, 'USD')).toThrow(words);
  });

  test('a schema is bounded by lengths, values, and formats of a length of their own', () => {
    const schema = {
      type: 'object',
      additionalProperties: false,
      properties: {
        a: { type: 'string', maxLength: 9 },
        b: { type: 'string', enum: ['x'] },
        c: { type: 'string', anyOf: [{ format: 'date' }, { format: 'date-time' }] },
        d: { $ref: '#/$defs/list' },
      },
      $defs: { list: { type: 'array', maxItems: 2, items: { type: 'string', const: 'y' } } },
    };
    const compiled = compileDataSchema(schema, 'USD');
    expect(compiled.checkData({ a: 'x', b: 'x', c: '2026-12-04', d: ['y'] })).toEqual([]);
    expect(
      compiled.checkData({ d: Array.from({ length: 50_000 }, () => 'z') }).map(({ pointer }) => pointer),
    ).toEqual(['/d', '/d/0', '/d/1', '/d/2']);
  });
});

describe('a catalog with an error does not load', () => {
  let dir = '';
  beforeEach(() => {
    dir = mkdtempSync(`${tmpdir()}/templates-`);
    cpSync('templates', dir, { recursive: true });
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  /** Changes one file and tells the errors found, with paths relative to the catalog. */
  function errorsAfter(file: string, from: string, to: string) {
    const path = `${dir}/${file}`;
    const source = readFileSync(path, 'utf8');
    if (!source.includes(from)) throw new Error(`${file} does not have ${from}`);
    writeFileSync(path, source.replace(from, to));
    return checkTemplates(dir).map((error) => ({ ...error, file: error.file.slice(dir.length + 1) }));
  }

  test.each([
    [
      'an unknown key',
      'welcome/manifest.yaml',
      'on_unknown:',
      'on_unknwon: ask\non_unknown:',
      7,
      'on_unknwon: this key is not known',
    ],
    ['a wrong category', 'welcome/manifest.yaml', 'transactional', 'urgent', 2, 'transactional, promotional'],
    [
      'too many attempts',
      'welcome/manifest.yaml',
      'attempts: 8',
      'attempts: 800',
      6,
      'retry.attempts: give at most 100',
    ],
    [
      'a not_after that is no date',
      'deadline_approaching/manifest.yaml',
      'field: deadline',
      'field: student_id',
      6,
      'student_id is not a date field',
    ],
    [
      'SMS without a maximum',
      'deadline_approaching/manifest.yaml',
      '  max_segments: 2\n',
      '',
      11,
      'max_segments',
    ],
    [
      'SMS that shortens what is not there',
      'deadline_approaching/manifest.yaml',
      'shorten: { scholarship_title: 16 }',
      'shorten: { scholarship_titel: 16 }',
      12,
      'sms.shorten.scholarship_titel: is no field of schema.json; did you mean scholarship_title?',
    ],
    [
      'SMS that leaves out what is required',
      'deadline_approaching/manifest.yaml',
      'omit: [scholarship_title]',
      'omit: [scholarship_id]',
      13,
      'sms.omit.scholarship_id: is required, so it cannot be left out',
    ],
    [
      'a channel without its member',
      'welcome/manifest.yaml',
      'channels: [email]',
      'channels: [email, sms]',
      4,
      'give sms: { max_segments: … } exactly when channels has sms',
    ],
    ['YAML that does not parse', 'welcome/manifest.yaml', 'title: Welcome', 'title: [', 2, 'cannot be read'],
    [
      'JSON that is not strict',
      'welcome/sample.json',
      '"firstName": "Priya",',
      '"firstName": "Priya", // who',
      1,
      'strict JSON',
    ],
    [
      'a sample against its schema',
      'welcome/sample.json',
      '"firstName"',
      '"firstname"',
      7,
      'data/firstname: is not a field',
    ],
    [
      'a schema that lets anything in',
      'welcome/schema.json',
      '"additionalProperties": false',
      '"additionalProperties": true',
      1,
      'additionalProperties',
    ],
    ['a brand colour', '_shared/brand.yaml', '"#1f6b4f"', 'green', 12, 'accent: give a colour'],
    [
      'an optional field without a guard',
      'welcome/email.text.hbs',
      'Good to have',
      '{{firstName}} Good to have',
      5,
      '{{#if firstName}}',
    ],
  ])('%s', (_, file, ...[from, to, line, detail]) => {
    expect(errorsAfter(file, from, to)).toContainEqual(
      expect.objectContaining({ file, line, detail: expect.stringContaining(detail) }),
    );
  });

  test('a misspelt part', () => {
    writeFileSync(`${dir}/welcome/emial.html.hbs`, 'x');
    expect(() => loadCatalog(dir)).toThrow(InvalidTemplatesError);
    expect(() => loadCatalog(dir)).toThrow(/emial\.html\.hbs: is not a part of a template/);
  });

  test('a folder without a schema', () => {
    rmSync(`${dir}/welcome/schema.json`);
    expect(() => loadCatalog(dir)).toThrow(/welcome\/schema\.json: is missing/);
  });
});
