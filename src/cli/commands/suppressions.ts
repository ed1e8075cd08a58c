import { z } from 'zod';
import { channels } from '../../domain/channel.ts';
import { anySchema, pageSchema } from '../answers.ts';
import type { Call, Command, Option } from '../command.ts';
import { CommandError, type Ending } from '../exit-codes.ts';
import { why } from '../operation-commands.ts';
import { parseSuppressions } from '../parse-suppressions.ts';

const channel: Option = {
  value: 'CHANNEL',
  choices: [...channels, 'all'],
  summary: 'only on this channel (what the address fits)',
};
const address = { name: 'address', summary: 'an email address, or a number such as +15555550123' };
export const suppressionCommands: readonly Command[] = [
  {
    name: 'suppressions add',
    summary: 'never write to this address from now on',
    args: [address, why],
    options: { channel },
    run: (call) =>
      addEntries(call, [
        { address: call.need('address'), ...readChannel(call), reason: call.need('why'), source: 'acc' },
      ]),
  },
  {
    name: 'suppressions remove',
    summary: 'let an address be written to again',
    args: [address, why],
    options: { channel },
    run: removeOne,
  },
  {
    name: 'suppressions import',
    summary: 'suppress every address of a file',
    about:
      'The file has one entry a line: `address[,channel[,reason]]`, or JSON as "suppressions export" writes it.\n' +
      'Good lines count also when others have faults; each fault is named by its line.',
    args: [{ name: 'file', isFile: true, summary: 'the file; - is standard input' }, why],
    run: importFile,
  },
  {
    name: 'suppressions export',
    summary: 'all of them as JSON lines, with hashes and never an address',
    about: 'A store with the same ADDRESS_HASH_KEY takes the result back with "suppressions import".',
    run: exportAll,
  },
];

const addedSchema = z.looseObject({
  added: z.number(),
  renewed: z.number().default(0),
  faults: z.array(z.looseObject({ index: z.number(), detail: z.string() })).default([]),
});
type Added = z.infer<typeof addedSchema>;

/** At most so many in one request: the body stays small, and one audit line stands for them. */
const entriesMax = 500;

async function addEntries(
  call: Call,
  entries: readonly Readonly<Record<string, unknown>>[],
  lineOf: (index: number) => string = () => '',
): Promise<Ending> {
  const total: Added = { added: 0, renewed: 0, faults: [] };
  for (let from = 0; from < entries.length; from += entriesMax) {
    const result = await call.api.ask(addedSchema, {
      method: 'POST',
      path: '/api/suppressions',
      body: { entries: entries.slice(from, from + entriesMax), reason: call.need('why') },
      waitMs: 30_000,
    });
    total.added += result.added;
    total.renewed += result.renewed;
    total.faults.push(...result.faults.map((fault) => ({ ...fault, index: from + fault.index })));
  }
  call.print.show(total, () =>
    call.print.say(`suppressed ${total.added} new, ${total.renewed} known already`),
  );
  for (const { index, detail } of total.faults) call.print.note(`${lineOf(index)}${detail}`);
  return total.faults.length === 0 ? 'done' : 'refused';
}

async function removeOne(call: Call): Promise<Ending> {
  const result = await call.api.ask(anySchema, {
    method: 'POST',
    path: '/api/suppressions/remove',
    body: { address: call.need('address'), ...readChannel(call), reason: call.need('why') },
  });
  const removed = Number(result['removed'] ?? 0);
  call.print.show(result, () =>
    call.print.say(removed === 0 ? 'there was no such suppression' : `removed ${removed}`),
  );
  return 'done';
}

async function importFile(call: Call): Promise<Ending> {
  const { entries, faults } = parseSuppressions(await call.readText(call.need('file')), call.need('why'));
  for (const { line, detail } of faults) call.print.note(`line ${line}: ${detail}`);
  if (entries.length === 0) throw new CommandError('refused', 'The file has no entry that can be read.');
  const ending = await addEntries(
    call,
    entries.map(({ entry }) => entry),
    (index) => `line ${entries[index]?.line ?? '?'}: `,
  );
  return faults.length === 0 ? ending : 'refused';
}

async function exportAll({ api, print }: Call): Promise<Ending> {
  let cursor: string | undefined;
  do {
    const page = await api.ask(pageSchema, {
      path: '/api/suppressions',
      query: { limit: entriesMax, cursor },
    });
    for (const item of page.items) print.raw(`${JSON.stringify(item)}\n`);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return 'done';
}

function readChannel(call: Call): { channel?: string } {
  const chosen = call.text('channel');
  return chosen === undefined ? {} : { channel: chosen };
}
