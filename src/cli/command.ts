import type { Api } from './api.ts';
import type { Ending } from './exit-codes.ts';
import type { Print } from './print.ts';

/** One command. Parsing, help and completions all come from this row. */
export interface Command {
  /** The words that call it: `held list`. */
  readonly name: string;
  /** What it does, in one line. */
  readonly summary: string;
  /** What a person at night has to know beyond that. */
  readonly about?: string;
  readonly args?: readonly Argument[];
  readonly options?: Readonly<Record<string, Option>>;
  readonly examples?: readonly string[];
  readonly run: (call: Call) => Promise<Ending> | Ending;
}

export interface Argument {
  readonly name: string;
  readonly summary: string;
  readonly optional?: true;
  /** The last one only: all words that are left, so that nobody needs quotes in a hurry. */
  readonly isRest?: true;
  readonly choices?: readonly string[];
  /** Offered by completions; anything else is taken too, since the service may be newer. */
  readonly suggestions?: readonly string[];
  readonly isFile?: true;
}

export interface Option {
  readonly summary: string;
  /** What its value is called in the help; absent: a switch. */
  readonly value?: string;
  readonly choices?: readonly string[];
  /** Offered by completions; anything else is taken too, since the service may be newer. */
  readonly suggestions?: readonly string[];
  /** May be given more than once. */
  readonly many?: true;
  readonly isFile?: true;
}

/** One call of a command: what was given, and the ports to the world. */
export interface Call extends Given, CliContext {
  readonly api: Api;
  readonly print: Print;
  readonly commands: readonly Command[];
}

/** Values by the name of the argument or option. Asking for a name that the row does not have is a bug. */
export interface Given {
  readonly text: (name: string) => string | undefined;
  /** Throws wrong usage when it was not given. */
  readonly need: (name: string) => string;
  readonly list: (name: string) => readonly string[];
  readonly isSet: (name: string) => boolean;
  readonly whole: (name: string) => number | undefined;
  /** `250ms`, `10s`, `5m`, `2h`, `3d`. */
  readonly durationMs: (name: string) => number | undefined;
}

/** The world as commands see it, so that a test can be one. */
export interface CliContext {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The text of a file; `-` is standard input. */
  readonly readText: (path: string) => Promise<string>;
  readonly writeText: (path: string, text: string) => Promise<void>;
  readonly now: () => number;
  readonly monotonicNow: () => number;
  readonly delay: (ms: number) => Promise<void>;
  /** Who is at the keyboard, for the audit trail when the service is not asked: `cli:ada@laptop`. */
  readonly actor: string;
  readonly version: string;
  readonly programRoot: string;
  /** Undefined when nobody looks at a terminal. */
  readonly readScreenSize?: () => { readonly columns: number; readonly rows: number } | undefined;
  /** Calls back at Ctrl-C in place of ending the process. */
  readonly onInterrupt?: (act: () => void) => void;
}

/** Every command takes these. */
export const globalOptions: Readonly<Record<string, Option>> = {
  'base-url': {
    value: 'URL',
    summary: 'where the service is (else APP_BASE_URL, else http://127.0.0.1:8080)',
  },
  'token-file': {
    value: 'FILE',
    isFile: true,
    summary: 'file that holds the access token (else AUTH_TOKEN, else M2M_*)',
  },
  timeout: { value: 'TIME', summary: 'longest that one answer may take (15s)' },
  json: { summary: 'print JSON instead of words' },
  help: { summary: 'say how the command is used' },
};
