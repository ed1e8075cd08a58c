import { waitFor } from '../../test/support/wait-for.ts';
import { alternate, pick } from '../alternate.ts';
import type { Benchmark } from '../benchmark.ts';
import { postLoad } from '../load.ts';
import { mailQueue } from '../plain-stack/settings.ts';
import { readCommandCounts } from '../redis-figures.ts';
import { makeEvent, type Stacks, withStacks } from '../start-stacks.ts';

const targetCommands = 60;
/** BullMQ's names for the jobs of the plain stack that are not done. */
const plainQueue = [`bull:${mailQueue}:wait`, `bull:${mailQueue}:active`];

/** What Redis is asked for an event, from its post to the record of its mail; what processes ask while idle is in it. */
export const storeCommands: Benchmark = {
  name: 'store-commands',
  measure: (scale) =>
    withStacks({ ours: ['planner', 'sender', 'api'], plain: ['worker', 'api'] }, async (stacks) => {
      const { ours, plain } = stacks;
      const { eventsOpen, messagesOpen } = ours.keys.shard(0);
      const rounds = await alternate(scale, {
        ours: () => sendAll(stacks, ours, scale.roundEvents, [eventsOpen, messagesOpen]),
        theirs: () => sendAll(stacks, plain, scale.roundEvents, plainQueue),
      });
      const head = { unit: 'per event', better: 'less' } as const;
      return [
        {
          what: 'Redis commands from post to sent',
          ...head,
          ...pick(rounds, ({ commands }) => commands),
          target: { on: 'ours', limit: targetCommands },
        },
        { what: 'Redis scripts from post to sent', ...head, ...pick(rounds, ({ scripts }) => scripts) },
      ];
    }),
};

/** Commands and scripts per event. `open`: what is empty once every mail is recorded; a look at it is a command too, and is rare. */
async function sendAll(
  { ours, sink }: Stacks,
  { redis, url }: Stacks['ours' | 'plain'],
  events: number,
  open: readonly string[],
) {
  sink.clear();
  const tokens = [await ours.token('upstream')];
  const before = await readCommandCounts(redis);
  await postLoad({
    url: `${url}/api/events`,
    tokens,
    makeBody: makeEvent,
    until: { requests: events },
  });
  await sink.waitForMails(events);
  await waitFor(
    'every mail is recorded',
    () => redis.exists(...open),
    (left) => left === 0,
    { everyMs: 50, deadlineMs: 30_000 },
  );
  const after = await readCommandCounts(redis);
  return {
    commands: (after.commands - before.commands) / events,
    scripts: (after.scripts - before.scripts) / events,
  };
}
