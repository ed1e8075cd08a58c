import { setTimeout as delay } from 'node:timers/promises';
import { alternate, pick } from '../alternate.ts';
import type { Benchmark, Scale } from '../benchmark.ts';
import { postLoad } from '../load.ts';
import type { MailSink } from '../mail-sink.ts';
import { toCpuFigures, withCpuTimes } from '../processes.ts';
import { durablePlain, makeEvent, type Stacks, withStacks } from '../start-stacks.ts';
import { percentile } from '../statistics.ts';

/** Well below what either stack can do: then latency is the path's own, without a queue before it. */
const steadyPerSecond = 40;

/** From the post to the mail at the SMTP server: how many a second in a burst, and how soon at a steady pace. */
export const journey: Benchmark = {
  name: 'journey',
  measure: (scale) => {
    const theirs = ['worker', 'api'] as const;
    const options = { ours: ['planner', 'sender', 'api'], plain: theirs, durable: theirs } as const;
    return withStacks(options, async (stacks) => {
      const measure = (side: 'ours' | 'plain' | 'durable') => () => travel(stacks, side, scale);
      const { ours, plain, durable } = await alternate(scale, {
        ours: measure('ours'),
        plain: measure('plain'),
        durable: measure('durable'),
      });
      const besidePlain = { ours, theirs: plain };
      const what = 'event to SMTP';
      const rate = { what: `${what}, burst`, unit: 'mails/s', better: 'more' } as const;
      return [
        { ...rate, ...pick(besidePlain, ({ perSecond }) => perSecond) },
        {
          ...rate,
          ...pick({ ours, theirs: durable }, ({ perSecond }) => perSecond),
          against: durablePlain,
        },
        { what: `${what}, p50`, unit: 'ms', better: 'less', ...pick(besidePlain, ({ p50Ms }) => p50Ms) },
        { what: `${what}, p99`, unit: 'ms', better: 'less', ...pick(besidePlain, ({ p99Ms }) => p99Ms) },
        ...toCpuFigures(`${what}, burst`, 'mail', besidePlain),
      ];
    });
  },
};

/** Only the burst is measured in processor time: at a steady pace it is mostly what idling costs. */
async function travel(stacks: Stacks, side: 'ours' | 'plain' | 'durable', scale: Scale) {
  const { ours, sink } = stacks;
  const route = { url: `${stacks[side].url}/api/events`, token: await ours.token('upstream') };
  const count = scale.roundEvents;
  const inBurst = await withCpuTimes(stacks[side], async () => ({
    count,
    perSecond: await burst(route, sink, count),
  }));
  return { ...inBurst, ...(await keepPace(route, sink, steadyPerSecond * scale.roundSeconds)) };
}

interface RouteCall {
  readonly url: string;
  readonly token: string;
}

/** Mails a second, from the first post to the last mail. */
async function burst(route: RouteCall, sink: MailSink, events: number): Promise<number> {
  sink.clear();
  const begun = performance.now();
  const { url, token } = route;
  await postLoad({ url, tokens: [token], makeBody: makeEvent, until: { requests: events } });
  await sink.waitForMails(events);
  return (events * 1_000) / ((sink.mails.at(-1)?.atMs ?? Number.NaN) - begun);
}

async function keepPace(route: RouteCall, sink: MailSink, events: number) {
  sink.clear();
  const postedAt = new Map<string, number>();
  const posts: Promise<void>[] = [];
  const begun = performance.now();
  for (let count = 0; count < events; count += 1) {
    await delay(Math.max(0, begun + (count * 1_000) / steadyPerSecond - performance.now()));
    const name = `pace-${begun.toFixed(0)}-${count}`;
    postedAt.set(`${name}@example.com`, performance.now());
    posts.push(postEvent(route, makeEvent(name)));
  }
  await Promise.all(posts);
  await sink.waitForMails(events);
  const tookMs = sink.mails.map(({ to, atMs }) => atMs - (postedAt.get(to) ?? Number.NaN));
  return { p50Ms: percentile(tookMs, 0.5), p99Ms: percentile(tookMs, 0.99) };
}

async function postEvent({ url, token }: RouteCall, body: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body });
  if (response.status !== 202) throw new Error(`${url} answered ${response.status}`);
  await response.text();
}
