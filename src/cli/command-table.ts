import type { Command } from './command.ts';
import { adopt } from './commands/adopt.ts';
import { completions } from './commands/completions.ts';
import { configuration } from './commands/configuration.ts';
import { contract } from './commands/contract.ts';
import { heldShow } from './commands/held.ts';
import { incidentsAndBudgets } from './commands/incidents-and-budgets.ts';
import { pauseAndResume } from './commands/pause-and-resume.ts';
import { quarantineJudge } from './commands/quarantine.ts';
import { records } from './commands/records.ts';
import { statusCommand } from './commands/status.ts';
import { stopAndStart } from './commands/stop-and-start.ts';
import { suppressionCommands } from './commands/suppressions.ts';
import { templates } from './commands/templates.ts';
import { unknownResolve } from './commands/unknown.ts';
import { watch } from './commands/watch.ts';
import { operationCommands } from './operation-commands.ts';

/**
 * Every command there is, in the order of the help: what is needed at night comes first, and commands of the same first
 * word stand together.
 */
export const commandTable: readonly Command[] = groupByFirstWord([
  ...stopAndStart,
  statusCommand,
  watch,
  ...pauseAndResume,
  ...incidentsAndBudgets,
  adopt,
  ...operationCommands,
  heldShow,
  unknownResolve,
  quarantineJudge,
  ...suppressionCommands,
  ...records,
  ...templates,
  ...contract,
  ...configuration,
  completions,
]);

function groupByFirstWord(commands: readonly Command[]): readonly Command[] {
  const order = [...new Set(commands.map(firstWord))];
  return commands.toSorted((a, b) => order.indexOf(firstWord(a)) - order.indexOf(firstWord(b)));
}

function firstWord({ name }: Command): string {
  return name.split(' ')[0] ?? '';
}
