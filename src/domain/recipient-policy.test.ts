import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseEmailAddress, parsePhoneNumber } from './address.ts';
import { isRecipientAllowed, parseAllowList, type RecipientPolicy } from './recipient-policy.ts';

const policy = allow('jo@example.com, @ok.test +15555550100 +1555556*');

describe('allowed', () => {
  test.each(['jo@example.com', 'JO@Example.com', 'anybody@ok.test', 'any.body+tag@OK.TEST'])(
    'email %s',
    (address) => {
      expect(isRecipientAllowed(policy, 'email', address)).toBe(true);
    },
  );

  test.each(['+15555550100', '+15555561234'])('number %s', (number) => {
    expect(isRecipientAllowed(policy, 'sms', number)).toBe(true);
  });
});

describe('not allowed', () => {
  test.each([
    // What a mail library has read as another recipient, or as more of them.
    'a@ok.test, b@evil.test',
    'a@ok.test,b@evil.test',
    'a@ok.test;b@evil.test',
    'g: b@evil.test;',
    'g:b@ok.test;',
    'a@evil.test (c)@ok.test',
    'a@evil.test(c)@ok.test',
    '"a@evil.test x"@ok.test',
    '"a"@ok.test',
    'a@evil.test@ok.test',
    '<a@ok.test>',
    'Jo <a@ok.test>',
    'a@ok.test\r\nRCPT TO:<b@evil.test>',
    'a@ok.test\n',
    ' a@ok.test',
    'a@ok.test\u0000',
    // Neighbours of an allowed domain.
    'a@sub.ok.test',
    'a@notok.test',
    'a@ok.test.evil.test',
    'a@ok.test.',
    'a@ok.tes',
    'a@[127.0.0.1]',
    // Look-alikes.
    'a@οk.test',
    'a@ok.tеst',
    'a@ok。test',
    'a＠ok.test',
    'jо@example.com',
    'jo@xn--exmple-4nf.com',
    'joe@example.com',
    'jo+x@example.com',
    '@ok.test',
    '',
  ])('email %j', (address) => {
    expect(isRecipientAllowed(policy, 'email', address)).toBe(false);
  });

  test.each([
    '+15555550101',
    '+155555501000',
    '15555550100',
    '+1 5555550100',
    '+155555',
    '+15555550100,+15555550999',
    '+1555556123*',
  ])('number %j', (number) => {
    expect(isRecipientAllowed(policy, 'sms', number)).toBe(false);
  });

  test('an entry of one channel on the other', () => {
    expect(isRecipientAllowed(policy, 'sms', 'jo@example.com')).toBe(false);
    expect(isRecipientAllowed(policy, 'email', '+15555550100')).toBe(false);
  });

  test('anybody by an empty list', () => {
    expect(isRecipientAllowed(allow(''), 'email', 'jo@example.com')).toBe(false);
  });

  test('what is not one plain address, even when everyone is allowed', () => {
    expect(isRecipientAllowed({ kind: 'everyone' }, 'email', 'a@ok.test, b@ok.test')).toBe(false);
    expect(isRecipientAllowed({ kind: 'everyone' }, 'email', 'a@ok.test')).toBe(true);
  });
});

test('a redirect allows the channels that it has an address for', () => {
  const email = parseEmailAddress('inbox@ours.test');
  const phone = parsePhoneNumber('+15555550199');
  if (!email.ok || !phone.ok) throw new Error('bad example');
  expect(isRecipientAllowed({ kind: 'redirect', email: email.value }, 'email', 'eve@evil.test')).toBe(true);
  expect(isRecipientAllowed({ kind: 'redirect', email: email.value }, 'sms', '+15555550123')).toBe(false);
  expect(isRecipientAllowed({ kind: 'redirect', phone: phone.value }, 'sms', '+15555550123')).toBe(true);
});

test('whatever is allowed by a domain ends in @ and that domain, and has one @', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...'ab@.,;:<>()" ok.test\r\n'.split('')), maxLength: 40 }),
      (address) => {
        if (!isRecipientAllowed(allow('@ok.test'), 'email', address)) return;
        expect(address.toLowerCase()).toMatch(/^[^@,;:<>()"\s]+@ok\.test$/);
      },
    ),
  );
});

describe('an allow list', () => {
  test.each([
    ['jo@', 'entry 1'],
    ['jo@example.com *@ok.test', 'entry 2'],
    ['@com', 'entry 1'],
    ['@.ok.test', 'entry 1'],
    ['*', 'entry 1'],
    ['@*.ok.test', 'entry 1'],
    ['+1*', 'entry 1: a number prefix is +, at least six digits'],
    ['+1555*5', 'entry 1'],
    ['15555550100', 'entry 1'],
  ])('%j is refused whole, naming the entry', (text, fault) => {
    expect(parseAllowList(text)).toMatchObject({ ok: false, errors: [expect.stringContaining(fault)] });
  });

  test('lists every error', () => {
    expect(parseAllowList('a, @ok.test, b')).toMatchObject({
      ok: false,
      errors: [expect.any(String), expect.any(String)],
    });
  });
});

function allow(text: string): RecipientPolicy {
  const parsed = parseAllowList(text);
  if (!parsed.ok) throw new Error(parsed.errors.join('; '));
  return { kind: 'allow-list', entries: parsed.entries };
}
