import { z } from 'zod';
import { bulkSchema, pageSchema } from '../answers.ts';
import type { Call, Command } from '../command.ts';
import { CommandError, type Ending } from '../exit-codes.ts';
import { type Column, printPage } from '../print-items.ts';
import { pageOptions, why } from './held.ts';

const columns: readonly Column[] = [
  ['ID', 'event_id'],
  ['TYPE', 'type'],
  ['CLAIMED CLIENT', 'claimed_client'],
  ['SECONDS', 'age_seconds'],
  ['BYTES', 'bytes'],
  ['RECEIVED', 'received_at'],
];

const quarantineSchema = pageSchema.extend({
  on: z.boolean(),
  bounds: z.record(z.string(), z.number()).default({}),
  keys: z.looseObject({ ok: z.boolean(), detail: z.string() }),
});
const verdictsSchema = z.looseObject({
  accepted: z.number(),
  rejected: z.record(z.string(), z.number()),
  undecided: z.number(),
  left: z.number(),
});

export const quarantine: readonly Command[] = [
  {
    name: 'quarantine list',
    summary: 'events whose tokens nobody could judge yet, and how full the quarantine is',
    about: 'The client is what the token claims: nobody has proved it.',
    options: pageOptions,
    run: listQuarantine,
  },
  {
    name: 'quarantine judge',
    summary: 'judge them now; the guard does it by itself once the issuer is back',
    args: [why],
    options: { limit: { value: 'N', summary: 'look at this many at most' } },
    run: judgeQuarantine,
  },
  {
    name: 'quarantine discard',
    summary: 'end quarantined events for good: they are never delivered',
    about: 'Shows a preview; --yes does it. There is no way back.',
    args: [why],
    options: {
      id: { value: 'ID', many: true, summary: 'only this event; may be given more than once' },
      client: { value: 'CLIENT', summary: 'only those that claim to be of this client' },
      'older-than': { value: 'TIME', summary: 'only those that wait longer than this' },
      all: { summary: 'everything; needed when nothing is selected' },
      yes: { summary: 'do it; without it only the preview is shown' },
    },
    run: discardQuarantine,
  },
];

async function listQuarantine(call: Call): Promise<Ending> {
  const query = { limit: call.whole('limit'), cursor: call.text('cursor') };
  const page = await call.api.ask(quarantineSchema, { path: '/api/quarantine', query });
  const { print } = call;
  print.show(page, () => {
    if (!page.on) print.say('The quarantine is off: QUARANTINE_KEYS is not set.');
    print.say(`issuer ${page.keys.ok ? 'ok' : print.paint('bad', 'not ok')}: ${page.keys.detail}`);
    const bounds = Object.entries(page.bounds).map(([name, bound]) => `${name} ${bound}`);
    print.say(`at most ${bounds.join(', ')}`);
    printPage(print, page, columns);
  });
  return 'done';
}

async function judgeQuarantine(call: Call): Promise<Ending> {
  const limit = call.whole('limit');
  const verdicts = await call.api.ask(verdictsSchema, {
    method: 'POST',
    path: '/api/quarantine/judge',
    body: { reason: call.need('why'), ...(limit === undefined ? {} : { limit }) },
    waitMs: 120_000,
  });
  const { print } = call;
  print.show(verdicts, () => {
    print.say(`accepted ${verdicts.accepted}, undecided ${verdicts.undecided}, left ${verdicts.left}`);
    for (const [reason, count] of Object.entries(verdicts.rejected)) print.say(`rejected ${reason} ${count}`);
  });
  return 'done';
}

async function discardQuarantine(call: Call): Promise<Ending> {
  const filter = readFilter(call);
  const isPreview = !call.isSet('yes');
  const report = await call.api.ask(bulkSchema, {
    method: 'POST',
    path: '/api/quarantine/discard',
    body: { filter, preview: isPreview, reason: call.need('why') },
    waitMs: isPreview ? 0 : 120_000,
  });
  const { print } = call;
  print.show(report, () => {
    print.say(
      `${isPreview ? 'would discard' : `discarded ${Number(report['discarded'])} of`} ${report.matched ?? 0}`,
    );
    for (const [type, count] of Object.entries(report.by_type ?? {})) print.say(`  ${type} ${count}`);
  });
  if (isPreview) print.note('\nNothing was changed. To discard them, add --yes');
  return 'done';
}

/** Throws wrong usage when it selects everything unasked. */
function readFilter(call: Call): Readonly<Record<string, unknown>> {
  const ids = call.list('id');
  const client = call.text('client');
  const olderThanMs = call.durationMs('older-than');
  const filter = {
    ...(ids.length === 0 ? {} : { ids }),
    ...(client === undefined ? {} : { client }),
    ...(olderThanMs === undefined ? {} : { older_than_seconds: Math.ceil(olderThanMs / 1_000) }),
  };
  if (Object.keys(filter).length > 0 || call.isSet('all')) return filter;
  throw new CommandError(
    'usage',
    'Nothing is selected. Say which: --id, --client, --older-than; or --all for everything.',
  );
}
