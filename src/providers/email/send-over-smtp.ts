import { addAbortListener } from 'node:events';
import { Readable } from 'node:stream';
import type SmtpConnection from 'nodemailer/lib/smtp-connection';
import type { AttemptPhase } from '../../domain/outcome.ts';
import type { Fence } from '../provider.ts';
import type { ComposedEmail } from './compose-email.ts';

/** How one SMTP transaction ended, as seen on the wire. Judged by `classifySmtpEnd`. */
export type SmtpEnd =
  | { readonly kind: 'taken'; readonly reply: string }
  | { readonly kind: 'aborted'; readonly detail: string }
  | { readonly kind: 'failed'; readonly phase: AttemptPhase; readonly failure: SmtpFailure };

export interface SmtpFailure {
  readonly message: string;
  /** The command that the reply belongs to. Only used to tell MAIL from RCPT. */
  readonly command?: string | undefined;
  /** The server's reply, when there was one. */
  readonly reply?: string | undefined;
}

export interface SmtpSend {
  readonly connection: SmtpConnection;
  readonly email: ComposedEmail;
  readonly fence: Fence;
  readonly phaseTimeoutMs: number;
}

/**
 * Sends one message over a connection in hand. Guarantees: the fence is asked right before MAIL FROM and again
 * right before the first byte of the message; after a refusal the final dot is never written, so the server must
 * drop what it has (RFC 5321 §4.1.1.4). The phase comes from the body, which is only piped after the
 * server's 354: nodemailer's own error codes call a close after the complete message `CONN`.
 */
export function sendOverSmtp({ connection, email, fence, phaseTimeoutMs }: SmtpSend): Promise<SmtpEnd> {
  return new Promise((resolve) => {
    if (fence.signal.aborted || !fence.mayWrite('envelope')) {
      resolve({ kind: 'aborted', detail: 'stopped before the envelope' });
      return;
    }
    let isOver = false;
    const finish = (end: SmtpEnd): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      listening[Symbol.dispose]();
      connection.removeListener('end', onEnd);
      // Only a definite reply leaves the connection usable; it closes at once otherwise. A refusal after 354 may have
      // come before the final dot, which must not follow it: what counts as refused would be taken after all.
      const isRefusedEnvelope =
        end.kind === 'failed' && end.phase === 'envelope' && end.failure.reply !== undefined;
      if (end.kind !== 'taken' && !isRefusedEnvelope) connection.close();
      resolve(end);
    };
    const onTimeout = (): void => {
      const message =
        body.phase === 'envelope' ? 'no answer to the envelope in time' : 'no final answer in time';
      finish({ kind: 'failed', phase: body.phase, failure: { message } });
    };
    const onAbort = (): void => {
      if (body.phase === 'envelope') finish({ kind: 'aborted', detail: 'stopped before the body' });
    };
    // The connection was closed from elsewhere. nodemailer emits `end` before it reports its own, better reason.
    const onEnd = (): void =>
      queueMicrotask(() =>
        finish({ kind: 'failed', phase: body.phase, failure: { message: 'connection closed' } }),
      );
    let timer = setTimeout(onTimeout, phaseTimeoutMs);
    const body = new GuardedBody(email.raw, connection, () => {
      if (fence.signal.aborted || !fence.mayWrite('body')) {
        finish({ kind: 'aborted', detail: 'stopped before the body' });
        return false;
      }
      clearTimeout(timer);
      timer = setTimeout(onTimeout, phaseTimeoutMs);
      return true;
    });
    const listening = addAbortListener(fence.signal, onAbort);
    connection.once('end', onEnd);
    const envelope = { from: email.envelope.from, to: [email.envelope.to] };
    connection.send(envelope, body, (error, info) => {
      if (error === null) finish({ kind: 'taken', reply: info.response });
      else {
        const { message, command, response: reply } = error;
        finish({ kind: 'failed', phase: body.phase, failure: { message, command, reply } });
      }
    });
  });
}

/**
 * The message as what nodemailer takes for a stream. It is piped once, right after the server's 354: there it asks for
 * permission and hands over the whole message, and knows from then on how much of it was taken.
 */
class GuardedBody extends Readable {
  phase: 'envelope' | 'body' | 'answer' = 'envelope';
  readonly #raw: Buffer;
  readonly #connection: SmtpConnection;
  readonly #mayBegin: () => boolean;

  constructor(raw: Buffer, connection: SmtpConnection, mayBegin: () => boolean) {
    super();
    this.#raw = raw;
    this.#connection = connection;
    this.#mayBegin = mayBegin;
  }

  override pipe<T extends NodeJS.WritableStream>(wire: T): T {
    if (!this.#mayBegin()) return wire;
    this.phase = 'body';
    const { _socket: socket } = this.#connection;
    // The message and its final dot leave together, unless so much cannot be held back.
    const isSmall = socket && this.#raw.length < socket.writableHighWaterMark / 2;
    if (isSmall) socket.cork();
    wire.once('end', () => {
      this.phase = 'answer';
      if (isSmall) socket.uncork();
    });
    wire.end(this.#raw);
    return wire;
  }
}
