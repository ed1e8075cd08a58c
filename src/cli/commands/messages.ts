import { parseInstant } from '../../domain/instant.ts';
import { messageStates } from '../../domain/message.ts';
import { actInBulk, bulkOptions, filterOptions } from '../act-in-bulk.ts';
import { pageSchema } from '../answers.ts';
import type { Call, Command } from '../command.ts';
import { CommandError, type Ending } from '../exit-codes.ts';
import { parseDuration } from '../parse-duration.ts';
import { type Column, printPage } from '../print-items.ts';
import { pageOptions } from './held.ts';

const columns: readonly Column[] = [
  ['ID', 'message_id'],
  ['STATE', 'state'],
  ['REASON', 'reason'],
  ['WAITS FOR', 'waits_for'],
  ['DUE', 'due_at'],
  ['TYPE', 'type'],
  ['CHANNEL', 'channel'],
  ['CLIENT', 'client'],
  ['TO', 'to'],
  ['MADE', 'created_at'],
  ['SINCE', 'updated_at'],
];

/** Finding messages, whatever became of them, and taking back those that wait. */
export const messages: readonly Command[] = [
  {
    name: 'messages',
    summary: 'find messages: did this person get it, and what waits for what?',
    about:
      'Without an option the open ones come first, counted by what they wait for. The address is hashed by the service\n' +
      'and logged nowhere. What has ended is found for as long as its record is kept.',
    options: {
      to: { value: 'ADDRESS', summary: 'to this address or number, exact; or the to_hash of a log line' },
      state: { value: 'STATE', choices: messageStates, summary: 'only those in this state' },
      since: { value: 'TIME', summary: 'made since: an age such as 2h, or an instant' },
      until: { value: 'TIME', summary: 'made before: an age such as 2h, or an instant' },
      ...filterOptions,
      ...pageOptions,
    },
    examples: ['acc messages --to jo@example.com', 'acc messages --state sent --type welcome --since 2h'],
    run: findMessages,
  },
  {
    name: 'messages cancel',
    summary: 'cancel messages that wait for their turn',
    about: 'Shows a preview; --yes does it. What is being sent is left alone. There is no way back.',
    args: [{ name: 'why', summary: 'why, in quotes; kept in the audit' }],
    options: bulkOptions,
    run: (call) => actInBulk(call, { path: '/api/messages/cancel', verb: 'cancel', doneIn: 'cancelled' }),
  },
];

async function findMessages(call: Call): Promise<Ending> {
  const { api, print } = call;
  const names = ['to', 'state', ...Object.keys(filterOptions)];
  const query = {
    ...Object.fromEntries(names.map((name) => [name, call.text(name)])),
    since: readInstant(call, 'since'),
    until: readInstant(call, 'until'),
    limit: call.whole('limit'),
    cursor: call.text('cursor'),
  };
  const page = await api.ask(pageSchema, { path: '/api/messages', query });
  print.show(page, () => {
    const waits = Object.entries(page.waits ?? {}).map(([word, count]) => `${word} ${count}`);
    const more = page.waits_more === true ? ', and more that were not counted' : '';
    if (waits.length > 0) print.say(`open, by what they wait for: ${waits.join(', ')}${more}\n`);
    printPage(print, page, columns);
  });
  return 'done';
}

/** An age (`2h`) or an instant, as the service wants it. */
function readInstant(call: Call, name: string): string | undefined {
  const text = call.text(name);
  if (text === undefined) return undefined;
  const age = parseDuration(text);
  const atMs = age === undefined ? parseInstant(text) : call.now() - age;
  if (atMs === undefined)
    throw new CommandError(
      'usage',
      `--${name} ${text}: give an age such as 2h, or an instant such as 2026-11-20T18:00:00Z.`,
    );
  return new Date(atMs).toISOString();
}
