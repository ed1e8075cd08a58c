import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressRepairs, domainOf, parseEmailAddress, parsePhoneNumber } from './address.ts';
import { channelTable } from './channel.ts';
import { maskEmail, maskPhone } from './mask.ts';

describe('parseEmailAddress', () => {
  test.each([
    ['jo@example.com', 'jo@example.com'],
    ['Jo.O-x+tag@EXAMPLE.Com', 'Jo.O-x+tag@example.com'],
    ['a-b=c/d+SRS0=x=y=example.org=z@example.com', 'a-b=c/d+SRS0=x=y=example.org=z@example.com'],
    ["o'neil@xn--bcher-kva.example", "o'neil@xn--bcher-kva.example"],
  ])('%s is taken, its domain in lower case', (text, value) => {
    expect(parseEmailAddress(text)).toEqual({ ok: true, value });
  });

  test.each([
    ['', 'empty'],
    [`${'a'.repeat(65)}@example.com`, 'bad-local-part'],
    [`a@${'b'.repeat(250)}.test`, 'too-long'],
    ['jo@exämple.test', 'not-plain-ascii'],
    ['jo @example.com', 'not-plain-ascii'],
    ['jo@example.com\r\nBcc: x@y.test', 'not-plain-ascii'],
    ['a@example.com,b@example.com', 'not-one-address'],
    ['Jo<jo@example.com>', 'not-one-address'],
    ['jo(comment)@example.com', 'not-one-address'],
    ['group:jo@example.com;', 'not-one-address'],
    ['"jo"@example.com', 'not-one-address'],
    ['jo@[127.0.0.1]', 'not-one-address'],
    ['a@b@example.com', 'not-one-address'],
    ['@example.com', 'not-one-address'],
    ['jo', 'not-one-address'],
    ['.jo@example.com', 'bad-local-part'],
    ['j..o@example.com', 'bad-local-part'],
    ['jo@localhost', 'bad-domain'],
    ['jo@127.0.0.1', 'bad-domain'],
    ['jo@-a.test', 'bad-domain'],
    ['jo@a..test', 'bad-domain'],
    ['x%other.test@example.com', 'leads-elsewhere'],
    ['other.test!x@example.com', 'leads-elsewhere'],
    ['|id@example.com', 'leads-elsewhere'],
    ['a|b@example.com', 'leads-elsewhere'],
    ['-oQ/tmp@example.com', 'leads-elsewhere'],
    ['/var/mail/x@example.com', 'leads-elsewhere'],
    ['/C=US/A=x/S=jo/@example.com', 'leads-elsewhere'],
    ['=?utf-8?q?jo?=@example.com', 'leads-elsewhere'],
    ['${run{id}}@example.com', 'leads-elsewhere'],
  ] as const)('%j is refused as %s, with a repair', (text, fault) => {
    expect(parseEmailAddress(text)).toEqual({ ok: false, error: fault });
    expect(addressRepairs[fault]).not.toBe('');
  });

  test('whatever is taken has one @, no space, no list, and parses to itself', () => {
    fc.assert(
      fc.property(fc.oneof(fc.emailAddress(), fc.string()), (text) => {
        const parsed = parseEmailAddress(text);
        if (!parsed.ok) return;
        expect(parsed.value).toMatch(/^[^@\s,;<>()[\]"\\]+@[a-z0-9.-]+$/);
        expect(parseEmailAddress(parsed.value)).toEqual(parsed);
        expect(parsed.value.endsWith(`@${domainOf(parsed.value)}`)).toBe(true);
      }),
    );
  });
});

describe('parsePhoneNumber', () => {
  test.each(['+15555550123', '+1234567', '+123456789012345'])('%s is taken', (text) => {
    expect(parsePhoneNumber(text)).toEqual({ ok: true, value: text });
  });
  test.each([
    '15555550123',
    '+05555550123',
    '+123456',
    '+1234567890123456',
    '+1 555 555 0123',
    '+15555550123\n',
    '+1555555012٣',
  ])('%j is refused', (text) => {
    expect(parsePhoneNumber(text)).toEqual({ ok: false, error: 'not-e164' });
  });
});

describe('masks', () => {
  test('have the forms that the log promises', () => {
    expect(channelTable.sms.maskAddress('+15555553456')).toBe('+1555****3456');
    expect(channelTable.email.maskAddress('jo.smith@example.com')).toBe('j***@example.com');
  });
  test.each(['', 'nobody', '@example.com', 'a b@example.com', 'a@example.com\nb'])(
    '%j is masked whole',
    (text) => {
      expect(maskEmail(text)).toBe('***');
    },
  );
  test.each(['', '12345678901', '+123456789', '+1555555345a'])('%j is masked whole', (text) => {
    expect(maskPhone(text)).toBe('+****');
  });

  test('never show more of a mailbox than its first letter', () => {
    fc.assert(
      fc.property(fc.emailAddress(), (address) => {
        const local = address.slice(0, address.lastIndexOf('@'));
        expect(maskEmail(address)).toBe(`${local.slice(0, 1)}***@${address.slice(local.length + 1)}`);
      }),
    );
  });

  test('hide at least three digits of every number, and its length', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^\+[1-9]\d{6,14}$/), (phone) => {
        const masked = maskPhone(phone);
        const shown = masked.replaceAll(/\D/g, '').length;
        expect(phone.length - 1 - shown).toBeGreaterThanOrEqual(3);
        expect([5, 13]).toContain(masked.length);
      }),
    );
  });
});
