import type { ServiceProcess } from '../../test/support/service.ts';
import { waitFor } from '../../test/support/wait-for.ts';
import { alternate, pick } from '../alternate.ts';
import type { Benchmark, Measurement, Scale } from '../benchmark.ts';
import { postLoad } from '../load.ts';
import { toCpuFigures, withCpuTimes } from '../processes.ts';
import { makeBatch, type Stacks, withStacks } from '../start-stacks.ts';

const batchSize = 50;
const against = 'bare pool';
/** Most of the sender's processor time that a mail may take, as a multiple of the pool's. */
const cpuLimit = 1.5;

/** How long the mail server takes to accept a message; how much of the pool's rate ours has to reach with it. */
interface Case {
  readonly senders: number;
  readonly acceptMs: number;
  readonly limit: number;
}

const ofOneSender: readonly Case[] = [
  { senders: 1, acceptMs: 20, limit: 0.95 },
  { senders: 1, acceptMs: 5, limit: 0.95 },
  { senders: 1, acceptMs: 0, limit: 0.7 },
];
const ofTwoSenders: readonly Case[] = [{ senders: 2, acceptMs: 0, limit: 1 }];

/**
 * Planned messages to the SMTP server, against nodemailer's pool alone, in a process of its own, with as many connections
 * as all senders have together. A server that takes its time, as real ones do when they write to a disk and scan, shows
 * how well connections are kept busy; one that takes none shows what permit, claim and commit cost.
 */
export const mailDelivery: Benchmark = {
  name: 'mail-delivery',
  measure: async (scale) => [
    ...(await deliverAll(ofOneSender, ['sender'], scale)),
    ...(await deliverAll(ofTwoSenders, ['sender', 'sender'], scale)),
  ],
};

function deliverAll(
  cases: readonly Case[],
  senders: readonly 'sender'[],
  scale: Scale,
): Promise<readonly Measurement[]> {
  const options = { ours: ['planner', ...senders, 'api'], plain: ['bare-pool'] } as const;
  return withStacks(options, async (stacks) => {
    const figures: Measurement[] = [];
    for (const one of cases) figures.push(...(await deliver(stacks, scale, one)));
    return figures;
  });
}

async function deliver(
  stacks: Stacks,
  scale: Scale,
  { senders, acceptMs, limit }: Case,
): Promise<readonly Measurement[]> {
  stacks.sink.setAcceptMs(acceptMs);
  const rounds = await alternate(scale, {
    ours: () => deliverOurs(stacks, scale),
    theirs: () => deliverBare(stacks, scale),
  });
  const what = `mail, server takes ${acceptMs} ms, ${senders === 1 ? 'one sender' : `${senders} senders`}`;
  const cpu = toCpuFigures(what, 'mail', rounds, against)
    // A pool alone has no Redis: the one that runs beside it idles.
    .map(({ theirs, ...figure }) =>
      theirs === undefined || figure.what.endsWith(': Redis') ? figure : { ...figure, theirs },
    )
    .map((figure) =>
      senders === 1 && figure.what.endsWith(': sender')
        ? ({ ...figure, target: { on: 'ratio', limit: cpuLimit } } as const)
        : figure,
    );
  const rate = { what, unit: 'mails/s', better: 'more', against } as const;
  return [{ ...rate, ...pick(rounds, ({ perSecond }) => perSecond), target: { on: 'ratio', limit } }, ...cpu];
}

/** The senders are frozen until all is planned, so that nothing but delivering is in the figure. */
async function deliverOurs(stacks: Stacks, { roundEvents }: Scale) {
  const { ours, sink } = stacks;
  const senders = [...ours.processes.values()].filter(({ name }) => name.startsWith('sender'));
  const events = Math.ceil(roundEvents / batchSize) * batchSize;
  await waitForOpen(stacks, 0);
  sink.clear();
  await whileFrozen(senders, () => planEvents(stacks, events));
  return await withCpuTimes(ours, async () => {
    await sink.waitForMails(events);
    return rateOf(sink);
  });
}

async function whileFrozen(senders: readonly ServiceProcess[], work: () => Promise<void>): Promise<void> {
  for (const sender of senders) sender.signal('SIGSTOP');
  try {
    await work();
  } finally {
    for (const sender of senders) sender.signal('SIGCONT');
  }
}

async function planEvents(stacks: Stacks, events: number): Promise<void> {
  const { ours } = stacks;
  await postLoad({
    url: `${ours.url}/api/events/batch`,
    tokens: [await ours.token('upstream')],
    makeBody: () => makeBatch(batchSize),
    connections: Math.min(4, events / batchSize),
    until: { requests: events / batchSize },
  });
  await waitForOpen(stacks, events);
}

/** Every event is planned, and so many messages are not done. */
async function waitForOpen({ ours }: Stacks, messages: number): Promise<void> {
  const { messagesOpen, eventsOpen } = ours.keys.shard(0);
  await waitFor(
    `${messages} messages and no event open`,
    async () => ({
      planned: await ours.redis.zcard(messagesOpen),
      unplanned: await ours.redis.zcard(eventsOpen),
    }),
    ({ planned, unplanned }) => planned === messages && unplanned === 0,
    { deadlineMs: 60_000 },
  );
}

async function deliverBare({ plain, sink }: Stacks, { roundEvents }: Scale) {
  sink.clear();
  return await withCpuTimes(plain, async () => {
    const response = await fetch(`${plain.url}/${roundEvents}`, { method: 'POST' });
    if (response.status !== 204) throw new Error(`the bare pool says: ${await response.text()}`);
    return rateOf(sink);
  });
}

/** From the first mail to the last: neither side is charged for the way its order came. */
function rateOf({ mails }: Stacks['sink']) {
  const [first, last] = [mails[0], mails.at(-1)];
  if (first === undefined || last === undefined) throw new Error('no mail came');
  const perSecond = ((mails.length - 1) * 1_000) / (last.atMs - first.atMs);
  return { perSecond, count: mails.length };
}
