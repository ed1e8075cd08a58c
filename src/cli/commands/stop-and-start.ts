import type { z } from 'zod';
import { sendScopes } from '../../domain/flags.ts';
import { quoteIfNeeded } from '../../domain/quote-word.ts';
import { viewStop } from '../../operator/control.ts';
import { controlSchema, type Switched, switchedSchema } from '../answers.ts';
import type { Argument, Call, Command, Option } from '../command.ts';
import { describeFlag, listOddFlags } from '../describe-flags.ts';
import { CommandError, type Ending } from '../exit-codes.ts';
import { formatDuration } from '../parse-duration.ts';
import { flagOfScope } from '../scopes.ts';
import { stopAtStore } from '../stop-at-store.ts';

const scope: Option = { value: 'SCOPE', choices: sendScopes, summary: 'only this part (all)' };
const reason: Argument = {
  name: 'reason',
  isRest: true,
  summary: 'why; it is shown to everyone who looks and kept in the audit',
};

export const stopAndStart: readonly Command[] = [
  {
    name: 'stop',
    summary: 'stop sending now',
    about:
      'Once it says "stopping", no message gets a permit any more, on any worker. Then it waits for the attempts that\n' +
      'had one already, and says "quiesced" when the last has ended. What cannot leave is held, and nothing is lost.\n' +
      'When the service does not confirm the stop, it is made at the store directly (--store or REDIS_URL).',
    args: [{ ...reason, optional: true }],
    options: {
      scope,
      wait: { value: 'TIME', summary: 'how long to wait for attempts under way (10s)' },
      store: { value: 'REDIS_URL', summary: 'the store, for when the service is down (else REDIS_URL)' },
      witness: { value: 'URL', summary: 'the witness, for when the service is down (else WITNESS_URL)' },
      'key-prefix': { value: 'PREFIX', summary: 'begins every key of the store (else KEY_PREFIX, else acc)' },
      direct: { summary: 'do not ask the service, go to the store at once' },
    },
    examples: [
      'acc stop "the digest names the wrong date"',
      'acc stop "provider asks us to pause" --scope sms',
    ],
    run: stop,
  },
  {
    name: 'start',
    summary: 'let messages leave again',
    about:
      'Needs the epoch that you saw, so that your start cannot undo a stop made after you looked. Without --epoch it\n' +
      'shows who stopped and why, and the command to copy. What is held stays held: see "acc held release".',
    args: [reason],
    options: {
      scope,
      epoch: { value: 'N', summary: 'the epoch that you saw' },
      until: { value: 'TIME', summary: 'stop again by itself after this long, for example 2h' },
    },
    run: start,
  },
];

async function stop(call: Call): Promise<Ending> {
  const request = readRequest(call);
  if (call.isSet('direct'))
    return finish(
      call,
      await stopDirectly(
        call,
        request,
        new CommandError('unreachable', 'The service was not asked (--direct).'),
      ),
    );
  try {
    return finish(call, await stopThroughService(call, request));
  } catch (error) {
    // What the caller got wrong stays wrong at the store; everything else means that nobody has confirmed a stop.
    const status = error instanceof CommandError ? (error.problem?.status ?? 0) : 0;
    if (!(error instanceof CommandError) || [400, 422].includes(status)) throw error;
    return finish(call, await stopDirectly(call, request, error));
  }
}

interface StopRequest {
  readonly scope: string;
  readonly reason: string;
  readonly waitMs: number;
}

function readRequest(call: Call): StopRequest {
  return {
    scope: call.text('scope') ?? 'all',
    reason: call.text('reason') ?? 'no reason was given',
    waitMs: call.durationMs('wait') ?? 10_000,
  };
}

interface Stopped extends Switched {
  readonly way: 'service' | 'store';
  readonly scope: string;
}

async function stopThroughService(call: Call, request: StopRequest): Promise<Stopped> {
  const { api, print } = call;
  const { scope: chosen, reason: why, waitMs } = request;
  print.note(`stopping   asking ${api.baseUrl} to stop ${describeScope(chosen)}`);
  const begun = call.monotonicNow();
  const result = await api.ask(switchedSchema, {
    method: 'PUT',
    path: '/api/control/send',
    body: { enabled: false, reason: why, scope: chosen, wait_ms: 0 },
  });
  const stopped: Stopped = { ...result, way: 'service', scope: chosen };
  if (result.state === 'quiesced') return stopped;
  print.note(describeStopping(result));
  return waitForQuiet(call, stopped, { begun, waitMs });
}

/** Looks until nothing is under way. A look that fails changes nothing about the stop, which is confirmed. */
async function waitForQuiet(
  call: Call,
  stopped: Stopped,
  { begun, waitMs }: { begun: number; waitMs: number },
): Promise<Stopped> {
  let inFlight = stopped.in_flight;
  while (call.monotonicNow() - begun < waitMs) {
    await call.delay(100);
    const standing = await lookAtStop(call, stopped.scope);
    inFlight = standing?.in_flight ?? inFlight;
    if (standing?.state === 'quiesced') {
      const quiescedMs = Math.round(call.monotonicNow() - begun);
      return { ...stopped, state: 'quiesced', in_flight: 0, quiesced_ms: quiescedMs };
    }
  }
  return { ...stopped, in_flight: inFlight };
}

async function lookAtStop(call: Call, chosen: string): Promise<Switched | undefined> {
  try {
    return await call.api.ask(switchedSchema, { path: '/api/control/send', query: { scope: chosen } });
  } catch {
    return undefined;
  }
}

async function stopDirectly(call: Call, request: StopRequest, why: CommandError): Promise<Stopped> {
  const report = await stopAtStore(
    call,
    { flag: flagOfScope(request.scope), reason: request.reason, waitMs: request.waitMs },
    why,
  );
  return {
    ...viewStop(report),
    way: 'store',
    scope: request.scope,
  };
}

function finish(call: Call, stopped: Stopped): Ending {
  const { print } = call;
  const isQuiet = stopped.state === 'quiesced';
  const way = stopped.way === 'store' ? 'at the store, without the service' : 'through the service';
  print.show(stopped, () => {
    print.say(
      isQuiet ? `${print.paint('good', 'quiesced')}   ${describeQuiet(stopped)}` : describeStopping(stopped),
    );
    print.say(`${describeScope(stopped.scope)} stopped ${way}; epoch ${stopped.epoch}`);
    if (stopped.witnessed === false)
      print.say(
        print.paint(
          'odd',
          'NOT WITNESSED: the witness did not take it. A store that is put back in time would forget this stop.',
        ),
      );
    const startScope = stopped.scope === 'all' ? '' : ` --scope ${stopped.scope}`;
    print.say(`to start again: acc start "why it is safe now" --epoch ${stopped.epoch}${startScope}`);
  });
  if (!isQuiet) {
    print.note(
      'Nothing new leaves. Some attempts are still under way: acc status tells when in flight is 0.',
    );
  }
  return isQuiet ? 'done' : 'in-progress';
}

function describeQuiet({ in_flight_at_stop: atStop = 0, quiesced_ms: quiescedMs }: Switched): string {
  const after = quiescedMs === undefined ? '' : ` after ${formatDuration(quiescedMs)}`;
  return atStop === 0
    ? `nothing was in flight; confirmed${after}`
    : `${atStop} in flight when it stopped, the last ended${after}`;
}

function describeStopping({ epoch, stop_ms: stopMs, in_flight: inFlight }: Switched): string {
  const after = stopMs === undefined ? '' : ` after ${formatDuration(stopMs)}`;
  return `stopping   confirmed${after}: no permit from now on (epoch ${epoch}); ${inFlight ?? 'unknown number'} in flight`;
}

function describeScope(name: string): string {
  return name === 'all' ? 'all sending' : name;
}

async function start(call: Call): Promise<Ending> {
  const { api, print } = call;
  const why = call.need('reason');
  const chosen = call.text('scope') ?? 'all';
  const untilMs = call.durationMs('until');
  const epoch = call.whole('epoch');
  if (epoch === undefined) return askForEpoch(call, why, chosen);
  const result = await api
    .ask(switchedSchema, {
      method: 'PUT',
      path: '/api/control/send',
      body: {
        enabled: true,
        reason: why,
        scope: chosen,
        epoch,
        ...(untilMs === undefined ? {} : { until: new Date(call.now() + untilMs).toISOString() }),
      },
    })
    .catch((error: unknown) => {
      throw explainConflict(error);
    });
  print.show(result, () => {
    print.say(`${print.paint('good', 'started')}   ${describeScope(chosen)}; epoch ${result.epoch}`);
    if (result.ceiling !== undefined)
      print.say(`${print.paint('odd', 'Nothing is sent all the same:')} ${result.ceiling}`);
    print.say('What was held stays held: acc held list. Other switches may still be off: acc status');
  });
  return 'done';
}

async function askForEpoch(call: Call, why: string, chosen: string): Promise<Ending> {
  const control = await call.api.ask(controlSchema, { path: '/api/control' });
  const flag = control.flags[flagOfScope(chosen)];
  const { print } = call;
  print.show(control, () => {
    print.say(`${flagOfScope(chosen)}: ${flag === undefined ? 'unknown' : describeFlag(flag)}`);
    for (const [name, other] of listOddFlags(control)) {
      if (name !== flagOfScope(chosen)) print.say(`also ${name}: ${describeFlag(other)}`);
    }
  });
  if (flag !== undefined && isOnForGood(flag) && call.text('until') === undefined) {
    print.note(
      `\n${describeScope(chosen)} is already on: nothing to do. If nothing leaves all the same: acc status`,
    );
    return 'done';
  }
  const parts = ['acc start', quoteIfNeeded(why), `--epoch ${control.epoch}`];
  if (chosen !== 'all') parts.push(`--scope ${chosen}`);
  const until = call.text('until');
  if (until !== undefined) parts.push(`--until ${until}`);
  print.note(`\nNothing was changed. Is it safe to go on? Then: ${parts.join(' ')}`);
  return 'usage';
}

/** Nothing could be started or resumed. */
export function isOnForGood(flag: z.infer<typeof controlSchema>['flags'][string]): boolean {
  return flag.value === 'on' && flag.until === undefined;
}

/** A 409 in words that say what to do. */
export function explainConflict(error: unknown): unknown {
  if (!(error instanceof CommandError) || error.problem?.status !== 409) return error;
  const now = error.problem.epoch === undefined ? '' : ` The epoch is ${error.problem.epoch} now.`;
  return new CommandError(
    'refused',
    `The epoch is not the one that you gave: a switch was changed after you looked, or it was mistyped. Yours was not taken.${now} Look who and why: acc flags`,
    error.problem,
    error,
  );
}
