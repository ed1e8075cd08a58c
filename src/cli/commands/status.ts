import type { z } from 'zod';
import { openStates } from '../../domain/message.ts';
import {
  type Control,
  controlSchema,
  limitsSchema,
  providersSchema,
  queueStatusSchema,
  sendStatusSchema,
} from '../answers.ts';
import { type Part, readPart } from '../api.ts';
import type { Call, Command } from '../command.ts';
import { describeFlag, listOddFlags } from '../describe-flags.ts';
import { describeSending } from '../describe-sending.ts';
import type { CommandError, Ending } from '../exit-codes.ts';
import { formatDuration } from '../parse-duration.ts';
import type { Print } from '../print.ts';

export const statusCommand: Command = {
  name: 'status',
  summary: 'one screen: does it send, and if not why; queues, held, dead, unknown, providers',
  about: 'Exit 0 also when nothing is sent: this command only looks. A part that cannot be read says so.',
  run: runStatus,
};

async function runStatus({ api, print }: Call): Promise<Ending> {
  const sending = await readPart(api, sendStatusSchema, { path: '/api/send/status' }, isStoreAway);
  const [control, queue, providers, limits] = await Promise.all([
    readPart(api, controlSchema, { path: '/api/control' }),
    readPart(api, queueStatusSchema, { path: '/api/queue/status' }),
    readPart(api, providersSchema, { path: '/api/providers/health' }),
    readPart(api, limitsSchema, { path: '/api/diagnostics' }),
  ]);
  const all = {
    send: toJson(sending),
    control: toJson(control),
    queue: toJson(queue),
    providers: toJson(providers),
    limits: toJson(limits),
  };
  print.show(all, () => {
    if ('value' in sending)
      printSending(print, sending.value, {
        control: 'value' in control ? control.value : undefined,
        providers: 'value' in providers ? providers.value.providers : [],
      });
    else printUnknown(print, sending.fault);
    printPart(print, 'switches', control, (value) => printSwitches(print, value));
    printPart(print, 'queues', queue, (value) => printQueues(print, value));
    printPart(print, 'limits', limits, (value) =>
      printLimits(print, value, 'value' in queue ? countOpen(queue.value) : 0),
    );
    printPart(print, 'providers', providers, (value) => printProviders(print, value));
  });
  return 'value' in sending ? 'done' : 'refused';
}

/** Then the service still answers, and the rest of the screen tells what it can. */
function isStoreAway({ problem }: CommandError): boolean {
  return problem?.status === 503;
}

function printUnknown(print: Print, fault: string): void {
  print.say(`${print.paint('bad', 'NOT KNOWN')}: ${fault.split('\n')[0]}`);
  print.say(
    'A sender that gets no permit from the store sends nothing, and events are refused with 503 meanwhile.',
  );
  print.say(
    'What to do: docs/runbooks/StoreUnavailable.md. A stop that holds without the store: docs/operations/stop-and-release.md',
  );
}

function toJson(part: Part<unknown>): unknown {
  return 'value' in part ? part.value : { error: part.fault };
}

function printPart<Value>(
  print: Print,
  title: string,
  part: Part<Value>,
  show: (value: Value) => void,
): void {
  if ('value' in part) show(part.value);
  else
    print.say(
      `${title.padEnd(10)} ${print.paint('bad', 'cannot be read:')} ${part.fault.replaceAll('\n', ' ')}`,
    );
}

type Providers = z.infer<typeof providersSchema>['providers'];

function printSending(
  print: Print,
  sending: z.infer<typeof sendStatusSchema>,
  { control, providers }: { readonly control: Control | undefined; readonly providers: Providers },
): void {
  const { isSending, headline, but } = describeSending(sending, control, providers);
  print.say(`${print.paint(isSending ? 'good' : 'bad', headline)}${print.paint('bad', but)}`);
  const rehearses = sending.app_mode === 'dry_run' ? ', a rehearsal: no provider is called' : '';
  print.say(`mode       ${sending.app_mode}${rehearses}`);
  print.say(`in flight  ${sending.inflight}        epoch ${sending.epoch}`);
}

function printSwitches(print: Print, control: z.infer<typeof controlSchema>): void {
  const odd = listOddFlags(control);
  if (odd.length === 0) print.say('switches   all on');
  for (const [name, flag] of odd) print.say(`${print.paint('odd', name.padEnd(10))} ${describeFlag(flag)}`);
  const set = Object.entries(control.environment).filter(([, { origin }]) => origin === 'environment');
  if (set.length > 0)
    print.say(`set        ${set.map(([name, { value }]) => `${name}=${String(value)}`).join('  ')}`);
}

function printQueues(print: Print, queue: z.infer<typeof queueStatusSchema>): void {
  print.say('');
  print.table(
    ['QUEUE', 'WAITING', 'ACTIVE', 'DELAYED', 'OLDEST'],
    Object.entries(queue.queues).map(([name, depth]) => [
      name,
      String(depth.waiting),
      String(depth.active),
      String(depth.delayed),
      depth.oldest_age_ms === 0 ? '' : formatDuration(depth.oldest_age_ms),
    ]),
  );
  print.say(`\n${describeOpen(queue.messages)}`);
  const held = Object.entries(queue.held).filter(([, count]) => count > 0);
  const total = held.reduce((sum, [, count]) => sum + count, 0);
  const reasons = held.map(([reason, count]) => `${reason} ${count}`).join(', ');
  print.say(`held       ${total}${reasons === '' ? '' : ` (${reasons})`}`);
  print.say(`dead       ${queue.dead_letters}`);
  const { events = 0, messages = 0 } = queue.parked ?? {};
  if (events + messages > 0)
    print.say(
      print.paint(
        'odd',
        `parked     ${events} events and ${messages} messages that this program cannot read: a newer one wrote them`,
      ),
    );
  const unknown = queue.messages['unknown'] ?? 0;
  print.say(
    `unknown    ${unknown === 0 ? '0' : print.paint('odd', `${unknown}, each waits for a person: acc unknown list`)}`,
  );
}

/** What is neither held nor ended. With what is held, dead and unknown these are all that there are: the sums add up. */
function describeOpen(messages: Readonly<Record<string, number>>): string {
  const counts = openStates.map((state) => [state, messages[state] ?? 0] as const);
  const open = countOpen({ messages });
  const parts = counts.filter(([, count]) => count > 0).map(([state, count]) => `${state} ${count}`);
  return `open       ${open === 0 ? '0' : `${open} (${parts.join(', ')}): acc messages says what each waits for`}`;
}

function countOpen({ messages }: Pick<z.infer<typeof queueStatusSchema>, 'messages'>): number {
  return openStates.reduce((sum, state) => sum + (messages[state] ?? 0), 0);
}

/** Limits that are used up are why messages wait while everything is on. */
function printLimits(print: Print, { limits, caps }: z.infer<typeof limitsSchema>, open: number): void {
  for (const { name, limit, used, window_ms: windowMs } of limits) {
    if (used < limit || limit <= 0 || open === 0) continue;
    const takes = formatDuration(Math.ceil(open / limit) * windowMs);
    print.say(
      print.paint(
        'odd',
        `limit      ${name}: ${used} of ${limit} in ${formatDuration(windowMs)}. At this pace the ${open} open ones take ${takes}`,
      ),
    );
  }
  for (const { name, limit, used } of caps)
    if (used >= limit) print.say(print.paint('odd', `cap        ${name}: ${used} of ${limit} used up`));
}

function printProviders(print: Print, { providers }: z.infer<typeof providersSchema>): void {
  print.say('');
  if (providers.length === 0) print.say('providers  none: no sender runs, or none has a provider');
  const width = Math.max(10, ...providers.map(({ provider }) => provider.length));
  for (const { provider, channel, ok, status: word, detail } of providers)
    print.say(
      `${provider.padEnd(width)} ${channel.padEnd(6)} ${print.paint(ok ? 'good' : 'bad', word)}  ${detail}`,
    );
}
