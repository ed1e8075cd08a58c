import { createPrivateKey, randomUUID } from 'node:crypto';
import { Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import Dkim from 'nodemailer/lib/dkim';
import MailComposer from 'nodemailer/lib/mail-composer';
import { encodeWord } from 'nodemailer/lib/mime-funcs';
import type MimeNode from 'nodemailer/lib/mime-node';
import { type EmailAddress, parseEmailAddress } from '../../domain/address.ts';
import { rememberByKey } from '../../domain/remember.ts';
import type { OutgoingEmail } from '../provider.ts';
import type { DkimKey } from './smtp-options.ts';

/** A message as it goes over the wire, with the only envelope it may go with. */
export interface ComposedEmail {
  readonly ok: true;
  readonly raw: Buffer;
  readonly envelope: { readonly from: string; readonly to: string };
}

/** Why a message is not sent at all. Every one is an error in the message: a retry would not help. */
export interface ComposeError {
  readonly ok: false;
  readonly code: 'address-not-plain' | 'header-not-plain' | 'envelope-mismatch' | 'compose-failed';
  readonly detail: string;
}

export type EmailComposer = (message: OutgoingEmail) => Promise<ComposedEmail | ComposeError>;

/**
 * Makes MIME out of messages. What comes out goes to exactly the one approved address: the envelope that the
 * library reads from the headers is compared with it, because mail libraries have read more recipients into a
 * header than the check before them did (CVE-2025-13033, CVE-2026-125755). Throws on an unusable DKIM key.
 */
export function createEmailComposer(options: {
  readonly dkim?: DkimKey;
  readonly envelopeFrom?: EmailAddress;
}): EmailComposer {
  const sign = options.dkim === undefined ? undefined : createSigner(options.dkim);
  return async (message) => {
    const invalid = findError(message);
    if (invalid !== undefined) return invalid;
    try {
      const mime = new MailComposer(toMailOptions(message)).compile();
      encodeLookAlikes(mime);
      const mismatch = compareEnvelope(mime.getEnvelope(), message);
      if (mismatch !== undefined) return mismatch;
      const raw = await writeMessage(mime);
      const envelope = { from: options.envelopeFrom ?? message.from.address, to: message.to.address };
      return { ok: true, raw: sign === undefined ? raw : await sign(raw), envelope };
    } catch (error) {
      return {
        ok: false,
        code: 'compose-failed',
        detail: error instanceof Error ? error.name : 'unknown error',
      };
    }
  };
}

function toMailOptions(message: OutgoingEmail): MailComposer.Options {
  const headers = Object.entries(message.headers).map(([key, value]) => ({ key, value }));
  const isAutomatic = headers.some(({ key }) => key.toLowerCase() === 'auto-submitted');
  return {
    from: { name: message.from.name, address: message.from.address },
    to: { name: message.to.name ?? '', address: message.to.address },
    ...(message.replyTo === undefined ? {} : { replyTo: { name: '', address: message.replyTo } }),
    subject: message.subject,
    text: message.text,
    html: message.html,
    messageId: message.messageIdHeader,
    // RFC 3834: prevents automatic replies and loops.
    headers: isAutomatic ? headers : [...headers, { key: 'Auto-Submitted', value: 'auto-generated' }],
    // A node draws a random one of its own otherwise, each by a call of the system.
    baseBoundary: randomUUID().slice(-17).replace('-', ''),
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

/**
 * What `mime.build()` with `newline: 'win'` returns, byte for byte, with half of its work: the library writes the tree into one
 * stream, and the ends of lines are put right in what came out, instead of three more streams one behind the other.
 */
async function writeMessage(mime: MimeNode): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const collector = new Writable({
    write: (piece: Buffer, _encoding, done) => {
      pieces.push(piece);
      done();
    },
  });
  // A node chooses its encoding by every letter of its text, and twice unless it was told the first choice.
  for (const part of mime.childNodes) part.setHeader('Content-Transfer-Encoding', part.getTransferEncoding());
  await new Promise<void>((resolve, reject) => {
    mime.stream(collector, {}, (error) => (error ? reject(error) : resolve()));
  });
  const text = Buffer.concat(pieces).toString('latin1');
  const whole = text.endsWith('\n') ? text : `${text.replace(/\r$/, '')}\r\n`;
  return Buffer.from(whole.replaceAll(/(?<!\r)\n/g, '\r\n'), 'latin1');
}

/** Headers that we set ourselves; through `headers` they could add a recipient or spoil the MIME structure. */
const ownHeaders =
  /^(?:to|cc|bcc|from|sender|reply-to|return-path|subject|date|message-id|mime-version|content-.*|dkim-signature|resent-.*)$/i;

function findError(message: OutgoingEmail): ComposeError | undefined {
  const addresses = [
    message.to.address,
    message.from.address,
    ...(message.replyTo === undefined ? [] : [message.replyTo]),
  ];
  for (const address of addresses) {
    if (!isPlainAddress(address)) return refuse('address-not-plain', 'an address is not one plain address');
  }
  if (!/^<[\x21-\x3b\x3d\x3f\x41-\x7e]+@[\x21-\x3b\x3d\x3f\x41-\x7e]+>$/.test(message.messageIdHeader)) {
    return refuse('header-not-plain', 'Message-ID is not <id@domain>');
  }
  for (const [name, value] of Object.entries(message.headers)) {
    // An encoded word would arrive as another value than the one that is judged here.
    const isPlain = /^[A-Za-z0-9-]{1,70}$/.test(name) && !/\p{Cc}|=\?[^?]*\?[bq]\?/iu.test(value);
    if (!isPlain || ownHeaders.test(name))
      return refuse('header-not-plain', 'a header is not allowed or not plain');
  }
  return undefined;
}

/** Remembered for the sake of our own addresses, which stand in every message. */
const isPlainAddress = rememberByKey((address) => {
  const parsed = parseEmailAddress(address);
  return parsed.ok && parsed.value === address;
});

/**
 * A text that reads `=?…?b?…?=` would arrive as what that decodes to (RFC 2047): a link or a name that no check has
 * seen. The library passes it through, so a field that holds `=?` is encoded whole, and shows as it was typed.
 */
function encodeLookAlikes(mime: MimeNode): void {
  const encode = mime.encodeHeaderValue.bind(mime);
  mime.encodeHeaderValue = (key, value) => {
    if (typeof value === 'string' && value.includes('=?')) return encodeWhole(value);
    if (!isNamedAddress(value) || !value.name.includes('=?')) return encode(key, value);
    return `${encodeWhole(value.name)} <${value.address}>`;
  };
}

function encodeWhole(text: string): string {
  return encodeWord(text.replaceAll(/\p{Cc}+/gu, ' '), 'B', 52);
}

function isNamedAddress(value: unknown): value is { readonly name: string; readonly address: string } {
  return typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string';
}

function compareEnvelope(
  computed: { readonly from: string | false; readonly to: readonly string[] },
  message: OutgoingEmail,
): ComposeError | undefined {
  const same =
    computed.from === message.from.address &&
    computed.to.length === 1 &&
    computed.to[0] === message.to.address;
  return same
    ? undefined
    : refuse('envelope-mismatch', 'the composed headers name other addresses than the approved ones');
}

/** The library leaves a message unsigned when it cannot use the key, so the key is tried out at start. */
function createSigner(key: DkimKey): (raw: Buffer) => Promise<Buffer> {
  if (createPrivateKey(key.privateKey).asymmetricKeyType !== 'rsa')
    throw new Error('the DKIM key is not an RSA key');
  const dkim = new Dkim({ ...key });
  return (raw) => buffer(dkim.sign(raw));
}

function refuse(code: ComposeError['code'], detail: string): ComposeError {
  return { ok: false, code, detail };
}
