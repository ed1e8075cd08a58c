import { type ParseArgsConfig, parseArgs } from 'node:util';
import { findNearest } from '../domain/find-nearest.ts';
import { type Command, type Given, globalOptions, type Option } from './command.ts';
import { CommandError } from './exit-codes.ts';
import { parseDuration } from './parse-duration.ts';

/** What a command line asks for. */
export type Parsed =
  | { readonly kind: 'command'; readonly command: Command; readonly given: Given }
  /** `acc --help`, `acc held --help`: the commands whose names begin with these words. */
  | { readonly kind: 'overview'; readonly words: readonly string[]; readonly isAsked: boolean };

/**
 * Finds the command of `argv` and reads its values by its own row. Throws wrong usage, with the repair, for
 * everything that the row does not know.
 */
export function parseCommand(commands: readonly Command[], argv: readonly string[]): Parsed {
  const { positionals, isHelp } = glance(commands, argv);
  const command = findCommand(commands, positionals);
  if (command === undefined) {
    const [first] = argv;
    if (first?.startsWith('--') === true && positionals.length === 0 && !isKnownOption(first))
      throw new CommandError(
        'usage',
        `There is no option ${first} without a command. All of them: acc --help`,
      );
    return { kind: 'overview', words: positionals, isAsked: isHelp };
  }
  const options = { ...globalOptions, ...command.options };
  const { values, positionals: rest } = parseStrictly(options, argv, command);
  const words = command.name.split(' ').length;
  // Somebody who asks how a command is used has not got its arguments yet.
  const args = isHelp ? new Map<string, string>() : readArguments(command, rest.slice(words));
  for (const [name, option] of Object.entries(options))
    checkChoice(name, option.choices, values[name], command);
  return { kind: 'command', command, given: createGiven(command, values, args) };
}

function isKnownOption(word: string): boolean {
  return Object.keys(globalOptions).includes(word.replace(/^--|=.*$/g, ''));
}

/** The command that the line names, whatever else is wrong with it. */
export function nameCommand(commands: readonly Command[], argv: readonly string[]): Command | undefined {
  return findCommand(commands, glance(commands, argv).positionals);
}

type Values = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;

/** Looks at the words alone, with every option of every command known, so that `--base-url X stop` finds `stop`. */
function glance(
  commands: readonly Command[],
  argv: readonly string[],
): { positionals: string[]; isHelp: boolean } {
  const all = Object.assign({}, globalOptions, ...commands.map(({ options }) => options ?? {})) as Record<
    string,
    Option
  >;
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: toConfig(all),
    strict: false,
    allowPositionals: true,
  });
  return { positionals, isHelp: values['help'] === true };
}

/** The command with the most words that the line begins with. */
function findCommand(commands: readonly Command[], words: readonly string[]): Command | undefined {
  for (let length = Math.min(3, words.length); length > 0; length -= 1) {
    const name = words.slice(0, length).join(' ');
    const found = commands.find((command) => command.name === name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function parseStrictly(options: Readonly<Record<string, Option>>, argv: readonly string[], command: Command) {
  const parsed = readStrictly(options, argv, command);
  const seen = new Set<string>();
  for (const token of parsed.tokens) {
    if (token.kind !== 'option' || options[token.name]?.many === true) continue;
    if (seen.has(token.name)) throw toUsageError(command, `--${token.name} is given twice; give it once`);
    seen.add(token.name);
  }
  return { values: parsed.values as Values, positionals: parsed.positionals };
}

function readStrictly(options: Readonly<Record<string, Option>>, argv: readonly string[], command: Command) {
  const config = { options: toConfig(options), allowPositionals: true, tokens: true } as const;
  try {
    return parseArgs({ ...config, args: [...argv] });
  } catch (error) {
    const [sentence = ''] = (error instanceof Error ? error.message : String(error)).split('. ');
    throw toUsageError(command, `${sentence}${suggestOption(sentence, options)}`);
  }
}

function suggestOption(sentence: string, options: Readonly<Record<string, Option>>): string {
  const [, unknown = ''] = /^Unknown option '--([^'=]+)/.exec(sentence) ?? [];
  const [meant] = findNearest(unknown, Object.keys(options));
  return meant === undefined ? '' : `; did you mean --${meant}?`;
}

function toConfig(options: Readonly<Record<string, Option>>): NonNullable<ParseArgsConfig['options']> {
  return Object.fromEntries(
    Object.entries(options).map(([name, { value, many }]) => [
      name,
      {
        type: value === undefined ? ('boolean' as const) : ('string' as const),
        multiple: many === true,
        ...(name === 'help' ? { short: 'h' } : {}),
      },
    ]),
  );
}

function readArguments(command: Command, words: readonly string[]): Map<string, string> {
  const rows = command.args ?? [];
  const takesRest = rows.at(-1)?.isRest === true;
  const [extra] = takesRest ? [] : words.slice(rows.length);
  if (extra !== undefined) {
    throw toUsageError(command, `"${extra}" is one word too many; write a text of several words in quotes`);
  }
  const given = new Map<string, string>();
  rows.forEach((row, index) => {
    const word = (row.isRest === true ? words.slice(index).join(' ') : (words[index] ?? '')).trim();
    if (word === '' && row.optional !== true)
      throw toUsageError(command, `${row.name} is missing: ${row.summary}`);
    if (word === '') return;
    checkChoice(row.name, row.choices, word, command);
    given.set(row.name, word);
  });
  return given;
}

function checkChoice(
  name: string,
  choices: readonly string[] | undefined,
  value: Values[string],
  command: Command,
) {
  if (choices === undefined || typeof value !== 'string' || choices.includes(value)) return;
  throw toUsageError(command, `${name} "${value}" is not one of ${choices.join(', ')}`);
}

function createGiven(command: Command, values: Values, args: ReadonlyMap<string, string>): Given {
  const known = new Set([
    ...Object.keys({ ...globalOptions, ...command.options }),
    ...(command.args ?? []).map(({ name }) => name),
  ]);
  const find = (name: string): Values[string] => {
    if (!known.has(name)) throw new Error(`the command "${command.name}" has no "${name}"`);
    return args.get(name) ?? values[name];
  };
  const text = (name: string): string | undefined => {
    const value = find(name);
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
  };
  const convert = (
    name: string,
    parse: (word: string) => number | undefined,
    form: string,
  ): number | undefined => {
    const word = text(name);
    if (word === undefined) return undefined;
    const number = parse(word);
    if (number === undefined) throw toUsageError(command, `--${name} "${word}" is not ${form}`);
    return number;
  };
  return {
    text,
    need: (name) => {
      const value = text(name);
      if (value === undefined) throw toUsageError(command, `${name} is missing`);
      return value;
    },
    list: (name) => {
      const value = find(name);
      return Array.isArray(value) ? value.map(String) : [];
    },
    isSet: (name) => find(name) === true,
    whole: (name) =>
      convert(name, (word) => (/^\d{1,15}$/.test(word) ? Number(word) : undefined), 'a whole number'),
    durationMs: (name) => convert(name, parseDuration, 'a time such as 250ms, 10s, 5m, 2h or 3d'),
  };
}

function toUsageError(command: Command, sentence: string): CommandError {
  return new CommandError(
    'usage',
    `${sentence.replace(/\?$/, '')}${sentence.endsWith('?') ? '?' : '.'}\nHow it is used: acc ${command.name} --help`,
  );
}
