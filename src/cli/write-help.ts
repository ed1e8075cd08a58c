import { type Argument, type Command, globalOptions, type Option } from './command.ts';
import { type Ending, exitCodes, exitMeanings } from './exit-codes.ts';

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
  return Object.entries(options).map(([name, { value, summary, choices }]) => {
    const shown = `--${name}${value === undefined ? '' : ` ${value}`}`;
    return `  ${shown.padEnd(22)}${summary}${choices === undefined ? '' : `: ${choices.join(', ')}`}`;
  });
}
