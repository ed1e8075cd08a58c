import { z } from 'zod';
import type { CommandRow, OperationRow } from '../operator/operation.ts';
import { operations } from '../operator/operations.ts';
import { anySchema, type Bulk, bulkSchema, type ListPage, pageSchema } from './answers.ts';
import type { Argument, Call, Command } from './command.ts';
import { CommandError, type Ending } from './exit-codes.ts';
import type { Print } from './print.ts';
import { printPage, printRecord } from './print-items.ts';
import { readOptionFields, type SchemaOption, toOptionRows, toOptions } from './schema-options.ts';

export const why: Argument = { name: 'why', isRest: true, summary: 'why; kept in the audit' };

/** The commands that are made from operations: lists, operations on many, and looks at one thing. */
export const operationCommands: readonly Command[] = operations.flatMap((operation) =>
  operation.command === undefined ? [] : [toCommand(operation, operation.command)],
);

function toCommand(operation: OperationRow, { columns, bulk, ...row }: CommandRow): Command {
  if (bulk !== undefined) return toBulkCommand(operation, row, bulk);
  return columns === undefined ? toShowCommand(operation, row) : toListCommand(operation, row, columns);
}

function toListCommand(
  { path, query }: OperationRow,
  row: CommandRow,
  columns: NonNullable<CommandRow['columns']>,
): Command {
  const options = query === undefined ? [] : toOptions(query);
  return {
    ...row,
    options: toOptionRows(options),
    run: async (call): Promise<Ending> => {
      const asked = readOptionFields(call, options);
      const page = await call.api.ask(pageSchema, { path, query: asked as Record<string, string> });
      const { limit: _limit, cursor: _cursor, ...filter } = asked;
      // Whose messages were asked for is on no screen that is passed on.
      const fits = Object.entries(filter).map(([name, value]) =>
        name === 'to' ? 'that recipient' : `${name} ${String(value)}`,
      );
      call.print.show(page, () => {
        for (const line of describeList(call.print, page)) call.print.say(line);
        printPage(call.print, page, columns, fits.join(', '));
      });
      return 'done';
    },
  };
}

function toShowCommand({ path }: OperationRow, row: CommandRow): Command {
  return {
    ...row,
    args: [{ name: 'id', summary: 'its id' }],
    run: async ({ api, print, need }): Promise<Ending> => {
      const view = await api.ask(anySchema, { path: path.replace(':id', encodeURIComponent(need('id'))) });
      print.show(view, () => printRecord(print, view));
      return 'done';
    },
  };
}

function toBulkCommand(
  { path, body = z.strictObject({}) }: OperationRow,
  row: CommandRow,
  { verb, doneIn }: NonNullable<CommandRow['bulk']>,
): Command {
  const { filter: filterSchema, ids, reason: _why, preview: _preview, ...extra } = shapeOf(body);
  const filter = filterSchema === undefined ? [] : toOptions(filterSchema);
  const rest = toOptions(z.strictObject(extra));
  return {
    ...row,
    args: [why],
    options: {
      ...toOptionRows([...filter, ...rest]),
      all: { summary: 'everything; needed when nothing is selected' },
      yes: { summary: 'do it; without it only the preview is shown' },
    },
    run: (call: Call) =>
      actInBulk(call, {
        path,
        verb,
        doneIn,
        filter,
        body: readOptionFields(call, rest),
        ...(ids === undefined ? {} : { takesIdsAlone: true }),
      }),
  };
}

function shapeOf(schema: z.ZodType): Record<string, z.ZodType> {
  return schema instanceof z.ZodObject ? schema.shape : {};
}

const quarantineState = z.looseObject({
  on: z.boolean(),
  bounds: z.record(z.string(), z.number()).default({}),
  keys: z.looseObject({ ok: z.boolean(), detail: z.string() }),
});

/** What a list tells beside its items. */
function describeList(print: Print, page: ListPage): readonly string[] {
  const waits = Object.entries(page.waits ?? {}).map(([word, count]) => `${word} ${count}`);
  if (waits.length > 0) {
    const more = page.waits_more === true ? ', and more that were not counted' : '';
    return [`open, by what they wait for: ${waits.join(', ')}${more}\n`];
  }
  const { data } = quarantineState.safeParse(page);
  if (data === undefined) return [];
  const bounds = Object.entries(data.bounds).map(([name, bound]) => `${name} ${bound}`);
  return [
    ...(data.on ? [] : ['The quarantine is off: QUARANTINE_KEYS is not set.']),
    `issuer ${data.keys.ok ? 'ok' : print.paint('bad', 'not ok')}: ${data.keys.detail}`,
    `at most ${bounds.join(', ')}`,
  ];
}

/** An operation on many, as its command asks for it. */
interface BulkRequest {
  readonly path: string;
  /** `release`, `discard`, `replay`. */
  readonly verb: string;
  /** The field of the response that counts what was done. */
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
async function actInBulk(call: Call, asked: BulkRequest): Promise<Ending> {
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
  const filter = readOptionFields(call, options);
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
  for (const { id, why: cause } of report.failed ?? [])
    print.say(`  ${print.paint('bad', 'not')} ${id}: ${cause}`);
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
