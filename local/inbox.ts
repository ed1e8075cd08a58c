import { buffer } from 'node:stream/consumers';
import { callbackify } from 'node:util';
import PostalMime, { type Address, type Email } from 'postal-mime';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import { type BoundedList, createBoundedList } from './bounded-list.ts';
import { loopback } from './loopback.ts';

/** One received mail, parsed. */
export interface Mail {
  /** 1, 2, 3 … in order of arrival. */
  readonly number: number;
  readonly receivedAt: string;
  /** Addresses of the SMTP envelope: who it really went to. */
  readonly envelope: { readonly from: string; readonly to: readonly string[] };
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly messageId: string;
  readonly html: string;
  readonly text: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly attachments: readonly { readonly filename: string; readonly mimeType: string }[];
  /** The bytes as received, read as UTF-8. */
  readonly source: string;
}

export interface InboxOptions {
  /** 0 finds a free port. */
  readonly port: number;
  /** Where they are kept: one of its own with room for 500 by default. */
  readonly mails?: BoundedList<Mail>;
}

export interface Inbox {
  /** For SMTP_URL: `smtp://127.0.0.1:<port>`. */
  readonly url: string;
  readonly port: number;
  readonly mails: BoundedList<Mail>;
  stop(): Promise<void>;
}

/**
 * Starts an SMTP server on loopback that takes every mail, keeps it in memory and sends nothing on.
 * A mail is in the list before the `250` is sent. Any login is accepted; none is needed.
 */
export async function startInbox(options: InboxOptions): Promise<Inbox> {
  const mails = options.mails ?? createBoundedList<Mail>(500);
  const smtp = new SMTPServer({
    authOptional: true,
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    size: 10 * 1024 * 1024,
    closeTimeout: 1000,
    onAuth: (auth, _session, done) => done(null, { user: auth.username ?? 'anyone' }),
    onData: (stream, session, done) => {
      const keep = callbackify(
        async () => `kept as number ${mails.add(await readMail(stream, session)).number}`,
      );
      keep(done);
    },
  });
  await new Promise<void>((resolve, reject) => {
    smtp.once('error', reject);
    smtp.listen(options.port, loopback, () => resolve());
  });
  // A client that disconnects in the middle must not end the inbox.
  smtp.on('error', () => undefined);
  const address = smtp.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return {
    url: `smtp://${loopback}:${port}`,
    port,
    mails,
    stop: () => new Promise((resolve) => smtp.close(() => resolve())),
  };
}

async function readMail(
  stream: SMTPServerDataStream,
  session: SMTPServerSession,
): Promise<Omit<Mail, 'number'>> {
  const bytes = await buffer(stream);
  if (stream.sizeExceeded)
    throw Object.assign(new Error('the mail is larger than 10 MiB'), { responseCode: 552 });
  const { mailFrom, rcptTo } = session.envelope;
  return {
    ...describeMail(await PostalMime.parse(bytes)),
    receivedAt: new Date().toISOString(),
    envelope: {
      from: mailFrom === false ? '' : mailFrom.address,
      to: rcptTo.map((recipient) => recipient.address),
    },
    source: bytes.toString('utf8'),
  };
}

function describeMail(email: Email): Omit<Mail, 'number' | 'receivedAt' | 'envelope' | 'source'> {
  const { subject = '', messageId = '', html = '', text = '' } = email;
  return {
    from: email.from === undefined ? '' : writeAddress(email.from),
    to: (email.to ?? []).map(writeAddress),
    subject,
    messageId,
    html,
    text,
    headers: email.headers.map((header) => ({ name: header.originalKey, value: header.value })),
    attachments: email.attachments.map(({ filename, mimeType }) => ({
      filename: filename ?? 'no name',
      mimeType,
    })),
  };
}

function writeAddress(address: Address): string {
  if (address.address === undefined) return `${address.name}: ${address.group.map(writeAddress).join(', ')};`;
  return address.name === '' ? address.address : `${address.name} <${address.address}>`;
}
