import { describe, expect, test } from 'vitest';
import type { DirectoryResult } from '../domain/recipient.ts';
import { createPersonSchema, parsePerson } from './directory.ts';

const parse = (person: object): DirectoryResult =>
  parsePerson(createPersonSchema('student_id').parse({ student_id: 's1', ...person }));

describe('parsePerson', () => {
  test('takes a whole person', () => {
    expect(
      parse({
        name: 'Jo Smith',
        email: 'jo@EXAMPLE.com',
        phone: '+15555550123',
        locale: 'fr-CA',
        time_zone: 'America/Toronto',
      }),
    ).toEqual({
      kind: 'found',
      recipient: {
        id: 's1',
        name: 'Jo Smith',
        email: 'jo@example.com',
        phone: '+15555550123',
        locale: 'fr-CA',
        timeZone: 'America/Toronto',
      },
    });
  });

  test('absent, null and blank all mean absent', () => {
    const bare = { kind: 'found', recipient: { id: 's1', locale: 'en', timeZone: 'UTC' } };
    expect(parse({})).toEqual(bare);
    expect(parse({ name: null, email: null, phone: null, locale: null, time_zone: null })).toEqual(bare);
    expect(parse({ name: ' ', email: '', phone: ' ', locale: '', time_zone: '' })).toEqual(bare);
  });

  test.each([
    [{ email: 'jo@example.com,eve@evil.test' }, 'email', 'not-one-address'],
    [{ email: 'Jo <jo@example.com>' }, 'email', 'not-plain-ascii'],
    [{ email: 'jo@example' }, 'email', 'bad-domain'],
    [{ phone: '555 555 0123' }, 'phone', 'not-e164'],
    [{ phone: '1'.repeat(50) }, 'phone', 'not-e164'],
    [{ email: 'eve%evil.test@example.com' }, 'email', 'leads-elsewhere'],
    [{ email: 'jo@example', phone: '0555' }, 'email', 'bad-domain'],
  ])('refuses %j, naming field and error and never the address', (person, field, error) => {
    const result = parse(person);
    expect(result).toMatchObject({
      kind: 'refused',
      detail: expect.stringContaining(`${field} in the directory`),
    });
    expect(result).toMatchObject({ detail: expect.stringContaining(error) });
    for (const address of Object.values(person)) expect(JSON.stringify(result)).not.toContain(address);
  });

  test.each([
    [
      { email: 'jo@example.com', phone: '(555) 555-0142' },
      { email: 'jo@example.com' },
      { channel: 'sms', detail: expect.stringContaining('phone in the directory is not usable (not-e164)') },
    ],
    [
      { email: 'jo@example.com,eve@evil.test', phone: '+15555550142' },
      { phone: '+15555550142' },
      { channel: 'email', detail: expect.stringContaining('not-one-address') },
    ],
  ])('of %j the good address is used, and the bad one is a remark', (person, good, remark) => {
    const result = parse(person);
    expect(result).toEqual({
      kind: 'found',
      recipient: { id: 's1', locale: 'en', timeZone: 'UTC', ...good },
      remarks: [remark],
    });
    expect(JSON.stringify(result)).not.toMatch(/evil|0142\)|555\)/);
  });

  test.each([
    [{ name: 'Jo\r\nBcc: eve@evil.test' }, 'Jo Bcc: eve@evil.test'],
    [{ name: '\u202Eevil\u202C' }, 'evil'],
    [{ name: 'Jo\u200F \u061CSmith\u2067' }, 'Jo Smith'],
    [{ name: '\u200E\u200F' }, undefined],
    [{ name: '  Jo \t Smith ' }, 'Jo Smith'],
    [{ first_name: 'Jo' }, 'Jo'],
    [{ name: 'Jo Smith', first_name: 'Jo' }, 'Jo Smith'],
    [{ name: 'x'.repeat(201) }, undefined],
  ])('the name of %j is one safe line', (person, name) => {
    const result = parse(person);
    expect(result.kind === 'found' ? result.recipient.name : result).toBe(name);
  });

  test.each([
    [
      { locale: 'not a locale', time_zone: 'Moon/Base' },
      { locale: 'en', timeZone: 'UTC' },
    ],
    [
      { locale: 'fr_CA', time_zone: 'america/toronto' },
      { locale: 'fr-CA', timeZone: 'America/Toronto' },
    ],
    [{ locale: 'ZH_hant_tw' }, { locale: 'zh-Hant-TW', timeZone: 'UTC' }],
  ])('the locale and zone of %j are canonical, or the default', (person, expected) => {
    expect(parse(person)).toMatchObject({ recipient: expected });
  });

  test('a number may serve as id, and members that we do not know are dropped', () => {
    const result = parse({ student_id: 17, bypass_suppression: true });
    expect(result).toEqual({ kind: 'found', recipient: { id: '17', locale: 'en', timeZone: 'UTC' } });
  });
});

test.each(['applicant_ref', 'id', 'email'])('the id may stand in the field %s', (idField) => {
  const person = { name: 'Jo', student_id: 's1', [idField]: 'jo@example.com' };
  expect(createPersonSchema(idField).parse(person)).toMatchObject({ id: 'jo@example.com', name: 'Jo' });
  const { error } = createPersonSchema(idField).safeParse({ student_id: 's1' });
  expect(error?.issues.map(({ path }) => path)).toEqual([[idField]]);
});
