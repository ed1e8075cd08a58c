import { waitFor } from '../../test/support/wait-for.ts';
import { alternate, pick } from '../alternate.ts';
import type { Benchmark, Measurement, Scale } from '../benchmark.ts';
import { postLoad } from '../load.ts';
import { hasCpuTimes, pidOf, withCpuTime } from '../processes.ts';
import { makeBatch, type Stacks, withStacks } from '../start-stacks.ts';

const batchSize = 50;
/** What a mail server takes to accept a message, when it writes it to its disk and scans it. */
const realServerMs = 20;

/**
 * Planned messages to the SMTP server, against nodemailer's pool alone with as many connections. A server that takes
 * its time shows how well connections are kept busy; one that takes none shows what permit, claim and commit cost.
 */
export const mailDelivery: Benchmark = {
  name: 'mail-delivery',
  measure: (scale) =>
    withStacks({ ours: ['planner', 'sender', 'api'], plain: ['bare-pool'] }, async (stacks) => [
      ...(await deliver(stacks, scale, { acceptMs: realServerMs, warmUps: 1 })),
      ...(await deliver(stacks, scale, { acceptMs: 0, warmUps: 0 })),
    ]),
};

async function deliver(
  stacks: Stacks,
  scale: Scale,
  { acceptMs, warmUps }: { readonly acceptMs: number; readonly warmUps: number },
): Promise<readonly Measurement[]> {
  stacks.sink.setAcceptMs(acceptMs);
  const rounds = await alternate(
    { rounds: scale.rounds, warmUps },
    () => deliverOurs(stacks, scale),
    () => deliverBare(stacks, scale),
  );
  const what = `email delivery, server takes ${acceptMs} ms`;
  const against = 'bare pool';
  const rate: Measurement = {
    what,
    unit: 'mails/s',
    better: 'more',
    ...pick(rounds, ({ perSecond }) => perSecond),
    against,
    target: { on: 'ratio', limit: 0.9 },
  };
  const cpu: Measurement = {
    what: `${what}, processor time`,
    unit: 'µs/mail',
    better: 'less',
    ...pick(rounds, ({ cpuMs, mails }) => (cpuMs * 1_000) / mails),
    against,
  };
  return hasCpuTimes ? [rate, cpu] : [rate];
}

/** The sender is frozen until all is planned, so that nothing but delivering is in the figure. */
async function deliverOurs({ ours, sink }: Stacks, { roundEvents }: Scale) {
  const sender = ours.processes.get('sender');
  if (sender === undefined) throw new Error('there is no sender');
  const events = Math.ceil(roundEvents / batchSize) * batchSize;
  sink.clear();
  sender.signal('SIGSTOP');
  try {
    await postLoad({
      url: `${ours.url}/api/events/batch`,
      token: await ours.token('upstream'),
      makeBody: () => makeBatch(batchSize),
      connections: 4,
      until: { requests: events / batchSize },
    });
    const { messagesOpen, eventsOpen } = ours.keys.shard(0);
    await waitFor(
      'everything is planned',
      async () => ({
        planned: await ours.redis.zcard(messagesOpen),
        unplanned: await ours.redis.zcard(eventsOpen),
      }),
      ({ planned, unplanned }) => planned === events && unplanned === 0,
      { deadlineMs: 60_000 },
    );
  } catch (error) {
    sender.signal('SIGCONT');
    throw error;
  }
  return await withCpuTime(sender.pid, async () => {
    sender.signal('SIGCONT');
    await sink.waitForMails(events);
    return rateOf(sink);
  });
}

async function deliverBare({ plain, sink }: Stacks, { roundEvents }: Scale) {
  sink.clear();
  return await withCpuTime(pidOf(plain.processes, 'bare-pool'), async () => {
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
  return { perSecond, mails: mails.length };
}
