import { generateKeyPairSync } from 'node:crypto';
import PostalMime from 'postal-mime';
import { describe, expect, test } from 'vitest';
import { anEmail, anEmailAddress } from '../../../test/support/outgoing-messages.ts';
import type { EmailAddress } from '../../domain/address.ts';
import type { OutgoingEmail } from '../provider.ts';
import { type ComposedEmail, createEmailComposer } from './compose-email.ts';

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

  test.each(['a\r\nBcc: eve@evil.test', 'a\nb', 'a\u0000b'])('a header value %j', async (value) => {
    const composed = await createEmailComposer({})(anEmail({ headers: { 'X-Note': value } }));
    expect(composed).toMatchObject({ ok: false, code: 'header-not-plain' });
  });

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

function headerOf(parsed: { headers: { key: string; value: string }[] }, key: string): string | undefined {
  return parsed.headers.find((header) => header.key === key)?.value;
}
