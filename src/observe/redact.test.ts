import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';

import { parseEmailAddress } from '../domain/address.ts';
import { isSecretKey, redactText, registerSecrets } from './redact.ts';

const atom = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,12}$/);
const label = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,8}[a-z0-9])?$/);
const emailAddress = fc
  .tuple(fc.array(atom, { minLength: 1, maxLength: 3 }), fc.array(label, { minLength: 1, maxLength: 3 }))
  .map(([local, domain]) => `${local.join('.')}@${domain.join('.')}.test`)
  // A local part with stars may be a mask already, its own or another's.
  .filter((address) => parseEmailAddress(address).ok && !address.includes('*'));
const phoneNumber = fc.stringMatching(/^\+[1-9]\d{6,14}$/);
const base64url = fc.stringMatching(/^[A-Za-z0-9_-]{2,40}$/);
const jwt = fc.tuple(base64url, base64url, base64url).map(([a, b, c]) => `eyJ${a}.${b}.${c}`);
const context = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('@', '"', 'to=', 'mailto:', '%40', '+', '\\', '<', 'a@', '\u2028', '550 5.1.1 <', '.', '-'),
);

describe('redactText', () => {
  test('no email address survives, whatever stands around it', () => {
    fc.assert(
      fc.property(context, emailAddress, context, (before, address, after) => {
        expect(redactText(before + address + after)).not.toContain(address);
      }),
      { numRuns: 2000 },
    );
  });

  test('no E.164 number survives, whatever stands around it', () => {
    fc.assert(
      fc.property(context, phoneNumber, context, (before, number, after) => {
        expect(redactText(before + number + after)).not.toContain(number);
      }),
      { numRuns: 2000 },
    );
  });

  test('no JWT survives, nor its payload, whatever stands around it', () => {
    fc.assert(
      fc.property(context, jwt, context, (before, token, after) => {
        const redacted = redactText(before + token + after);
        expect(redacted).not.toContain(token);
        expect(redacted).not.toContain(token.split('.').slice(0, 2).join('.'));
      }),
      { numRuns: 2000 },
    );
  });

  test('many addresses in one text are all masked', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(emailAddress, phoneNumber), { minLength: 1 }), (addresses) => {
        const redacted = redactText(addresses.join(', '));
        for (const address of addresses) expect(redacted).not.toContain(address);
      }),
    );
  });

  test.each([
    ['550 5.1.1 <jo.smith@example.com>: no such user', '550 5.1.1 <j***@example.com>: no such user'],
    ['https://sms.example.com/?To=%2B15555550123 failed', 'https://sms.example.com/?To=+1555****0123 failed'],
    ['user=jo%40example.com', 'u***@example.com'],
    ['"jo smith"@example.com', '"***@example.com'],
    ['call +1 (555) 555-0123 now', 'call +1555****0123 now'],
    ['short +5555555', 'short +****'],
    ['jo@[127.0.0.1] refused', 'j***@[127.0.0.1] refused'],
    ['Authorization: Bearer abcdef.123456', 'Authorization: Bearer [token]'],
  ])('%s', (text, redacted) => {
    expect(redactText(text)).toBe(redacted);
  });

  test.each([
    'connect ECONNREFUSED 127.0.0.1:6379',
    'sent to j***@example.com and +1555****0123',
    '2026-11-20T18:00:00.000+01:00 mail.example.com said 250 2.0.0 Ok: queued as 4F1B2C',
    'msg_00abcdefghijklmnopqrstuvwx after 1763659000000 ms',
  ])('leaves readable what is not an address: %s', (text) => {
    expect(redactText(text)).toBe(text);
  });

  test('is idempotent', () => {
    fc.assert(
      fc.property(context, fc.oneof(emailAddress, phoneNumber, jwt), (before, found) => {
        const once = redactText(before + found);
        expect(redactText(once)).toBe(once);
      }),
    );
  });

  test('takes time in proportion to a hostile text', () => {
    const started = performance.now();
    for (const unit of ['a', '"', '+1', 'a.', '%40', '@', 'eyJ', '<', '"a', '+1 '])
      redactText(unit.repeat(100_000));
    expect(performance.now() - started).toBeLessThan(3000);
  });
});

describe('registerSecrets', () => {
  afterEach(() => registerSecrets([]));

  const secret = fc.oneof(fc.stringMatching(/^[!-~]{6,40}$/), fc.string({ minLength: 6, unit: 'binary' }));
  test.each<[string, (secret: string) => string]>([
    ['plain', (text) => text],
    ['in an address', encodeURIComponent],
    ['in JSON', JSON.stringify],
    ['in hexadecimal digits', (text) => Buffer.from(text).toString('hex')],
    ['as an SMTP login (RFC 4616)', (text) => Buffer.from(`\0some user\0${text}`).toString('base64')],
    ['as a Basic login', (text) => Buffer.from(`AC1234:${text}`).toString('base64')],
    ['in base64url', (text) => Buffer.from(`{"k":"${text}"}`).toString('base64url')],
  ])('a secret does not survive %s, whatever stands around it', (_how, write) => {
    fc.assert(
      fc.property(context, secret, context, (before, value, after) => {
        registerSecrets(['another one', value]);
        const written = redactText(`${before}|${write(value)}|${after}`);
        expect(written).not.toContain(write(value));
        expect([written, ...decodeRuns(written)].filter((text) => text.includes(value))).toEqual([]);
      }),
    );
  });

  test('a short one is no reason to spoil every text', () => {
    registerSecrets(['sent', '']);
    expect(redactText('it was sent')).toBe('it was sent');
  });
});

/** What somebody reads who decodes every run that may be base64, from any of its characters. */
function decodeRuns(text: string): string[] {
  const runs = text.match(/[\w+/-]{8,}/g) ?? [];
  return runs.flatMap((run) => [0, 1, 2, 3].map((from) => Buffer.from(run.slice(from), 'base64').toString()));
}

test('keys that hold secrets are known by name', () => {
  for (const key of [
    'authorization',
    'Authorization',
    'access_token',
    'clientSecret',
    'smtp_password',
    'set-cookie',
  ]) {
    expect(isSecretKey(key)).toBe(true);
  }
  for (const key of ['message_id', 'token_fault', 'token_failures']) expect(isSecretKey(key)).toBe(false);
});
