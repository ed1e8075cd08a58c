import { findNearest } from '../domain/find-nearest.ts';
import { createApi } from './api.ts';
import {
  type Argument,
  type Call,
  type CliContext,
  type Command,
  globalOptions,
  type Option,
} from './command.ts';
import { commandTable } from './command-table.ts';
import { CommandError, type Ending, exitCodes, exitMeanings } from './exit-codes.ts';
import { findToken } from './find-token.ts';
import { nameCommand, type Parsed, parseCommand } from './parse-command.ts';
import { createPrint, type Print } from './print.ts';

export interface Terminal {
  readonly writeOut: (text: string) => void;
  readonly writeError: (text: string) => void;
  readonly isColoured: boolean;
}

/** Runs one command line and answers its exit code. Never rejects: what goes wrong is said, with its repair. */
export async function runAcc(
  argv: readonly string[],
  context: CliContext,
  terminal: Terminal,
): Promise<number> {
  const print = createPrint({ ...terminal, isJson: argv.includes('--json') });
  try {
    if (argv[0] === '--version') {
      print.raw(`${context.version}\n`);
      return exitCodes.done;
    }
    return exitCodes[await runParsed(parseCommand(commandTable, argv), context, print)];
  } catch (error) {
    return exitCodes[report(isWrongStop(error, argv) ? toNotStopped(error) : error, print)];
  }
}

/** Whoever mistypes a stop must not believe that it was made. */
function isWrongStop(error: unknown, argv: readonly string[]): error is CommandError {
  if (!(error instanceof CommandError) || error.ending !== 'usage') return false;
  const known = nameCommand(commandTable, argv);
  if (known !== undefined) return known.name === 'stop';
  return argv.slice(0, 2).some((word) => findNearest(word.replace(/^-+/, ''), ['stop']).length > 0);
}

function toNotStopped(error: CommandError): CommandError {
  return new CommandError(
    'usage',
    `NOTHING WAS STOPPED. ${error.message}\nThe shortest: acc stop. With a reason: acc stop wrong template`,
    undefined,
    error,
  );
}

async function runParsed(parsed: Parsed, context: CliContext, print: Print): Promise<Ending> {
  if (parsed.kind === 'overview') return showOverview(parsed.words, parsed.isAsked, print);
  const { command, given } = parsed;
  if (given.isSet('help')) {
    print.raw(`${writeHelp(command)}\n`);
    return 'done';
  }
  const timeoutMs = given.durationMs('timeout') ?? 15_000;
  const { environment, readText } = context;
  const api = createApi({
    baseUrl: readBaseUrl(given.text('base-url') ?? environment['APP_BASE_URL']),
    timeoutMs,
    findToken: () => findToken({ tokenFile: given.text('token-file'), environment, readText, timeoutMs }),
  });
  const call: Call = { ...context, ...given, api, print, commands: commandTable };
  return await command.run(call);
}

/** `acc`, `acc help`, `acc held`; anything else is a word that nobody knows. */
function showOverview(words: readonly string[], isAsked: boolean, print: Print): Ending {
  const asked = words[0] === 'help' ? words.slice(1) : words;
  const prefix = `${asked.join(' ')} `;
  const isKnown =
    asked.length === 0 || commandTable.some((command: Command) => `${command.name} `.startsWith(prefix));
  if (!isKnown) throw toUnknownCommand(asked);
  const exact = commandTable.find(({ name }) => name === asked.join(' '));
  const help = exact === undefined ? writeOverview(commandTable, asked) : writeHelp(exact);
  if (isAsked || words[0] === 'help') {
    print.raw(`${help}\n`);
    return 'done';
  }
  print.note(help);
  return 'usage';
}

/** `dead list`, `release`: names that begin with what was written, or have it as one of their words. */
function findByPart([first = '', second]: readonly string[], names: readonly string[]): readonly string[] {
  if (first.length < 3) return [];
  return names.filter((name) => {
    const [group = '', ...rest] = name.split(' ');
    const begins = group.startsWith(first) && (second === undefined || rest.includes(second));
    return begins || (second === undefined && rest.includes(first));
  });
}

/** Whole names first, then the first word alone: `sttus --watch`, `hled`. */
function toUnknownCommand(words: readonly string[]): CommandError {
  const names = commandTable.map(({ name }) => name);
  const groups = names.map((name) => name.split(' ')[0] ?? '');
  const near = [
    ...[3, 2, 1].flatMap((count) => findNearest(words.slice(0, count).join(' '), names)),
    ...findNearest(words[0] ?? '', [...new Set(groups)]),
  ];
  const parts = findByPart(words, names);
  const meant = (parts.length > 0 ? parts.slice(0, 3) : near.slice(0, 1)).map((name) => `acc ${name}`);
  const hint = meant.length === 0 ? '' : ` Did you mean: ${meant.join(', ')}?`;
  return new CommandError(
    'usage',
    `There is no command "${words.join(' ')}".${hint} All of them: acc --help`,
  );
}

function readBaseUrl(text: string | undefined): string {
  const given = text === undefined || text.trim() === '' ? 'http://127.0.0.1:8080' : text.trim();
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    throw new CommandError(
      'usage',
      `"${given}" is not an http(s) address. Give --base-url or set APP_BASE_URL.`,
    );
  if (url.username !== '' || url.password !== '')
    throw new CommandError(
      'usage',
      'The address of the service holds a user or a password; it goes by a token. Give --base-url without them.',
    );
  return given.replace(/\/+$/, '');
}

function report(error: unknown, print: Print): Ending {
  const ending = error instanceof CommandError ? error.ending : 'refused';
  const message = error instanceof CommandError ? error.message : describeFault(error);
  if (print.isJson) {
    const problem = error instanceof CommandError ? error.problem : undefined;
    print.note(JSON.stringify({ error: { ending, message, ...(problem === undefined ? {} : { problem }) } }));
  } else print.note(message);
  return ending;
}

/** What is not ours: a file that is not there, say. The words without the stack. */
function describeFault(error: unknown): string {
  return error instanceof Error ? `It did not work: ${error.message}` : String(error);
}

/** The commands whose names begin with `words`, one line each; without words also exit codes and common options. */
export function writeOverview(commands: readonly Command[], words: readonly string[] = []): string {
  const prefix = words.length === 0 ? '' : `${words.join(' ')} `;
  const shown = commands.filter(({ name }) => `${name} `.startsWith(prefix));
  const width = Math.max(...shown.map((command) => writeUsage(command).length));
  const lines = shown.map((command) => `  ${writeUsage(command).padEnd(width)}  ${command.summary}`);
  const head = [`usage: acc ${prefix}<command> [options]`, '', ...lines, ''];
  if (words.length > 0) return [...head, 'acc <command> --help says more.'].join('\n');
  return [
    ...head,
    'Options of every command',
    ...writeOptions(globalOptions),
    '  --version             print the version',
    '',
    'Exit codes',
    ...Object.entries(exitCodes).map(
      ([ending, code]) => `  ${String(code).padEnd(4)}${exitMeanings[ending as Ending]}`,
    ),
    '',
    'acc <command> --help says more about one.',
  ].join('\n');
}

/** How one command is used. */
export function writeHelp(command: Command): string {
  const { about, args = [], options = {}, examples = [] } = command;
  const sections = [
    `usage: acc ${writeUsage(command)} [options]`,
    `${command.summary}${about === undefined ? '' : `\n\n${about}`}`,
    args.map(writeArgument).join('\n'),
    writeOptions({ ...options, ...globalOptions }).join('\n'),
    examples.map((example) => `  ${example}`).join('\n'),
  ];
  return sections.filter((section) => section !== '').join('\n\n');
}

function writeUsage({ name, args = [] }: Command): string {
  const words = args.map((argument) => {
    const shown = argument.choices?.join('|') ?? `<${argument.name}>`;
    return argument.optional === true ? `[${shown}]` : shown;
  });
  return [name, ...words].join(' ');
}

function writeArgument({ name, summary }: Argument): string {
  return `  ${`<${name}>`.padEnd(22)}${summary}`;
}

function writeOptions(options: Readonly<Record<string, Option>>): string[] {
  return Object.entries(options).map(([name, { value, summary, choices, suggestions }]) => {
    const shown = `--${name}${value === undefined ? '' : ` ${value}`}`;
    const known = choices ?? suggestions;
    return `  ${shown.padEnd(22)}${summary}${known === undefined ? '' : `: ${known.join(', ')}`}`;
  });
}
