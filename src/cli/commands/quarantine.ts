import { z } from 'zod';
import type { Call, Command } from '../command.ts';
import type { Ending } from '../exit-codes.ts';
import { why } from '../operation-commands.ts';

const verdictsSchema = z.looseObject({
  accepted: z.number(),
  rejected: z.record(z.string(), z.number()),
  undecided: z.number(),
  left: z.number(),
});

export const quarantineJudge: Command = {
  name: 'quarantine judge',
  summary: 'judge them now; the guard does it by itself once the issuer is back',
  args: [why],
  options: { limit: { value: 'N', summary: 'look at this many at most' } },
  run: judgeQuarantine,
};

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
