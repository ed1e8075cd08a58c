import type { z } from 'zod';
import type {
  controlSchema,
  looseReadinessSchema,
  providersSchema,
  queueStatusSchema,
  sendStatusSchema,
  triggersSchema,
} from './answers.ts';
import type { Part } from './api.ts';
import { describeFlag, formatInstant, listOddFlags } from './describe-flags.ts';
import { describeSending } from './describe-sending.ts';
import { formatDuration } from './parse-duration.ts';
import { formatTable, type Print, type Tone, toCellText } from './print.ts';

export interface WatchFacts {
  readonly baseUrl: string;
  readonly atMs: number;
  readonly sending: Part<z.infer<typeof sendStatusSchema>>;
  readonly control: Part<z.infer<typeof controlSchema>>;
  readonly queue: Part<z.infer<typeof queueStatusSchema>>;
  readonly providers: Part<z.infer<typeof providersSchema>>;
  readonly triggers: Part<z.infer<typeof triggersSchema>>;
  readonly readiness: Part<z.infer<typeof looseReadinessSchema>>;
  /** Messages a second, over the last looks; undefined at the first one. */
  readonly rates?: { readonly planned: number; readonly sent: number };
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** A line and its colour. Cut first and painted then, so that no colour is cut in two. */
interface Line {
  readonly text: string;
  readonly tone?: Tone;
}

const oddFlagsMax = 3;
const providersMax = 3;
const blank: Line = { text: '' };

/** One screen: never more lines than rows, never a line wider than the screen. Whatever is too much is left out from below. */
export function drawWatch(facts: WatchFacts, size: Size, paint: Print['paint']): readonly string[] {
  const lines = [
    ...drawSending(facts, size),
    ...drawSwitches(facts),
    blank,
    ...drawQueues(facts),
    blank,
    ...drawMessages(facts),
    blank,
    ...drawTriggers(facts),
    ...drawProof(facts),
    blank,
    ...drawProviders(facts),
  ];
  return fit(lines, size.rows).map(({ text, tone }) => {
    const clean = toCellText(text) === '' ? '' : replaceControls(text);
    const cut = clean.length <= size.columns ? clean : `${clean.slice(0, size.columns - 1)}…`;
    return tone === undefined ? cut : paint(tone, cut);
  });
}

function drawSending(facts: WatchFacts, { columns }: Size): Line[] {
  const clock = formatInstant(facts.atMs);
  const title = `acc watch  ${facts.baseUrl}`.slice(0, Math.max(0, columns - clock.length - 2));
  const head: Line = { text: `${title.padEnd(columns - clock.length)}${clock}`, tone: 'dim' };
  if ('fault' in facts.sending)
    return [head, { text: `CANNOT TELL: ${facts.sending.fault}`, tone: 'bad' }, blank];
  const { app_mode, epoch, inflight } = facts.sending.value;
  const control = 'value' in facts.control ? facts.control.value : undefined;
  const providers = 'value' in facts.providers ? facts.providers.value.providers : [];
  const { isSending, headline, but } = describeSending(facts.sending.value, control, providers);
  return [
    head,
    { text: `${headline}${but}`, tone: isSending && but === '' ? 'good' : 'bad' },
    { text: `mode ${app_mode}   epoch ${epoch}   in flight ${inflight}` },
  ];
}

function drawSwitches({ control }: WatchFacts): Line[] {
  if ('fault' in control) return [fault('switches', control.fault)];
  const odd = listOddFlags(control.value);
  if (odd.length === 0) return [{ text: 'switches   all on' }];
  const shown = odd
    .slice(0, oddFlagsMax)
    .map(([name, flag]): Line => ({ text: `${name.padEnd(10)} ${describeFlag(flag)}`, tone: 'odd' }));
  const more = odd.length - shown.length;
  return more === 0 ? shown : [...shown, { text: `and ${more} more: acc status`, tone: 'odd' }];
}

function drawQueues({ queue }: WatchFacts): Line[] {
  if ('fault' in queue) return [fault('queues', queue.fault)];
  const [head = '', ...rows] = formatTable(
    ['QUEUE ', 'WAITING', 'ACTIVE', 'DELAYED', 'OLDEST'],
    Object.entries(queue.value.queues).map(([name, depth]) => [
      name,
      String(depth.waiting),
      String(depth.active),
      String(depth.delayed),
      depth.oldest_age_ms === 0 ? '' : formatDuration(depth.oldest_age_ms),
    ]),
  );
  return [{ text: head, tone: 'dim' }, ...rows.map((text) => ({ text }))];
}

function drawMessages({ queue, rates }: WatchFacts): Line[] {
  if ('fault' in queue) return [];
  const { messages, held, dead_letters: dead } = queue.value;
  const reasons = Object.entries(held)
    .filter(([, count]) => count > 0)
    .map(([reason, count]) => `${reason} ${count}`);
  const total = Object.values(held).reduce((sum, count) => sum + count, 0);
  const unknown = messages['unknown'] ?? 0;
  const rate =
    rates === undefined ? '' : `   ${perSecond(rates.planned)} planned, ${perSecond(rates.sent)} sent`;
  return [
    { text: `sent ${messages['sent'] ?? 0}${rate}` },
    { text: `held ${total}${reasons.length === 0 ? '' : ` (${reasons.join(', ')})`}`, ...oddWhen(total > 0) },
    { text: `dead ${dead}   unknown ${unknown}`, ...oddWhen(dead + unknown > 0) },
  ];
}

function drawTriggers({ triggers }: WatchFacts): Line[] {
  if ('fault' in triggers) return [fault('triggers', triggers.fault)];
  const { watched, triggers: rows } = triggers.value;
  const [head = '', ...texts] = formatTable(
    ['TRIGGER', 'VERDICT', 'MODE', 'NOW'],
    rows.map((row) => [row.trigger, row.latched ? 'LATCHED' : row.verdict, row.mode, row.detail]),
  );
  const toned = texts.map((text, index): Line => {
    const row = rows[index];
    const isBad = row !== undefined && (row.latched || row.verdict === 'fail');
    return isBad ? { text, tone: 'bad' } : { text };
  });
  const unwatched: Line[] = watched
    ? []
    : [{ text: 'NOT WATCHED: no guard has judged of late', tone: 'bad' }];
  return [{ text: head, tone: 'dim' }, ...unwatched, ...toned];
}

function drawProof({ readiness }: WatchFacts): Line[] {
  if ('fault' in readiness) return [fault('proof', readiness.fault)];
  const proof = readiness.value.checks['proof_of_life'];
  if (proof === undefined) return [{ text: 'proof of life  off' }];
  return [{ text: `proof of life  ${proof.detail}`, tone: proof.ok ? 'good' : 'bad' }];
}

function drawProviders({ providers }: WatchFacts): Line[] {
  if ('fault' in providers) return [fault('providers', providers.fault)];
  const rows = providers.value.providers;
  if (rows.length === 0) return [{ text: 'providers  none' }];
  return rows.slice(0, providersMax).map(({ provider, channel, ok, status, detail }) => ({
    text: `${provider.padEnd(14)} ${channel.padEnd(5)} ${status}  ${detail}`,
    tone: ok ? 'good' : 'bad',
  }));
}

/** Blank lines go first, the lowest before the higher ones. */
function fit(lines: readonly Line[], rows: number): readonly Line[] {
  const kept = [...lines];
  while (kept.length > rows) {
    const at = kept.lastIndexOf(blank);
    if (at === -1) return kept.slice(0, rows);
    kept.splice(at, 1);
  }
  return kept;
}

function fault(what: string, why: string): Line {
  return { text: `${what.padEnd(10)} cannot be read: ${why}`, tone: 'bad' };
}

function oddWhen(isOdd: boolean): { tone?: Tone } {
  return isOdd ? { tone: 'odd' } : {};
}

function perSecond(rate: number): string {
  return `${rate < 10 ? rate.toFixed(1) : Math.round(rate)}/s`;
}

/** What comes from outside cannot move the cursor; the columns stay. */
function replaceControls(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ');
}
