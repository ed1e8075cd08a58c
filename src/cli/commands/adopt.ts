import { z } from 'zod';
import { quoteIfNeeded } from '../../domain/quote-word.ts';
import { controlSchema } from '../answers.ts';
import type { Call, Command } from '../command.ts';
import { CommandError, type Ending } from '../exit-codes.ts';

const adoptionSchema = z.looseObject({
  lineage: z.string(),
  from: z.string(),
  epoch: z.number(),
  open: z.number(),
});
const markedSchema = z.looseObject({ marked: z.number(), known: z.number(), missing: z.number() });
type Marked = z.infer<typeof markedSchema>;

/** Attempts in one request. */
const atOnce = 500;

export const adopt: Command = {
  name: 'adopt',
  summary: 'go on with a store that was put back in time (restored, failed over, an old volume)',
  about:
    'A store that is behind what its witness knows sends nothing until a person adopts it. Then it has a new lineage,\n' +
    'sending is stopped, and what it had open is held as "restored", since it may have been sent unseen. Give the logs\n' +
    'of the senders with --attempts, and what they say was sent is marked as sent. Without --lineage it shows what was\n' +
    'found, and the command to copy.',
  args: [{ name: 'why', summary: 'why, in quotes; it is kept in the audit' }],
  options: {
    lineage: { value: 'LINEAGE', summary: 'the one that you saw' },
    attempts: { value: 'FILE', many: true, summary: 'a log of a sender; may be given more than once' },
  },
  examples: ['acc adopt "restored the copy of 02:00" --lineage 1.0a1b2c3d4e --attempts sender.log'],
  run: runAdopt,
};

async function runAdopt(call: Call): Promise<Ending> {
  const { api, print } = call;
  const reason = call.need('why');
  const lineage = call.text('lineage');
  const files = call.list('attempts');
  if (lineage === undefined && files.length === 0) return showStore(call, reason);
  // Read before anything is changed: a file that is not there must not leave the work half done.
  const attempts = (await Promise.all(files.map((file) => readAttempts(call, file)))).flat();
  const adopted =
    lineage === undefined
      ? undefined
      : await api
          .ask(adoptionSchema, { method: 'POST', path: '/api/control/adopt', body: { lineage, reason } })
          .catch((error: unknown) => {
            throw explainRefusal(error);
          });
  const marked = await markAttempts(call, attempts, reason);
  print.show({ ...adopted, ...(files.length === 0 ? {} : marked) }, () => {
    if (adopted !== undefined) {
      print.say(
        `${print.paint('good', 'adopted')}    ${adopted.from} is ${adopted.lineage} now; sending is stopped`,
      );
      print.say(
        `${adopted.open} events and messages were open: each is held as "restored" when its turn comes`,
      );
      print.say(
        'look: acc held list --reason restored     and then: acc held release --reason restored "why"',
      );
      print.say(`to send again: acc start "why it is safe now" --epoch ${adopted.epoch}`);
    }
    if (files.length > 0)
      print.say(
        `by the logs: ${marked.marked} marked as sent, ${marked.known} had ended already, ${marked.missing} unknown to the store`,
      );
  });
  return 'done';
}

async function showStore(call: Call, reason: string): Promise<Ending> {
  const control = await call.api.ask(controlSchema, { path: '/api/control' });
  const { print } = call;
  print.show(control, () => {
    print.say(`lineage    ${control.lineage ?? 'unknown'}`);
    print.say(
      control.went_back === undefined ? 'The store is whole.' : print.paint('bad', control.went_back),
    );
  });
  print.note(
    control.went_back === undefined
      ? '\nThere is nothing to adopt.'
      : `\nNothing was changed. When you know why, and have the logs of the senders at hand:
  acc adopt ${quoteIfNeeded(reason)} --lineage ${control.lineage ?? ''} --attempts FILE…`,
  );
  return control.went_back === undefined ? 'done' : 'usage';
}

const attemptLine = z.looseObject({
  message_id: z.string(),
  outcome: z.literal('accepted'),
  provider_ref: z.string().optional(),
});

/** The attempts in a log that the provider accepted, each message once. Lines that are something else are passed over. */
async function readAttempts(
  call: Call,
  file: string,
): Promise<{ message_id: string; provider_ref?: string }[]> {
  const text = await call.readText(file);
  const found = new Map<string, string | undefined>();
  for (const line of text.split('\n')) {
    if (!line.includes('"accepted"')) continue;
    const attempt = attemptLine.safeParse(parseLine(line)).data;
    if (attempt !== undefined) found.set(attempt.message_id, attempt.provider_ref);
  }
  return [...found].map(([id, ref]) => ({
    message_id: id,
    ...(ref === undefined ? {} : { provider_ref: ref.slice(0, 200) }),
  }));
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

async function markAttempts(call: Call, attempts: readonly object[], reason: string): Promise<Marked> {
  const sum: Marked = { marked: 0, known: 0, missing: 0 };
  for (let from = 0; from < attempts.length; from += atOnce) {
    const part = await call.api.ask(markedSchema, {
      method: 'POST',
      path: '/api/control/adopt/attempts',
      body: { attempts: attempts.slice(from, from + atOnce), reason },
      waitMs: 60_000,
    });
    sum.marked += part.marked;
    sum.known += part.known;
    sum.missing += part.missing;
    if (attempts.length > atOnce)
      call.print.note(`${Math.min(from + atOnce, attempts.length)} of ${attempts.length} attempts`);
  }
  return sum;
}

function explainRefusal(error: unknown): unknown {
  if (!(error instanceof CommandError) || error.problem?.status !== 409) return error;
  return new CommandError('refused', `${error.problem.detail} Look: acc adopt "why"`, error.problem, error);
}
