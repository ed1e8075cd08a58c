import { anySchema } from '../answers.ts';
import type { Call, Command } from '../command.ts';
import { CommandError, type Ending } from '../exit-codes.ts';
import { why } from '../operation-commands.ts';

const resolutions = ['sent', 'resend', 'discard'];

export const unknownResolve: Command = {
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
};

async function resolveUnknown(call: Call): Promise<Ending> {
  const chosen = resolutions.filter((name) => call.isSet(name));
  const [resolution] = chosen;
  if (resolution === undefined || chosen.length > 1)
    throw new CommandError('usage', 'Choose one of --sent, --resend, --discard.');
  const id = call.need('id');
  const result = await call.api.ask(anySchema, {
    method: 'POST',
    path: `/api/unknown/${encodeURIComponent(id)}`,
    body: { resolution, reason: call.need('why') },
  });
  call.print.show(result, () => call.print.say(`resolved   ${id}: ${resolution}`));
  return 'done';
}
