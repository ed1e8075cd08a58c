import {
  controlSchema,
  looseReadinessSchema,
  providersSchema,
  queueStatusSchema,
  sendStatusSchema,
  triggersSchema,
} from '../answers.ts';
import { readPart } from '../api.ts';
import type { Call, Command } from '../command.ts';
import { drawWatch, type WatchFacts } from '../draw-watch.ts';
import type { CommandError, Ending } from '../exit-codes.ts';
import type { Print } from '../print.ts';

export const watch: Command = {
  name: 'watch',
  summary: 'one screen that looks again every second: state, flags, rates, depth, triggers; Ctrl-C ends it',
  about: 'It only looks. Without a terminal, or with --once, it prints one picture and ends.',
  options: { once: { summary: 'print one picture and end' } },
  run: runWatch,
};

const everyMs = 1_000;
/** Rates are averages over this many looks. */
const looksKept = 10;
/** The service asks its providers for this, so it is not asked every second. */
const providersEvery = 5;
const plainSize = { columns: 80, rows: 24 };

const escape = '\u001b[';
/** The other screen of the terminal, without a cursor; what was there before comes back at the end. */
const enter = `${escape}?1049h${escape}?25l`;
const leave = `${escape}?25h${escape}?1049l`;
const home = `${escape}H`;
const clearLine = `${escape}K`;
const clearBelow = `${escape}J`;

async function runWatch(call: Call): Promise<Ending> {
  const size = call.isSet('once') || call.print.isJson ? undefined : call.readScreenSize?.();
  const look = createLook(call);
  if (size === undefined) {
    const facts = await look();
    const paint: Print['paint'] = (tone, text) => call.print.paint(tone, text);
    call.print.show(facts, () => {
      for (const line of drawWatch(facts, plainSize, paint)) call.print.say(line);
    });
    return 'done';
  }
  await showUntilInterrupted(call, look);
  return 'done';
}

async function showUntilInterrupted(call: Call, look: () => Promise<WatchFacts>): Promise<void> {
  const { print } = call;
  const life = new AbortController();
  const interrupted = new Promise<void>((resolve) => {
    life.signal.addEventListener('abort', () => resolve());
  });
  call.onInterrupt?.(() => life.abort());
  print.raw(enter);
  try {
    while (!life.signal.aborted) {
      const facts = await Promise.race([look(), interrupted]);
      if (facts === undefined) break;
      const size = call.readScreenSize?.() ?? plainSize;
      const lines = drawWatch(facts, size, (tone, text) => print.paint(tone, text));
      print.raw(`${home}${lines.map((line) => `${line}${clearLine}`).join('\r\n')}${clearBelow}`);
      await Promise.race([call.delay(everyMs), interrupted]);
    }
  } finally {
    print.raw(leave);
  }
}

interface Sample {
  readonly atMs: number;
  readonly planned: number;
  readonly sent: number;
}

function createLook(call: Call): () => Promise<WatchFacts> {
  const samples: Sample[] = [];
  let looks = 0;
  let providers: WatchFacts['providers'] = { value: { providers: [] } };
  return async () => {
    if (looks % providersEvery === 0)
      providers = await readPart(call.api, providersSchema, { path: '/api/providers/health' }, isPassing);
    looks += 1;
    const [sending, control, queue, triggers, readiness] = await Promise.all([
      readPart(call.api, sendStatusSchema, { path: '/api/send/status' }, isPassing),
      readPart(call.api, controlSchema, { path: '/api/control' }, isPassing),
      readPart(call.api, queueStatusSchema, { path: '/api/queue/status' }, isPassing),
      readPart(call.api, triggersSchema, { path: '/api/triggers' }, isPassing),
      readPart(call.api, looseReadinessSchema, { path: '/readyz', query: { verbose: 'true' } }, isPassing),
    ]);
    if ('value' in queue) {
      const { messages } = queue.value;
      const planned = Object.values(messages).reduce((sum, count) => sum + count, 0);
      samples.push({ atMs: call.monotonicNow(), planned, sent: messages['sent'] ?? 0 });
      if (samples.length > looksKept) samples.shift();
    }
    const { baseUrl } = call.api;
    const all = { baseUrl, atMs: call.now(), sending, control, queue, providers, triggers, readiness };
    return { ...all, ...measureRates(samples) };
  };
}

function measureRates(samples: readonly Sample[]): Pick<WatchFacts, 'rates'> {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined || last.atMs <= first.atMs) return {};
  const seconds = (last.atMs - first.atMs) / 1_000;
  const grown = (name: 'planned' | 'sent'): number => Math.max(0, last[name] - first[name]) / seconds;
  return { rates: { planned: grown('planned'), sent: grown('sent') } };
}

/** A token that is not good ends the watch: looking again would not help. */
function isPassing({ problem }: CommandError): boolean {
  return problem?.status !== 401;
}
