import { z } from 'zod';
import { anySchema } from '../answers.ts';
import type { Call, Command } from '../command.ts';
import { CommandError, type Ending } from '../exit-codes.ts';
import { type Column, printItems, printRecord } from '../print-items.ts';

const id = { name: 'id', summary: 'its id' };
const auditColumns: readonly Column[] = [
  ['AT', 'at'],
  ['BY', 'actor'],
  ['DID', 'action'],
  ['BEFORE', 'before'],
  ['AFTER', 'after'],
  ['WHY', 'reason'],
  ['HOW MANY', 'done'],
];

export const records: readonly Command[] = [
  {
    name: 'event post',
    summary: 'post one event, or a JSON array of events',
    args: [{ name: 'file', isFile: true, summary: 'JSON file; - is standard input' }],
    options: { key: { value: 'KEY', summary: 'Idempotency-Key of a single event that carries none' } },
    run: postEvent,
  },
  {
    name: 'message cancel',
    summary: 'cancel a message that has not left',
    args: [id],
    run: cancelMessage,
  },
  {
    name: 'audit',
    summary: 'who did what, when and why, newest first',
    options: { limit: { value: 'N', summary: 'at most this many (50)' } },
    run: showAudit,
  },
  {
    name: 'audit verify',
    summary: 'walk the whole chain: was a line changed, added or taken out?',
    about:
      'A tail that was cut together with the head, or a chain written anew, only shows beside a head that was kept\n' +
      'outside the store: one of the log lines of the guard ("the head of the audit chain") or of a status note.\n' +
      'Exit 1 when the chain is broken, or is not the one expected.',
    options: {
      expect: {
        value: 'HEAD[:COUNT]',
        summary: 'the chain must hold this line: a head that was kept elsewhere',
      },
    },
    run: verifyAudit,
  },
  {
    name: 'diagnostics',
    summary: 'the last decisions of the gate with their reasons, and where every flag comes from',
    run: showDiagnostics,
  },
];

async function postEvent(call: Call): Promise<Ending> {
  const { api, print } = call;
  const body = parseJson(await call.readText(call.need('file')));
  const isBatch = Array.isArray(body);
  const key = call.text('key');
  const result = await api.ask(anySchema, {
    method: 'POST',
    path: isBatch ? '/api/events/batch' : '/api/events',
    body,
    ...(key === undefined ? {} : { headers: { 'idempotency-key': key } }),
  });
  print.show(result, () => printRecord(print, result));
  const rejected = Number(result['rejected'] ?? 0);
  if (rejected > 0) print.note(`${rejected} were rejected; the results above say why`);
  else if (!isBatch) print.note(`what becomes of it: acc event show ${String(result['event_id'])}`);
  return rejected > 0 ? 'refused' : 'done';
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CommandError(
      'usage',
      `That is not JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

async function cancelMessage({ api, print, need }: Call): Promise<Ending> {
  const path = `/api/messages/${encodeURIComponent(need('id'))}`;
  const result = await api.ask(anySchema, { method: 'DELETE', path });
  print.show(result, () => print.say(`cancelled  ${need('id')}: it will not leave`));
  return 'done';
}

const auditSchema = z.looseObject({ lines: z.array(z.looseObject({})) });

async function showAudit({ api, print, whole }: Call): Promise<Ending> {
  const result = await api.ask(auditSchema, { path: '/api/audit', query: { limit: whole('limit') ?? 50 } });
  const { lines } = result;
  print.show(result, () => {
    if (lines.length === 0) print.say('nothing yet');
    else printItems(print, lines.map(countDone), auditColumns);
  });
  return 'done';
}

/** The line of an action on many tells in its detail how many it found, and how many of them it did. */
function countDone(line: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const parsed = z.looseObject({ done: z.number(), matched: z.number() }).safeParse(line['detail']);
  return parsed.success ? { ...line, done: `${parsed.data.done} of ${parsed.data.matched}` } : line;
}

const verdictSchema = z.looseObject({
  ok: z.boolean(),
  count: z.number().default(0),
  sealed_up_to: z.number().optional(),
  unsealed: z.number().default(0),
});

/** What a chain that is whole still does not prove. */
function listRemarks({ count, sealed_up_to: sealedUpTo, unsealed }: z.infer<typeof verdictSchema>): string[] {
  if (sealedUpTo === undefined || sealedUpTo === count) {
    return unsealed === 0
      ? []
      : [`${unsealed} line(s) were written without a seal; later ones vouch for them.`];
  }
  return [
    `Nothing vouches for the last ${count - sealedUpTo} line(s): they carry no seal of our key. Lines of \`acc stop\` at the store`,
    'are such; else compare with a head from the log of the guard: acc audit verify --expect HEAD',
  ];
}

async function verifyAudit({ api, print, text }: Call): Promise<Ending> {
  const query = { expect: text('expect') };
  const verdict = await api.ask(verdictSchema, { path: '/api/audit/verify', query, waitMs: 60_000 });
  const { ok, ...rest } = verdict;
  print.show(verdict, () => {
    print.say(ok ? print.paint('good', 'whole') : print.paint('bad', 'BROKEN'));
    printRecord(print, rest);
    for (const remark of listRemarks(verdict)) print.say(remark);
  });
  return ok ? 'done' : 'refused';
}

const diagnosticsSchema = z.looseObject({
  flags: z.record(z.string(), z.looseObject({ value: z.unknown(), origin: z.string() })),
  decisions: z.array(z.looseObject({})),
});
const decisionColumns: readonly Column[] = [
  ['AT', 'at'],
  ['DECISION', 'decision'],
  ['REASON', 'reason'],
  ['TYPE', 'type'],
  ['CHANNEL', 'channel'],
  ['TO', 'to'],
  ['MESSAGE', 'message_id'],
];

async function showDiagnostics({ api, print }: Call): Promise<Ending> {
  const result = await api.ask(diagnosticsSchema, { path: '/api/diagnostics', waitMs: 10_000 });
  const { flags, decisions, ...rest } = result;
  print.show(result, () => {
    printRecord(print, rest);
    print.say('');
    const rows = Object.entries(flags).map(([name, flag]) => ({ name, ...flag }));
    printItems(print, rows, [
      ['FLAG', 'name'],
      ['VALUE', 'value'],
      ['FROM', 'origin'],
    ]);
    print.say('');
    if (decisions.length === 0) print.say('no decision yet');
    else printItems(print, decisions, decisionColumns);
  });
  return 'done';
}
