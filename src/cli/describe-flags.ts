import type { Control, Flag } from './answers.ts';
import type { Print } from './print.ts';

/** One line: `off since 2026-11-20 03:12:07Z, operator: the digest names the wrong date`. */
export function describeFlag(flag: Flag): string {
  const { changed, until } = flag;
  const who =
    changed === undefined ? '' : ` since ${formatInstant(changed.at)}, ${changed.actor}: ${changed.reason}`;
  return `${flag.value}${until === undefined ? '' : ` until ${formatInstant(until)}`}${who}`;
}

/** `2026-11-20 03:12:07Z`: one clock for everyone on the call. */
export function formatInstant(at: string | number): string {
  const ms = typeof at === 'number' ? at : Date.parse(at);
  return Number.isFinite(ms)
    ? new Date(ms)
        .toISOString()
        .replace('T', ' ')
        .replace(/\.\d+Z$/, 'Z')
    : String(at);
}

/** Every flag that is off or runs out, with who, when and why. */
export function listOddFlags(control: Control): readonly (readonly [string, Flag])[] {
  return Object.entries(control.flags).filter(([, flag]) => flag.value !== 'on' || flag.until !== undefined);
}

/** All flags, then what the environment says. */
export function printFlags(print: Print, control: Control): void {
  print.table(
    ['FLAG', 'VALUE', 'UNTIL', 'SINCE', 'BY', 'WHY'],
    Object.entries(control.flags).map(([name, { value, until, changed }]) => [
      name,
      value,
      until === undefined ? '' : formatInstant(until),
      changed === undefined ? '' : formatInstant(changed.at),
      changed?.actor ?? '',
      changed?.reason ?? '',
    ]),
  );
  print.say('');
  print.table(
    ['ENVIRONMENT (the ceiling)', 'VALUE', 'FROM'],
    Object.entries(control.environment).map(([name, { value, origin }]) => [name, String(value), origin]),
  );
  print.say(`\nepoch ${control.epoch}`);
}
