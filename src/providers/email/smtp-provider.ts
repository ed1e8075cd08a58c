import type SmtpConnection from 'nodemailer/lib/smtp-connection';
import { createConnectionPool } from '../connection-pool.ts';
import { type CallEnd, createReservation } from '../create-reservation.ts';
import { measureHealth } from '../measure-health.ts';
import type { Fence, OutgoingEmail, Provider } from '../provider.ts';
import { createEmailComposer } from './compose-email.ts';
import { connectSmtp, resetSmtp } from './connect-smtp.ts';
import { classifySmtpEnd } from './judge-smtp-reply.ts';
import { sendOverSmtp } from './send-over-smtp.ts';
import type { SmtpProviderOptions } from './smtp-options.ts';

/** A connection that was used a moment ago is taken to be alive; an older one is checked first. */
const idleCheckMs = 1000;

/**
 * Email over SMTP (RFC 5321). A reservation holds a greeted, encrypted and logged-in connection, so that nothing but the
 * message itself stands between a permit and the wire; the reasons against nodemailer's own pool: `docs/adr/0003-own-smtp-pool.md`.
 * Throws at once on a DKIM key that cannot sign.
 */
export function createSmtpProvider(options: SmtpProviderOptions): Provider<OutgoingEmail> {
  const composeEmail = createEmailComposer(options);
  const pool = createConnectionPool<SmtpConnection>({
    connectionsMax: options.connectionsMax,
    idleTimeoutMs: options.idleTimeoutMs,
    idleCheckMs,
    usesMax: options.messagesPerConnection,
    connect: (signal) => connectSmtp(options, signal),
    isAlive: (connection) => !connection.destroyed,
    check: (connection) => resetSmtp(connection, options.connectTimeoutMs),
    end: (connection) => quit(connection, options.connectTimeoutMs),
    destroy: (connection) => connection.close(),
  });
  const attempt = async (
    connection: SmtpConnection,
    message: OutgoingEmail,
    fence: Fence,
  ): Promise<CallEnd> => {
    const email = await composeEmail(message);
    if (!email.ok) {
      const { code, detail } = email;
      return { outcome: { kind: 'refused', code, detail, recipientGone: false }, condition: 'unused' };
    }
    const end = await sendOverSmtp({ connection, email, fence, phaseTimeoutMs: options.socketTimeoutMs });
    const outcome = classifySmtpEnd(end, message.messageIdHeader);
    // After a refused envelope the transaction may be half open, so the connection is reset before its next use.
    return { outcome, condition: end.kind === 'taken' ? 'used' : 'dirty' };
  };
  return {
    name: options.name,
    channel: 'email',
    reserve: async (signal) => createReservation(await pool.acquire(signal), attempt),
    checkHealth: (signal) =>
      measureHealth({ provider: options.name, channel: 'email' }, async () => {
        const connection = await connectSmtp(options, signal);
        const isReset = await resetSmtp(connection, options.connectTimeoutMs);
        quit(connection, options.connectTimeoutMs);
        return isReset
          ? { status: 'ok', detail: options.auth === undefined ? 'connected' : 'connected and logged in' }
          : { status: 'error', detail: 'connected, but RSET was not answered' };
      }),
    close: (deadlineMs) => pool.close(deadlineMs),
  };
}

/** QUIT, without waiting for the reply for longer than `timeoutMs`. */
function quit(connection: SmtpConnection, timeoutMs: number): void {
  const timer = setTimeout(() => connection.close(), timeoutMs);
  timer.unref();
  connection.once('end', () => clearTimeout(timer));
  connection.quit();
}
