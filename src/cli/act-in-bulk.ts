import { type Bulk, bulkSchema } from './answers.ts';
import type { Call } from './command.ts';
import { CommandError, type Ending } from './exit-codes.ts';
import { readFields, type SchemaOption } from './schema-options.ts';

/** An operation on many, as its command asks for it. */
export interface BulkRequest {
  readonly path: string;
  /** `release`, `discard`, `replay`. */
  readonly verb: string;
  /** The field of the answer that counts what was done. */
  readonly doneIn: string;
  /** What selects. */
  readonly filter: readonly SchemaOption[];
  readonly body: Readonly<Record<string, unknown>>;
  /** The route takes either ids or a filter, never both. */
  readonly takesIdsAlone?: true;
}

/**
 * Shows what would happen, and does it only with `--yes`. What is done is what the service finds then, which may
 * differ from the preview: both are shown.
 */
export async function actInBulk(call: Call, asked: BulkRequest): Promise<Ending> {
  const { api, print } = call;
  const filter = readSelection(call, asked.filter);
  const selection = asked.takesIdsAlone === true ? divideIds(filter) : { filter };
  const body = { ...selection, ...asked.body, reason: call.need('why') };
  const request = (isPreview: boolean) =>
    api.ask(bulkSchema, {
      method: 'POST',
      path: asked.path,
      body: { ...body, preview: isPreview },
      waitMs: isPreview ? 0 : 120_000,
    });
  const preview = await request(true);
  if (!call.isSet('yes')) {
    print.show(preview, () => printBulk(call, `would ${asked.verb}`, preview));
    print.note(`\nNothing was changed. To ${asked.verb} them, add --yes`);
    return 'done';
  }
  if (!print.isJson) printBulk(call, `to ${asked.verb}:`, preview);
  const report = await request(false);
  const done = Number(report[asked.doneIn] ?? 0);
  print.show(report, () => {
    print.say('');
    printBulk(call, `${asked.doneIn} ${done} of`, report);
  });
  return endBulk(report, done);
}

/** Nothing was done although something was meant: a script must not take that for success. */
function endBulk({ matched = 0, failed = [] }: Bulk, done: number): Ending {
  return failed.length > 0 || (done === 0 && matched > 0) ? 'refused' : 'done';
}

/** The selection of the command line. Throws wrong usage when it selects everything unasked. */
function readSelection(call: Call, options: readonly SchemaOption[]): Readonly<Record<string, unknown>> {
  const filter = readFields(call, options);
  if (Object.keys(filter).length > 0 || call.isSet('all')) return filter;
  const names = options.map(({ name }) => `--${name}`).join(', ');
  throw new CommandError('usage', `Nothing is selected. Say which: ${names}; or --all for everything.`);
}

function divideIds(filter: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { ids, ...rest } = filter;
  if (ids === undefined) return { filter };
  if (Object.keys(rest).length === 0) return { ids };
  throw new CommandError('usage', 'Give either --id or a filter, not both.');
}

function printBulk({ print }: Call, verb: string, report: Bulk): void {
  print.say(`${verb} ${report.matched ?? 0} matched${describeSkipped(report.skipped)}`);
  for (const [type, count] of Object.entries(report.by_type ?? {})) print.say(`  ${type} ${count}`);
  for (const remark of listRemarks(report)) print.say(`  ${remark}`);
  for (const { id, why } of report.failed ?? []) print.say(`  ${print.paint('bad', 'not')} ${id}: ${why}`);
}

function listRemarks(report: Bulk): string[] {
  const { last_due_at: lastDueAt, dry_run: rehearsals = 0, may_have_left: mayHaveLeft = 0 } = report;
  return [
    ...listHeldAgain(report),
    ...(lastDueAt === undefined ? [] : [`the last one is due at ${lastDueAt}`]),
    ...(rehearsals > 0
      ? [`${rehearsals} of them were accepted as a rehearsal: they will be rehearsed, not sent`]
      : []),
    ...(mayHaveLeft > 0
      ? [`${mayHaveLeft} of them may have left already: an earlier attempt got no answer`]
      : []),
    ...(report.more === true ? ['there are more than one go takes: run the same command again'] : []),
  ];
}

/** Those that a release would only have held again. */
function listHeldAgain({ skipped }: Bulk): string[] {
  const { stopped = 0, other_mode: otherMode = 0 } = typeof skipped === 'object' ? skipped : {};
  return [
    ...(stopped > 0
      ? [
          `sending is stopped: ${stopped} would be held again at once. First acc start, or add --while-stopped`,
        ]
      : []),
    ...(otherMode > 0
      ? [`${otherMode} were accepted in another mode, in which the service does not run now: they stay held`]
      : []),
  ];
}

function describeSkipped(skipped: Bulk['skipped']): string {
  if (skipped === undefined) return '';
  if (typeof skipped === 'number') return skipped === 0 ? '' : `, ${skipped} skipped`;
  const words = Object.entries(skipped).map(([word, count]) => `${count} ${word}`);
  return words.length === 0 ? '' : `, skipped: ${words.join(', ')}`;
}
