import { holdReasons } from '../../domain/message.ts';
import { actInBulk, bulkOptions, filterOptions } from '../act-in-bulk.ts';
import { anySchema, pageSchema } from '../answers.ts';
import type { Argument, Call, Command, Option } from '../command.ts';
import type { Ending } from '../exit-codes.ts';
import { type Column, printPage, printRecord } from '../print-items.ts';

export const why: Argument = { name: 'why', isRest: true, summary: 'why; kept in the audit' };
export const pageOptions: Readonly<Record<string, Option>> = {
  limit: { value: 'N', summary: 'at most this many' },
  cursor: { value: 'CURSOR', summary: 'where the page before this one ended' },
};

const reason: Option = {
  value: 'WORD',
  suggestions: holdReasons,
  summary: 'only those held for this reason',
};

const columns: readonly Column[] = [
  ['ID', 'message_id'],
  ['REASON', 'reason'],
  ['TYPE', 'type'],
  ['CHANNEL', 'channel'],
  ['TO', 'to'],
  ['HELD SINCE', 'held_at'],
  ['NOT AFTER', 'not_after'],
  ['MAY HAVE LEFT', 'may_have_left'],
];

export const held: readonly Command[] = [
  {
    name: 'held list',
    summary: 'what is held, and how much for which reason',
    options: { ...filterOptions, ...pageOptions, reason },
    run: async (call) => listPage(call, '/api/held', columns),
  },
  {
    name: 'held show',
    summary: 'one held message with its draft',
    args: [{ name: 'id', summary: 'id of the message' }],
    options: { html: { summary: 'also the HTML of a mail' } },
    run: async ({ api, print, need, isSet }): Promise<Ending> => {
      const item = await api.ask(anySchema, { path: `/api/held/${encodeURIComponent(need('id'))}` });
      print.show(item, () => printRecord(print, isSet('html') ? item : withoutHtml(item)));
      return 'done';
    },
  },
  {
    name: 'held release',
    summary: 'let held messages go, with every check done again',
    about:
      'Shows a preview; --yes does it. Released messages pass the gate once more when their turn comes: what is still\n' +
      'stopped, suppressed or too late does not leave. After a long stop, give --max-age and --per-minute.',
    args: [why],
    options: {
      ...bulkOptions,
      reason,
      'max-age': { value: 'TIME', summary: 'leave those held that are older than this' },
      'per-minute': { value: 'N', summary: 'spread them, so many a minute' },
      'while-stopped': { summary: 'also those that a stop would hold again at once' },
    },
    examples: [
      'acc held release "the template is right again" --reason stopped --max-age 6h --per-minute 100',
    ],
    run: releaseHeld,
  },
  {
    name: 'held discard',
    summary: 'end held messages for good: they never leave',
    about: 'Shows a preview; --yes does it. There is no way back.',
    args: [why],
    options: { ...bulkOptions, reason },
    run: (call) => actInBulk(call, { path: '/api/held/discard', verb: 'discard', doneIn: 'discarded' }),
  },
];

/** A screen of markup hides the few lines that a person wants to read. */
function withoutHtml(item: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { draft } = item;
  if (typeof draft !== 'object' || draft === null || !('html' in draft)) return item;
  return { ...item, draft: { ...draft, html: '(--html shows it)' } };
}

/** A page of a list, with the filter and the place of the command line. */
export async function listPage(call: Call, path: string, shown: readonly Column[]): Promise<Ending> {
  const filter = Object.keys(filterOptions).flatMap((name) => {
    const value = call.text(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  const query = {
    ...Object.fromEntries(filter),
    limit: call.whole('limit'),
    cursor: call.text('cursor'),
  };
  const page = await call.api.ask(pageSchema, { path, query });
  const fits = filter.map(([name, value]) => `${name} ${value}`).join(', ');
  call.print.show(page, () => printPage(call.print, page, shown, fits));
  return 'done';
}

function releaseHeld(call: Call): Promise<Ending> {
  const maxAgeMs = call.durationMs('max-age');
  const perMinute = call.whole('per-minute');
  return actInBulk(call, {
    path: '/api/held/release',
    verb: 'release',
    doneIn: 'released',
    body: {
      ...(maxAgeMs === undefined ? {} : { max_age_seconds: Math.ceil(maxAgeMs / 1_000) }),
      ...(perMinute === undefined ? {} : { per_minute: perMinute }),
      ...(call.isSet('while-stopped') ? { while_stopped: true } : {}),
    },
  });
}
