import SmtpConnection from 'nodemailer/lib/smtp-connection';
import { cleanReply } from '../clean-reply.ts';
import { isTlsFault } from '../is-tls-fault.ts';
import { listenToAbort } from '../listen-to-abort.ts';
import { ProviderUnavailable } from '../provider.ts';
import type { SmtpProviderOptions } from './smtp-options.ts';

/**
 * A connection that is greeted, encrypted where asked for, and logged in: the next thing on it may be MAIL FROM.
 * Rejects with a `ProviderUnavailable` (`connect-failed`, `connect-timeout`, `tls-failed`, `unauthorized`,
 * `throttled`, `gave-up-waiting`) within `connectTimeoutMs`.
 */
export function connectSmtp(options: SmtpProviderOptions, signal: AbortSignal): Promise<SmtpConnection> {
  return new Promise((resolve, reject) => {
    const connection = createConnection(options);
    const fail = (error: ProviderUnavailable): void => {
      stop();
      connection.close();
      reject(error);
    };
    const onAbort = (): void =>
      fail(new ProviderUnavailable('gave-up-waiting', 'the caller gave up while connecting'));
    const stopListening = listenToAbort(signal, onAbort);
    const onError = (error: SmtpFault): void => fail(toUnavailable(error));
    const timer = setTimeout(
      () => fail(new ProviderUnavailable('connect-timeout', 'no connection in time')),
      options.connectTimeoutMs,
    );
    const stop = (): void => {
      clearTimeout(timer);
      stopListening();
      connection.removeListener('error', onError);
      // Whatever happens to an idle connection later is seen by asking whether it is alive.
      connection.on('error', () => undefined);
    };
    if (signal.aborted) return onAbort();
    connection.on('error', onError);
    connection.connect((error) => {
      if (error !== undefined) return onError(error);
      logIn(connection, options, (fault) => {
        if (fault !== undefined) return fail(fault);
        stop();
        resolve(connection);
      });
    });
  });
}

/** False as soon as the peer has closed, even if nobody was waiting for it. */
export function isSmtpAlive(connection: SmtpConnection): boolean {
  return !connection.destroyed;
}

/** One round trip (RSET) that also forgets any half-told envelope. Never rejects. */
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

interface SmtpFault extends Error {
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

function logIn(
  connection: SmtpConnection,
  options: SmtpProviderOptions,
  done: (fault?: ProviderUnavailable) => void,
): void {
  if (options.auth === undefined) return done();
  if (!connection.allowsAuth)
    return done(new ProviderUnavailable('unauthorized', 'the server offers no login'));
  connection.login({ user: options.auth.user, pass: options.auth.pass }, (error) => {
    done(error === null ? undefined : toUnavailable(error));
  });
}

function toUnavailable(error: SmtpFault): ProviderUnavailable {
  return new ProviderUnavailable(codeOf(error), cleanReply(error.message), error);
}

function codeOf(error: SmtpFault): string {
  if (error.responseCode === 421) return 'throttled';
  if (error.code === 'EAUTH' && (error.responseCode ?? 500) >= 500) return 'unauthorized';
  if (error.code === 'ETLS' || isTlsFault(error.originalCode)) return 'tls-failed';
  return error.code === 'ETIMEDOUT' ? 'connect-timeout' : 'connect-failed';
}
