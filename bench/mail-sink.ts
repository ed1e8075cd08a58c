import { createServer, type Socket } from 'node:net';
import { loopback } from '../local/loopback.ts';
import { listenOnLoopback } from '../test/support/listen-on-loopback.ts';
import { waitFor } from '../test/support/wait-for.ts';

/** An SMTP server that takes everything, keeps nothing but who and when, and costs next to nothing. */
export interface MailSink {
  readonly url: string;
  /** Mails since the last `clear`, in order of arrival; `atMs` is the end of the message, by `performance.now()`. */
  readonly mails: readonly Mail[];
  /** How long it takes to accept a message, as a real server does; at once when never called. */
  setAcceptMs(ms: number): void;
  clear(): void;
  /** Resolves when that many have arrived since the last `clear`; throws after a minute. */
  waitForMails(count: number): Promise<void>;
  stop(): Promise<void>;
}

export interface Mail {
  readonly to: string;
  readonly atMs: number;
}

const endOfMessage = Buffer.from('\r\n.\r\n');
const waitMsMax = 60_000;

export async function startMailSink(): Promise<MailSink> {
  const sink = { mails: [] as Mail[], acceptMs: 0 };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serve(socket, sink);
  });
  const port = await listenOnLoopback(server);
  return {
    url: `smtp://${loopback}:${port}`,
    get mails() {
      return sink.mails;
    },
    setAcceptMs: (ms) => {
      sink.acceptMs = ms;
    },
    clear: () => {
      sink.mails = [];
    },
    waitForMails: async (count) => {
      const options = { deadlineMs: waitMsMax, everyMs: 5 };
      await waitFor(
        `${count} mails`,
        () => sink.mails.length,
        (arrived) => arrived >= count,
        options,
      );
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function serve(socket: Socket, sink: { mails: Mail[]; readonly acceptMs: number }): void {
  let to = '';
  const say = (line: string): void => void socket.write(`${line}\r\n`);
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  const read = createSmtpReader({
    onCommand: (line) => {
      const verb = line.slice(0, 4).toUpperCase();
      if (verb === 'RCPT') to = /<([^>]*)>/.exec(line)?.[1] ?? '';
      say(answers[verb] ?? '250 Ok');
      if (verb === 'QUIT') socket.end();
    },
    onMessage: () => {
      sink.mails.push({ to, atMs: performance.now() });
      if (sink.acceptMs === 0) say('250 2.0.0 Ok: queued');
      else setTimeout(() => say('250 2.0.0 Ok: queued'), sink.acceptMs);
    },
  });
  socket.on('data', read);
  say('220 sink.test ESMTP');
}

/** Tells commands and ends of messages apart in the bytes of a client, however they are cut into pieces. */
export function createSmtpReader(on: {
  readonly onCommand: (line: string) => void;
  readonly onMessage: () => void;
}): (bytes: Buffer) => void {
  let isInBody = false;
  let received: Buffer = Buffer.alloc(0);
  const takeMessage = (): boolean => {
    const end = received.indexOf(endOfMessage);
    // Of a message under way only what could be the beginning of its end is kept.
    received =
      end < 0 ? received.subarray(1 - endOfMessage.length) : received.subarray(end + endOfMessage.length);
    if (end < 0) return false;
    isInBody = false;
    on.onMessage();
    return true;
  };
  const takeCommand = (): boolean => {
    const end = received.indexOf('\r\n');
    if (end < 0) return false;
    const line = received.toString('latin1', 0, end);
    received = received.subarray(end + 2);
    isInBody = line.toUpperCase() === 'DATA';
    on.onCommand(line);
    return true;
  };
  return (bytes) => {
    received = received.length === 0 ? bytes : Buffer.concat([received, bytes]);
    while (isInBody ? takeMessage() : takeCommand()) {
      // Each turn takes one command or one message.
    }
  };
}

const answers: Readonly<Record<string, string>> = {
  // PIPELINING as every mail server of today has it: the envelope of a mail is one round trip.
  EHLO: '250-sink.test\r\n250-PIPELINING\r\n250 SIZE 1000000',
  DATA: '354 go ahead',
  QUIT: '221 2.0.0 Bye',
};
