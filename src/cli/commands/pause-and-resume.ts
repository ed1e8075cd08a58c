import { queueNames } from '../../domain/channel.ts';
import { quoteIfNeeded } from '../../domain/quote-word.ts';
import { controlSchema, switchedSchema } from '../answers.ts';
import type { Argument, Call, Command, Option } from '../command.ts';
import { describeFlag, printFlags } from '../describe-flags.ts';
import type { Ending } from '../exit-codes.ts';
import { explainConflict, isOnForGood } from './stop-and-start.ts';

const args: readonly Argument[] = [
  {
    name: 'what',
    choices: ['ingest', 'consumers'],
    summary: 'ingest (intake answers 503) or consumers (queues rest)',
  },
  { name: 'reason', isRest: true, summary: 'why' },
];
const queue: Option = { value: 'QUEUE', choices: queueNames, summary: 'only this queue (consumers)' };

export const pauseAndResume: readonly Command[] = [
  {
    name: 'pause',
    summary: 'pause intake or the work on queues',
    about:
      'To keep messages from leaving, use "acc stop": a pause lets attempts end and makes no promise about them.',
    args,
    options: { queue },
    run: (call) => setPause(call, true),
  },
  {
    name: 'resume',
    summary: 'end a pause',
    about: 'Needs the epoch that you saw; without --epoch it shows who paused and why.',
    args,
    options: { queue, epoch: { value: 'N', summary: 'the epoch that you saw' } },
    run: (call) => (call.whole('epoch') === undefined ? askForEpoch(call) : setPause(call, false)),
  },
  {
    name: 'flags',
    summary: 'every switch, with who, when and why, and what the environment says',
    run: async ({ api, print }): Promise<Ending> => {
      const control = await api.ask(controlSchema, { path: '/api/control' });
      print.show(control, () => printFlags(print, control));
      return 'done';
    },
  },
];

async function setPause(call: Call, paused: boolean): Promise<Ending> {
  const what = call.need('what');
  const result = await call.api
    .ask(switchedSchema, {
      method: 'PUT',
      path: `/api/control/${what}`,
      body: {
        paused,
        reason: call.need('reason'),
        ...(what === 'consumers' ? { queue: call.text('queue') } : {}),
        ...(paused ? {} : { epoch: call.whole('epoch') }),
      },
    })
    .catch((error: unknown) => {
      throw explainConflict(error);
    });
  call.print.show(result, () => {
    call.print.say(`${paused ? 'paused' : 'resumed'}   ${nameOf(call)}; epoch ${result.epoch}`);
    if (paused)
      call.print.say(`to go on: acc resume ${what} "why"${queueOption(call)} --epoch ${result.epoch}`);
  });
  return 'done';
}

async function askForEpoch(call: Call): Promise<Ending> {
  const control = await call.api.ask(controlSchema, { path: '/api/control' });
  const name = nameOf(call);
  const flag = control.flags[name];
  call.print.show(control, () =>
    call.print.say(`${name}: ${flag === undefined ? 'unknown' : describeFlag(flag)}`),
  );
  if (flag !== undefined && isOnForGood(flag)) {
    call.print.note(`\n${name} is not paused: nothing to do.`);
    return 'done';
  }
  call.print.note(
    `\nNothing was changed. Then: acc resume ${call.need('what')} ${quoteIfNeeded(call.need('reason'))}${queueOption(call)} --epoch ${control.epoch}`,
  );
  return 'usage';
}

/** The flag of the gate. */
function nameOf(call: Call): string {
  if (call.need('what') === 'ingest') return 'ingest';
  const queueName = call.text('queue');
  return queueName === undefined ? 'consume' : `consume:${queueName}`;
}

function queueOption(call: Call): string {
  const queueName = call.text('queue');
  return queueName === undefined ? '' : ` --queue ${queueName}`;
}
