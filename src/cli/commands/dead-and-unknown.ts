import { actInBulk, bulkOptions, filterOptions } from '../act-in-bulk.ts';
import { anySchema } from '../answers.ts';
import type { Call, Command } from '../command.ts';
import { CommandError, type Ending } from '../exit-codes.ts';
import type { Column } from '../print-items.ts';
import { listPage, pageOptions, why } from './held.ts';

const deadColumns: readonly Column[] = [
  ['ID', 'id'],
  ['KIND', 'kind'],
  ['REASON', 'reason'],
  ['TYPE', 'type'],
  ['CHANNEL', 'channel'],
  ['TO', 'to'],
  ['ATTEMPTS', 'attempts'],
  ['MAY HAVE LEFT', 'may_have_left'],
  ['LAST', 'last_at'],
  ['LAST ERROR', 'last_error'],
];
const unknownColumns: readonly Column[] = [
  ['ID', 'message_id'],
  ['REASON', 'reason'],
  ['TYPE', 'type'],
  ['TO', 'to'],
  ['PROVIDER', 'provider'],
  ['SINCE', 'since'],
  ['LAST ERROR', 'last_error'],
];

const resolutions = ['sent', 'resend', 'discard'];

export const deadAndUnknown: readonly Command[] = [
  {
    name: 'dead-letters list',
    summary: 'messages that were refused, or whose retries are spent',
    options: { ...filterOptions, ...pageOptions },
    run: (call) => listPage(call, '/api/dead-letters', deadColumns),
  },
  {
    name: 'dead-letters replay',
    summary: 'try dead letters again, with every check done again',
    about: 'Shows a preview; --yes does it. What was already sent is never sent a second time.',
    args: [why],
    options: bulkOptions,
    run: (call) =>
      actInBulk(call, {
        path: '/api/dead-letters/replay',
        verb: 'replay',
        doneIn: 'replayed',
        takesIdsAlone: true,
      }),
  },
  {
    name: 'dead-letters discard',
    summary: 'end dead letters for good',
    about: 'Shows a preview; --yes does it. There is no way back.',
    args: [why],
    options: bulkOptions,
    run: (call) =>
      actInBulk(call, {
        path: '/api/dead-letters/discard',
        verb: 'discard',
        doneIn: 'discarded',
        takesIdsAlone: true,
      }),
  },
  {
    name: 'unknown list',
    summary: 'messages whose attempt left and got no answer: sent or not, nobody knows',
    options: { ...filterOptions, ...pageOptions },
    run: (call) => listPage(call, '/api/unknown', unknownColumns),
  },
  {
    name: 'unknown resolve',
    summary: 'decide what became of such a message',
    about:
      'Ask the provider first (its log has our message id). --sent: it did arrive. --resend: send it once more, and\n' +
      'accept that the person may get it twice. --discard: leave it.',
    args: [{ name: 'id', summary: 'id of the message' }, why],
    options: {
      sent: { summary: 'it was sent' },
      resend: { summary: 'send it once more' },
      discard: { summary: 'leave it unsent' },
    },
    run: resolveUnknown,
  },
];

async function resolveUnknown(call: Call): Promise<Ending> {
  const chosen = resolutions.filter((name) => call.isSet(name));
  const [resolution] = chosen;
  if (resolution === undefined || chosen.length > 1)
    throw new CommandError('usage', 'Choose one of --sent, --resend, --discard.');
  const id = call.need('id');
  const answer = await call.api.ask(anySchema, {
    method: 'POST',
    path: `/api/unknown/${encodeURIComponent(id)}`,
    body: { resolution, reason: call.need('why') },
  });
  call.print.show(answer, () => call.print.say(`resolved   ${id}: ${resolution}`));
  return 'done';
}
