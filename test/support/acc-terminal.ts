import type { CliContext } from '../../src/cli/command.ts';
import { runAcc } from '../../src/cli/run-acc.ts';
import { respondJson, type SeenRequest, startStubServer } from './stub-server.ts';

/** `acc` in this process, in front of a scripted service. */
export interface AccTerminal {
  readonly url: string;
  readonly seen: readonly SeenRequest[];
  /** Responses by `METHOD /path`; what is not listed gets a 404 problem. A list is consumed; its last response repeats. */
  script(responses: Readonly<Record<string, Scripted | readonly Scripted[]>>): void;
  run(argv: readonly string[], context?: Partial<CliContext>): Promise<AccResult>;
  close(): Promise<void>;
}

export interface AccResult {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

export type Scripted = readonly [status: number, body: unknown];

/** Starts it. No file and no clock of this machine is used. */
export async function startAccTerminal(): Promise<AccTerminal> {
  const server = await startStubServer();
  return {
    url: server.url,
    seen: server.seen,
    script: (responses) => {
      const left = new Map(
        Object.entries(responses).map(([place, given]) => [place, isMany(given) ? [...given] : [given]]),
      );
      server.respondWith((serverResponse, { method, path }) => {
        const queue = left.get(`${method} ${path.split('?')[0]}`) ?? [];
        const response = queue.length > 1 ? queue.shift() : queue[0];
        respondJson(
          response?.[0] ?? 404,
          response?.[1] ?? { code: 'not-found', title: 'There is nothing here' },
        )(serverResponse);
      });
    },
    run: (argv, context = {}) => runOnce(argv, { ...defaultContext(server.url), ...context }),
    close: () => server.close(),
  };
}

async function runOnce(argv: readonly string[], context: CliContext): Promise<AccResult> {
  let out = '';
  let error = '';
  const code = await runAcc(argv, context, {
    writeOut: (text) => {
      out += text;
    },
    writeError: (text) => {
      error += text;
    },
    isColoured: false,
  });
  return { code, out, error };
}

function defaultContext(url: string): CliContext {
  let clockMs = 0;
  return {
    environment: { APP_BASE_URL: url, AUTH_TOKEN: 'a-token' },
    readText: (path) => Promise.reject(new Error(`ENOENT: no such file ${path}`)),
    writeText: () => Promise.resolve(),
    now: () => Date.parse('2026-11-20T03:00:00Z'),
    monotonicNow: () => clockMs,
    delay: (ms) => {
      clockMs += ms;
      return Promise.resolve();
    },
    actor: 'cli:ada@laptop',
    version: '0.0.0-test',
    programRoot: process.cwd(),
  };
}

function isMany(given: Scripted | readonly Scripted[]): given is readonly Scripted[] {
  return Array.isArray(given[0]);
}
