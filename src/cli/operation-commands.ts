import { z } from 'zod';
import type { CommandRow, OperationRow } from '../operator/operation.ts';
import { operations } from '../operator/operations.ts';
import { actInBulk } from './act-in-bulk.ts';
import { anySchema, type Page, pageSchema } from './answers.ts';
import type { Argument, Call, Command } from './command.ts';
import type { Ending } from './exit-codes.ts';
import type { Print } from './print.ts';
import { printPage, printRecord } from './print-items.ts';
import { readFields, toOptionRows, toOptions } from './schema-options.ts';

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
      const asked = readFields(call, options);
      const page = await call.api.ask(pageSchema, { path, query: asked as Record<string, string> });
      const { limit: _limit, cursor: _cursor, ...filter } = asked;
      const fits = Object.entries(filter).map(([name, value]) => `${name} ${String(value)}`);
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
        body: readFields(call, rest),
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
function describeList(print: Print, page: Page): readonly string[] {
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
