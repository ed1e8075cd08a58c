import fc, { type Arbitrary } from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { IncomingEvent } from '../../src/domain/event.ts';
import type { Recipient } from '../../src/domain/recipient.ts';
import { openTemplates } from '../../src/plan/check-templates.ts';
import { createValues, type Schema } from '../support/schema-arbitrary.ts';

/**
 * What the door accepts, the renderer can render: whatever data the schema of a template lets in, in every script, and
 * whoever reads it wherever and whenever.
 */
let nowMs = 0;
const { catalog, renderer } = openTemplates({
  dir: 'templates',
  allowedLinkHosts: ['app.example.com'],
  now: () => nowMs,
});

/** Add a line: it is put into every text of every template. */
const texts = [
  'Priya',
  'Jo Smith-Jones',
  'Νίκος Παπαδόπουλος, υποτροφία για το πανεπιστήμιο',
  'Стипендия имени Ломоносова для студентов первого курса',
  '北方奨学金 2026/27',
  '장학금 안내',
  'منحة الشمال للطلاب',
  'כתב זכות',
  'می‌خواهم',
  'ทุนการศึกษาสำหรับนักเรียน',
  'प्रथम छात्रवृत्ति',
  'Cafe\u0301 Zoe\u0308',
  '👩‍👩‍👧‍👦🎓🇨🇦',
  'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft',
  'a'.repeat(80),
  'Ж'.repeat(80),
  '{^}~[]|\\€'.repeat(8),
  'line one\nline two\tand a tab',
  '\u200f\u200eabc\u061c',
  '<b>bold</b> & "quoted" \'so\'',
  '{{@brand.name}} {{#if x}}',
  '=?utf-8?b?aGk=?=',
  'B12 award No. 1234567, 10.000.000',
  'e.g. the U.S. award v2.0',
  'claim at evil-bank.example.net/claim',
  'https://app.example.com/apply?id=1',
  'https://evil.example/x',
  'call +1 555 555 0123',
  'mail me: jo@example.com',
  ' ',
  '\u200b\u2060',
];
const text = fc.oneof(fc.constantFrom(...texts), fc.string({ unit: 'grapheme', maxLength: 80 }));
const instants = [
  '2026-12-04',
  '2026-12-04T22:00:00Z',
  '2026-12-04 22:00+02',
  '2026-12-31T23:59:60Z',
  '1000-01-01T00:00:00Z',
  '9999-12-31T23:59:59-12:00',
];
const links = ['https://app.example.com/', 'https://app.example.com/a?b=c#d', 'https://evil.example/'];
const amounts = ['29.00', '0.00', '999999999999.99', '1500', '1.234'];

/** Values as the schema has them, with the hostile ones where it takes a text. */
function createData(schema: Schema): Arbitrary<Record<string, unknown>> {
  const members = Object.entries(schema.properties ?? {}).map(([name, one]) => [name, createField(one)] as const);
  return fc.record(Object.fromEntries(members), {
    requiredKeys: [...(schema.required ?? [])],
    noNullPrototype: true,
  });
}

function createField(schema: Schema): Arbitrary<unknown> {
  const { type, items = {}, minItems = 0 } = schema;
  if (type === 'array') return fc.array(createField(items), { minLength: minItems, maxLength: 4 });
  if (type === 'object') return createData(schema);
  return type === 'string' ? createText(schema) : createValues(schema, () => ({}));
}

function createText({ format, anyOf, pattern, minLength = 0, maxLength = 80 }: Schema): Arbitrary<string> {
  if (format === 'uri') return fc.constantFrom(...links);
  if (format === 'currency') return fc.constantFrom('USD', 'JPY', 'KWD', 'EUR');
  if (format !== undefined || anyOf !== undefined) return fc.constantFrom(...instants);
  if (pattern !== undefined) return fc.constantFrom(...amounts);
  return text.map((some) => some.slice(0, maxLength).padEnd(minLength, 'x'));
}

const readers = fc.record({
  locale: fc.constantFrom('en', 'en-GB', 'fr', 'fr-CA', 'ar', 'ja', 'zh-TW', 'de-CH'),
  timeZone: fc.constantFrom('UTC', 'Pacific/Chatham', 'America/St_Johns', 'Asia/Kathmandu', 'Pacific/Kiritimati'),
  name: fc.option(text, { nil: undefined }),
  atMs: fc.constantFrom(0, Date.UTC(2026, 10, 25, 22, 45), Date.UTC(2030, 8, 23, 10, 45)),
});

describe.each(catalog.types())('%s', (type) => {
  const source = catalog.templates.find((template) => template.type === type);
  const data = createData(source?.schema ?? {});
  const tally = { taken: 0, refused: 0 };

  test('what the door accepts is rendered on every channel, for whoever reads it', () => {
    fc.assert(
      fc.property(data, readers, fc.boolean(), (given, reader, isNamed) => {
        fc.pre(catalog.checkData(type, given).length === 0);
        const { name, locale, timeZone, atMs } = reader;
        const recipient = { email: 'jo@example.com', phone: '+15555550123', locale, timeZone, name };
        const event = { type, data: given, ...(isNamed ? { recipient } : {}) } as unknown as IncomingEvent;
        const { data: faults, recipientName } = renderer.checkDrafts(event);
        // What is refused is told by the place of a field that there is.
        for (const { pointer } of faults) expect(readAt(given, pointer)).not.toBe(undefined);
        const isRefused = faults.length > 0 || recipientName !== undefined;
        tally[isRefused ? 'refused' : 'taken'] += 1;
        fc.pre(!isRefused);
        nowMs = atMs;
        for (const channel of source?.channels ?? []) {
          const to = { name: name ?? '' } satisfies Pick<Recipient, 'name'>;
          const draft = renderer.render({ template: type, channel, locale, timeZone, data: given, recipient: to });
          expect(draft.channel).toBe(channel);
        }
      }),
      { numRuns: 300, maxSkipsPerRun: 200 },
    );
    // Neither everything nor nothing is refused, or this would prove little.
    expect(tally.taken).toBeGreaterThan(100);
    expect(tally.refused).toBeGreaterThan(5);
  });
});

function readAt(data: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], data);
}
