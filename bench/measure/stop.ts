import { setTimeout as delay } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { waitFor } from '../../test/support/wait-for.ts';
import { alternate } from '../alternate.ts';
import type { Benchmark, Scale } from '../benchmark.ts';
import { mailQueue } from '../plain-stack/settings.ts';
import { makeBatch, type Stacks, withStacks } from '../start-stacks.ts';
import { percentile } from '../statistics.ts';

const targetMs = 20;
/** The mail server takes its time, so that every stop meets mails under way; what has begun has to end first. */
const acceptMs = 15;
const batchSize = 10;
/** More than this many waiting, and the post waits: what counts here is stops, not throughput. */
const backlogMax = 40;
const quiesceLookMs = 5;

/** One stop, in ms from the order: until it is confirmed that nothing new begins, and until nothing is under way. */
interface StopTimes {
  readonly confirmedMs: number;
  readonly quietMs: number;
}

/** How a stack is stopped and started again, and how many events wait in it. */
interface Switch {
  readonly url: string;
  stop(): Promise<StopTimes>;
  start(): Promise<void>;
  countWaiting(): Promise<number>;
}

/** Stops under load with busy senders; theirs is `queue.pause()` and a look at what is still active. */
export const stop: Benchmark = {
  name: 'stop',
  measure: (scale) => {
    const workers = scale.stoppedSenders;
    const options = {
      ours: ['planner', 'api', ...Array<'sender'>(workers).fill('sender')],
      plain: ['api', ...Array<'worker'>(workers).fill('worker')],
      concurrency: 1,
    } as const;
    return withStacks(options, async (stacks) => {
      stacks.sink.setAcceptMs(acceptMs);
      const queue = new Queue(mailQueue, { connection: stacks.plain.redis });
      try {
        const measure = (side: Switch) => () => stopOften(stacks, side, scale);
        const rounds = await alternate(
          { rounds: scale.rounds, warmUps: 0 },
          { ours: measure(openOurs(stacks)), theirs: measure(openPlain(stacks, queue)) },
        );
        const figure = (what: string, share: number, read: (times: StopTimes) => number) =>
          ({
            what: `${what} p${share * 100}`,
            unit: 'ms',
            better: 'less',
            ours: rounds.ours.map((times) => percentile(times.map(read), share)),
            theirs: rounds.theirs.map((times) => percentile(times.map(read), share)),
          }) as const;
        const target = { on: 'ours', limit: targetMs } as const;
        return [
          figure('stop confirmed', 0.5, ({ confirmedMs }) => confirmedMs),
          { ...figure('stop confirmed', 0.99, ({ confirmedMs }) => confirmedMs), target },
          figure('stop, nothing under way', 0.5, ({ quietMs }) => quietMs),
          figure('stop, nothing under way', 0.99, ({ quietMs }) => quietMs),
        ];
      } finally {
        await queue.close();
      }
    });
  },
};

function openOurs({ ours }: Stacks): Switch {
  let epoch = 0;
  const order = async (json: object): Promise<Record<string, unknown>> => {
    const answer = await ours.call('/api/control/send', { method: 'PUT', json });
    if (answer.status !== 200) throw new Error(`the switch answered ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  return {
    url: ours.url,
    stop: async () => {
      const wayMs = await timeWay(ours.url);
      const report = await order({ enabled: false, reason: 'bench' });
      if (report['state'] !== 'quiesced') throw new Error(`not quiesced: ${JSON.stringify(report)}`);
      epoch = Number(report['epoch']);
      // Not the whole request: it also looks how sending stands, after the stop holds.
      return {
        confirmedMs: wayMs + Number(report['stop_ms']),
        quietMs: wayMs + Number(report['quiesced_ms']),
      };
    },
    start: async () => {
      await order({ enabled: true, reason: 'bench', epoch });
    },
    countWaiting: async () => {
      const { eventsOpen, messagesOpen } = ours.keys.shard(0);
      return (await ours.redis.zcard(eventsOpen)) + (await ours.redis.zcard(messagesOpen));
    },
  };
}

/** The way to the service and back, at the same load, without anything to do there. */
async function timeWay(url: string): Promise<number> {
  const begun = performance.now();
  await (await fetch(`${url}/livez`)).text();
  return performance.now() - begun;
}

function openPlain({ plain }: Stacks, queue: Queue): Switch {
  return {
    url: plain.url,
    stop: async () => {
      const begun = performance.now();
      await queue.pause();
      const confirmedMs = performance.now() - begun;
      while ((await queue.getActiveCount()) > 0) await delay(quiesceLookMs);
      return { confirmedMs, quietMs: performance.now() - begun };
    },
    start: () => queue.resume(),
    countWaiting: () => queue.getJobCountByTypes('wait', 'active'),
  };
}

async function stopOften(
  stacks: Stacks,
  side: Switch,
  { roundStops, stoppedSenders }: Scale,
): Promise<readonly StopTimes[]> {
  const life = new AbortController();
  const posting = keepPosting(stacks, side, life.signal);
  // Awaited below; until then a failure must not count as unhandled.
  posting.catch(() => undefined);
  const times: StopTimes[] = [];
  try {
    for (let count = 0; count < roundStops; count += 1) {
      const wanted = stacks.sink.mails.length + 1 + Math.floor(Math.random() * 2 * stoppedSenders);
      await waitFor(
        'mails flow',
        () => stacks.sink.mails.length,
        (length) => length >= wanted,
        { deadlineMs: 20_000, everyMs: 1 },
      );
      times.push(await side.stop());
      await side.start();
    }
  } finally {
    life.abort();
    await posting;
  }
  return times;
}

async function keepPosting({ ours }: Stacks, side: Switch, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const headers = {
      authorization: `Bearer ${await ours.token('upstream')}`,
      'content-type': 'application/json',
    };
    const request = { method: 'POST', headers, body: makeBatch(batchSize) };
    const response = await fetch(`${side.url}/api/events/batch`, request);
    if (response.status !== 202) throw new Error(`${side.url} answered ${response.status}`);
    await response.text();
    await waitFor(
      'room for more',
      () => side.countWaiting(),
      (waiting) => signal.aborted || waiting < backlogMax,
      { deadlineMs: 30_000, everyMs: 5 },
    );
  }
}
