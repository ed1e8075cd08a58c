import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import MailComposer from 'nodemailer/lib/mail-composer';
import PostalMime from 'postal-mime';
import { describe, expect, test } from 'vitest';
import { anEmail, anEmailAddress } from '../../../test/support/outgoing-messages.ts';
import type { EmailAddress } from '../../domain/address.ts';
import type { OutgoingEmail } from '../provider.ts';
import { type ComposedEmail, createEmailComposer } from './compose-email.ts';

/** What reads as another text once decoded (RFC 2047), or would on some reader. Add a line for a new disguise. */
const encodedWordLookAlikes = [
  `=?utf-8?b?${Buffer.from('https://evil.test/claim').toString('base64')}?=`,
  `=?UTF-8?B?${Buffer.from('a\u202egpj.exe').toString('base64')}?= in a sentence`,
  'Jo =?utf-8?q?=68ttps=3A//evil=2Etest?=',
  '=?iso-8859-1?Q?a?= =?iso-8859-1?Q?b?=',
  '=?utf-8?Q?spans a space?=',
  '"=?utf-8?b?ZXZpbA==?=" <eve@evil.test>',
  '=?utf-8*en?b?ZXZpbA==?=',
  '=?x-unknown?b?ZXZpbA==?=',
  '=?utf-8?x?ZXZpbA==?=',
  'Zoë =?utf-8?b?ZXZpbA==?=',
  '=?',
  'what is 2=?',
  `=?utf-8?b?${Buffer.from('x'.repeat(150)).toString('base64')}?=`,
];

describe('what is composed', () => {
  test('has both parts, the stable Message-ID, and says that a machine wrote it', async () => {
    const { raw, envelope } = await compose(
      anEmail({ subject: 'Deadline für Zoë ✓', text: 'Hello\n.\nend' }),
    );
    const parsed = await PostalMime.parse(raw);
    expect(parsed).toMatchObject({
      subject: 'Deadline für Zoë ✓',
      messageId: '<msg_00aaaaaaaaaaaaaaaaaaaaaaaa@mail.example.com>',
      to: [{ address: 'jo@example.com', name: 'Jo' }],
    });
    expect(parsed.text).toContain('Hello\n.\nend');
    expect(parsed.html).toContain('<p>Hello Jo</p>');
    expect(headerOf(parsed, 'auto-submitted')).toBe('auto-generated');
    expect(envelope).toEqual({ from: 'hello@example.com', to: 'jo@example.com' });
  });

  test('keeps given headers, Auto-Submitted among them', async () => {
    const headers = { 'List-Unsubscribe': '<https://app.example.com/u/1>', 'auto-submitted': 'no' };
    const parsed = await PostalMime.parse((await compose(anEmail({ headers }))).raw);
    expect(headerOf(parsed, 'list-unsubscribe')).toBe('<https://app.example.com/u/1>');
    expect(parsed.headers.filter(({ key }) => key === 'auto-submitted').map(({ value }) => value)).toEqual([
      'no',
    ]);
  });

  test('bounces go to the return path while the From stays', async () => {
    const envelopeFrom = anEmailAddress('bounces@mail.example.com');
    const composed = await createEmailComposer({ envelopeFrom })(anEmail());
    expect(composed).toMatchObject({
      ok: true,
      envelope: { from: 'bounces@mail.example.com', to: 'jo@example.com' },
    });
  });

  test('cannot gain a line through a name or a subject', async () => {
    const from = { name: 'Desk\r\nBcc: eve@evil.test', address: anEmailAddress('hello@example.com') };
    const to = { name: 'Jo\r\nCc: eve@evil.test', address: anEmailAddress('jo@example.com') };
    const { raw, envelope } = await compose(
      anEmail({ from, to, subject: 'Hi\r\nBcc: eve@evil.test\r\n\r\nbody' }),
    );
    expect(raw.toString()).not.toMatch(/^(?:bcc|cc):/im);
    expect(envelope.to).toBe('jo@example.com');
  });

  test.each(encodedWordLookAlikes)(
    'shows %j as it was typed, in the subject and in both names',
    async (typed) => {
      const email = anEmail();
      const { raw, envelope } = await compose({
        ...email,
        subject: typed,
        from: { ...email.from, name: typed },
        to: { ...email.to, name: typed },
      });
      expect(await PostalMime.parse(raw)).toMatchObject({
        subject: typed,
        from: { name: typed, address: 'hello@example.com' },
        to: [{ name: typed, address: 'jo@example.com' }],
      });
      expect(envelope).toEqual({ from: 'hello@example.com', to: 'jo@example.com' });
      // What a lenient reader might take for an encoded word is ours, and says so by its alphabet.
      const words =
        raw
          .toString()
          .split('\r\n\r\n')[0]
          ?.match(/=\?[^\s]*/g) ?? [];
      expect(words.filter((word) => !/^=\?UTF-8\?B\?[A-Za-z0-9+/=]+\?=$/.test(word))).toEqual([]);
    },
  );

  test('is what nodemailer itself builds, byte for byte', async () => {
    const sign = fc.constantFrom(
      'a',
      'é',
      '漢',
      '🎓',
      ' ',
      '=',
      '.',
      '\t',
      '\r',
      '\n',
      '\r\n',
      'word '.repeat(20),
    );
    const text = fc.string({ unit: sign, maxLength: 60 });
    const parts = fc.record({ subject: text, name: text, text, html: text });
    await fc.assert(
      fc.asyncProperty(parts, async ({ name, ...given }) => {
        const message = anEmail({ ...given, to: { ...anEmail().to, name }, headers: { 'X-Note': 'a' } });
        const built = await buildWithNodemailer(message);
        expect(hideRandom((await compose(message)).raw)).toBe(hideRandom(built));
      }),
      { seed: 5, numRuns: 300 },
    );
  });

  test('never reads a file or an address for its parts', async () => {
    const { raw } = await compose(
      anEmail({ html: '<img src="file:///etc/hostname">', text: '/etc/hostname' }),
    );
    expect(raw.toString()).toContain('/etc/hostname');
  });
});

describe('what is refused with nothing written', () => {
  const evil = (text: string): OutgoingEmail => anEmail({ to: { address: text as EmailAddress } });

  test.each([
    'jo@example.com, eve@evil.test',
    'g: eve@evil.test;',
    'eve@evil.test (c)@example.com',
    '"eve@evil.test x"@example.com',
    'jo@example.com\r\nRCPT TO:<eve@evil.test>',
    'jo@EXAMPLE.com',
    'jo@exаmple.com',
  ])('the recipient %j', async (address) => {
    expect(await createEmailComposer({})(evil(address))).toMatchObject({
      ok: false,
      code: 'address-not-plain',
    });
  });

  test.each([
    'Bcc',
    'cc',
    'To',
    'FROM',
    'Resent-To',
    'Content-Type',
    'DKIM-Signature',
    'X-A\r\nBcc',
    'X A',
    '',
  ])('a header named %j', async (name) => {
    const composed = await createEmailComposer({})(anEmail({ headers: { [name]: 'eve@evil.test' } }));
    expect(composed).toMatchObject({ ok: false, code: 'header-not-plain' });
  });

  test.each(['a\r\nBcc: eve@evil.test', 'a\nb', 'a\u0000b', '=?utf-8?b?ZXZpbA==?='])(
    'a header value %j',
    async (value) => {
      const composed = await createEmailComposer({})(anEmail({ headers: { 'X-Note': value } }));
      expect(composed).toMatchObject({ ok: false, code: 'header-not-plain' });
    },
  );

  test('a Message-ID with a line break', async () => {
    const composed = await createEmailComposer({})(
      anEmail({ messageIdHeader: '<a@b>\r\nBcc: eve@evil.test' }),
    );
    expect(composed).toMatchObject({ ok: false, code: 'header-not-plain' });
  });
});

describe('DKIM', () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const dkim = { domainName: 'example.com', keySelector: 'k1' };

  test('signs every message', async () => {
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const composed = await createEmailComposer({ dkim: { ...dkim, privateKey: pem } })(anEmail());
    expect(composed.ok && composed.raw.toString()).toMatch(
      /^DKIM-Signature: v=1; a=rsa-sha256;[^]*d=example\.com/,
    );
  });

  test('a key that cannot sign stops the start, because the library would send unsigned', () => {
    const ed = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(() => createEmailComposer({ dkim: { ...dkim, privateKey: ed } })).toThrow('not an RSA key');
    expect(() => createEmailComposer({ dkim: { ...dkim, privateKey: 'nonsense' } })).toThrow('unsupported');
  });
});

async function compose(message: OutgoingEmail): Promise<ComposedEmail> {
  const composed = await createEmailComposer({})(message);
  if (!composed.ok) throw new Error(composed.code);
  return composed;
}

async function buildWithNodemailer(message: OutgoingEmail): Promise<Buffer> {
  const { from, subject, text, html, messageIdHeader: messageId } = message;
  const to = { name: message.to.name ?? '', address: message.to.address };
  const headers = [
    ...Object.entries(message.headers).map(([key, value]) => ({ key, value })),
    { key: 'Auto-Submitted', value: 'auto-generated' },
  ];
  const mail = { from, to, subject, text, html, messageId, headers, newline: 'win' };
  return await new MailComposer(mail).compile().build();
}

/** What differs from one build of a message to the next. */
function hideRandom(raw: Buffer): string {
  return raw
    .toString('latin1')
    .replaceAll(/--_NmP-[0-9a-f]{16}-Part/g, 'boundary')
    .replace(/^Date: .*$/m, 'Date:');
}

function headerOf(parsed: { headers: { key: string; value: string }[] }, key: string): string | undefined {
  return parsed.headers.find((header) => header.key === key)?.value;
}
