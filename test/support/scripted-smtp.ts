import { createServer, type Server, type Socket } from 'node:net';
import { listenOnLoopback } from './listen-on-loopback.ts';

/** Where a script can act. `body` is the first byte after 354, `dot` the end of the message. */
export type SmtpStepName = 'greeting' | 'ehlo' | 'auth' | 'mail' | 'rcpt' | 'data' | 'body' | 'dot' | 'rset';
/** A reply (perhaps late, perhaps with a close behind it), a close without a reply, or silence for ever. */
export type SmtpStep =
  | { readonly reply: string; readonly thenDrop?: true; readonly afterMs?: number }
  | 'drop'
  | 'hang';
/** A function is asked when its step is reached; `undefined` accepts. */
export type SmtpScript = Partial<Record<SmtpStepName, SmtpStep | (() => SmtpStep | undefined)>>;

export interface ScriptedSmtp {
  readonly port: number;
  /** Replaces the script; what it does not name is accepted. */
  play(script: SmtpScript): void;
  /** Messages that were complete, final dot included, whatever the reply was. */
  readonly messages: readonly ReceivedMessage[];
  /** Every command line, in order, over all connections. */
  readonly commands: readonly string[];
  readonly openNow: number;
  /** Most connections that were open at the same time. */
  readonly openMax: number;
  readonly connections: number;
  /** Times at which the first byte of a body arrived, in ms of `performance.now()`. */
  readonly bodiesBegunAtMs: readonly number[];
  /** Closes every open connection from the server's side. */
  dropAll(): void;
  close(): Promise<void>;
}

export interface ReceivedMessage {
  readonly from: string;
  readonly to: readonly string[];
  /** As sent, dots unstuffed. */
  readonly text: string;
  /** When it was whole, in ms of `performance.now()`. */
  readonly atMs: number;
}

/** An SMTP server of the plainest kind that can fail at every step. Loopback only. */
export async function startScriptedSmtp(
  script: SmtpScript = {},
  extensions: string[] = ['PIPELINING'],
): Promise<ScriptedSmtp> {
  const book = new Book(script, extensions);
  const server: Server = createServer((socket) => new Session(socket, book));
  const port = await listenOnLoopback(server);
  return Object.assign(book, {
    port,
    close: async () => {
      book.dropAll();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

/** What all sessions share. */
class Book {
  readonly messages: ReceivedMessage[] = [];
  readonly commands: string[] = [];
  readonly bodiesBegunAtMs: number[] = [];
  readonly sockets = new Set<Socket>();
  readonly extensions: readonly string[];
  openMax = 0;
  connections = 0;
  script: SmtpScript;

  constructor(script: SmtpScript, extensions: readonly string[]) {
    this.script = script;
    this.extensions = extensions;
  }

  get openNow(): number {
    return this.sockets.size;
  }

  play(script: SmtpScript): void {
    this.script = script;
  }

  dropAll(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  noteOpened(socket: Socket): void {
    this.sockets.add(socket);
    this.connections += 1;
    this.openMax = Math.max(this.openMax, this.sockets.size);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => undefined);
  }
}

class Session {
  readonly #socket: Socket;
  readonly #book: Book;
  #received = '';
  #isInBody = false;
  #isBodyBegun = false;
  /** Hung or dropped: nothing more is read. */
  #isOver = false;
  #from = '';
  #to: string[] = [];

  constructor(socket: Socket, book: Book) {
    this.#socket = socket;
    this.#book = book;
    book.noteOpened(socket);
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => this.#read(chunk));
    this.#act('greeting', '220 scripted.test ESMTP');
  }

  #read(chunk: string): void {
    this.#received += chunk;
    while (!this.#isOver && (this.#isInBody ? this.#readBody() : this.#readCommand())) {
      // Each turn takes one command or one message.
    }
  }

  #readCommand(): boolean {
    const end = this.#received.indexOf('\r\n');
    if (end < 0) return false;
    const line = this.#received.slice(0, end);
    this.#received = this.#received.slice(end + 2);
    this.#book.commands.push(line);
    this.#answer(line);
    return true;
  }

  #readBody(): boolean {
    if (this.#received === '') return false;
    if (!this.#isBodyBegun) {
      this.#isBodyBegun = true;
      this.#book.bodiesBegunAtMs.push(performance.now());
      const step = this.#stepAt('body');
      if (step !== undefined) this.#perform(step);
    }
    const end = this.#received.indexOf('\r\n.\r\n');
    if (end < 0 || this.#isOver) return false;
    const text = this.#received.slice(0, end).replaceAll('\r\n..', '\r\n.');
    this.#received = this.#received.slice(end + 5);
    this.#isInBody = false;
    this.#book.messages.push({ from: this.#from, to: this.#to, text, atMs: performance.now() });
    this.#act('dot', `250 2.0.0 Ok: queued as Q${this.#book.messages.length}000`);
    this.#to = [];
    return true;
  }

  #answer(line: string): void {
    const verb = line.slice(0, 4).toUpperCase();
    switch (verb) {
      case 'EHLO':
        return this.#act(
          'ehlo',
          [
            '250-scripted.test',
            ...this.#book.extensions.map((name) => `250-${name}`),
            '250 SIZE 1000000',
          ].join('\r\n'),
        );
      case 'AUTH':
        return this.#act('auth', '235 2.7.0 welcome');
      case 'MAIL':
        this.#from = addressIn(line);
        return this.#act('mail', '250 2.1.0 Ok');
      case 'RCPT':
        return this.#answerRecipient(line);
      case 'DATA':
        return this.#answerData();
      case 'RSET':
        this.#to = [];
        return this.#act('rset', '250 2.0.0 Ok');
      case 'QUIT':
        this.#socket.end('221 2.0.0 Bye\r\n');
        return;
      default:
        this.#socket.write('502 5.5.2 unknown command\r\n');
    }
  }

  #answerRecipient(line: string): void {
    const step = this.#stepAt('rcpt');
    if (typeof step !== 'object' || step.reply.startsWith('2')) this.#to.push(addressIn(line));
    this.#perform(step ?? { reply: '250 2.1.5 Ok' });
  }

  #answerData(): void {
    if (this.#to.length === 0) {
      this.#socket.write('554 5.5.1 no valid recipients\r\n');
      return;
    }
    const step = this.#stepAt('data');
    this.#isInBody = typeof step !== 'object' || step.reply.startsWith('3');
    this.#isBodyBegun = false;
    this.#perform(step ?? { reply: '354 go ahead' });
  }

  #stepAt(name: SmtpStepName): SmtpStep | undefined {
    const step = this.#book.script[name];
    return typeof step === 'function' ? step() : step;
  }

  #act(name: SmtpStepName, kindReply: string): void {
    this.#perform(this.#stepAt(name) ?? { reply: kindReply });
  }

  #perform(step: SmtpStep): void {
    if (step === 'hang') {
      this.#isOver = true;
    } else if (step === 'drop') {
      this.#isOver = true;
      this.#socket.destroy();
    } else if (step.afterMs !== undefined) {
      const { afterMs, ...late } = step;
      setTimeout(() => this.#perform(late), afterMs);
    } else if (step.thenDrop === true) {
      this.#isOver = true;
      this.#socket.end(`${step.reply}\r\n`);
    } else {
      this.#socket.write(`${step.reply}\r\n`);
    }
  }
}

function addressIn(line: string): string {
  return /<([^>]*)>/.exec(line)?.[1] ?? '';
}
