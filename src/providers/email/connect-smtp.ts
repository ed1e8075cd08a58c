import SmtpConnection from 'nodemailer/lib/smtp-connection';
import { cleanReply } from '../clean-reply.ts';
import { establish, isTlsError } from '../establish.ts';
import { ProviderUnavailable } from '../provider.ts';
import type { SmtpProviderOptions } from './smtp-options.ts';

/**
 * A connection that is greeted, encrypted where asked for, and logged in: the next command on it may be MAIL FROM.
 * Rejects with a `ProviderUnavailable` (`connect-failed`, `connect-timeout`, `tls-failed`, `unauthorized`,
 * `throttled`, `gave-up-waiting`) within `connectTimeoutMs`.
 */
export function connectSmtp(options: SmtpProviderOptions, signal: AbortSignal): Promise<SmtpConnection> {
  const connection = createConnection(options);
  return establish<SmtpConnection, SmtpError>(connection, {
    signal,
    timeoutMs: options.connectTimeoutMs,
    begin: (done) => {
      if (signal.aborted) return;
      connection.connect((error) => {
        if (error !== undefined || options.auth === undefined) return done(error);
        if (connection.allowsAuth) return connection.login({ ...options.auth }, done);
        done(new ProviderUnavailable('unauthorized', 'the server offers no login'));
      });
    },
    destroy: () => connection.close(),
    toUnavailable: (error) => new ProviderUnavailable(codeOf(error), cleanReply(error.message), error),
  });
}

/** One round trip (RSET) that also drops an envelope that was begun. Never rejects. */
export function resetSmtp(connection: SmtpConnection, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (isFit: boolean): void => {
      clearTimeout(timer);
      connection.removeListener('end', onEnd);
      resolve(isFit);
    };
    const onEnd = (): void => end(false);
    const timer = setTimeout(() => end(false), timeoutMs);
    connection.once('end', onEnd);
    connection.reset((error) => end(error === null));
  });
}

interface SmtpError extends Error {
  readonly code?: string | undefined;
  readonly responseCode?: number | undefined;
  readonly originalCode?: string | undefined;
}

function createConnection(options: SmtpProviderOptions): SmtpConnection {
  return new SmtpConnection({
    host: options.host,
    port: options.port,
    secure: options.secure,
    requireTLS: options.requireTls,
    ...(options.ehloName === undefined ? {} : { name: options.ehloName }),
    connectionTimeout: options.connectTimeoutMs,
    greetingTimeout: options.connectTimeoutMs,
    dnsTimeout: options.connectTimeoutMs,
    // Ours are stricter and know the phase; this one only catches what they cannot see.
    socketTimeout: options.socketTimeoutMs + options.idleTimeoutMs,
    // `close()` means now: what has not left must not leave.
    socketCloseTimeout: 0,
    maxResponseSize: 64 * 1024,
    tls: { minVersion: 'TLSv1.2', ...(options.tlsCa === undefined ? {} : { ca: options.tlsCa }) },
  });
}

function codeOf(error: SmtpError): string {
  if (error.responseCode === 421) return 'throttled';
  if (error.code === 'EAUTH' && (error.responseCode ?? 500) >= 500) return 'unauthorized';
  if (error.code === 'ETLS' || isTlsError(error.originalCode)) return 'tls-failed';
  return error.code === 'ETIMEDOUT' ? 'connect-timeout' : 'connect-failed';
}
