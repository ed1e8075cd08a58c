import type { Command } from './command.ts';
import { adopt } from './commands/adopt.ts';
import { completions } from './commands/completions.ts';
import { configuration } from './commands/configuration.ts';
import { contract } from './commands/contract.ts';
import { deadAndUnknown } from './commands/dead-and-unknown.ts';
import { held } from './commands/held.ts';
import { incidentsAndBudgets } from './commands/incidents-and-budgets.ts';
import { messages } from './commands/messages.ts';
import { pauseAndResume } from './commands/pause-and-resume.ts';
import { quarantine } from './commands/quarantine.ts';
import { records } from './commands/records.ts';
import { status } from './commands/status.ts';
import { stopAndStart } from './commands/stop-and-start.ts';
import { suppressions } from './commands/suppressions.ts';
import { templates } from './commands/templates.ts';
import { watch } from './commands/watch.ts';

/** Every command there is, in the order of the help: what is needed at night comes first. */
export const commandTable: readonly Command[] = [
  ...stopAndStart,
  status,
  watch,
  ...pauseAndResume,
  ...incidentsAndBudgets,
  adopt,
  ...messages,
  ...held,
  ...deadAndUnknown,
  ...quarantine,
  ...suppressions,
  ...records,
  ...templates,
  ...contract,
  ...configuration,
  completions,
];
