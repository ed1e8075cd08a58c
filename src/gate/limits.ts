import { domainOf, type EmailAddress, type PhoneNumber } from '../domain/address.ts';
import type { Channel } from '../domain/channel.ts';
import { findQuietEnd, type QuietHours } from '../domain/quiet-hours.ts';
import { priceSms } from '../domain/sms-price.ts';
import type { ShardKeys } from '../store/keys.ts';
import type { MessageRecord } from '../store/message-record.ts';

/** The limits of one environment, as configured. Undefined: no such limit. */
export interface Limits {
  readonly perMinute?: number;
  readonly perMinuteByChannel: Readonly<Partial<Record<Channel, number | undefined>>>;
  readonly perMinuteByDomain?: number;
  readonly intervalMs: { readonly transactional: number; readonly promotional: number };
  readonly recipientBackOffMs: number;
  readonly recipientDailyCap?: number;
  readonly quietHours: QuietHours;
  readonly perRun?: number;
  readonly perDay?: number;
  readonly smsPrices: ReadonlyMap<string, number>;
  readonly smsDailyBudget: number;
  /**
   * A permit may be used this long after it was asked for; windows are longer by as much, so that the limit holds for bytes and
   * not only for permits. Whatever lies between, the place in a window is taken after the asking and before the first byte,
   * so this bounds the time between the two for any number of shards.
   */
  readonly permitDeadlineMs: number;
}

export interface WindowAsk {
  readonly key: string;
  readonly name: string;
  readonly limit: number;
  readonly spanMs: number;
}

export interface CapAsk {
  readonly key: string;
  readonly name: string;
  readonly limit: number;
  readonly amount: number;
  readonly expireMs: number;
}

/** Everything that the permit script counts for one message. */
export interface LimitAsk {
  readonly windows: readonly WindowAsk[];
  readonly caps: readonly CapAsk[];
  readonly intervalMs: number;
  readonly quietUntil: number;
  readonly recipientDailyCap?: number;
  /** The run and the UTC day that caps were named for; the script refuses when it finds itself in another. */
  readonly run?: string;
  readonly day?: string;
}

/** What of a message the limits look at. */
export type LimitedMessage = Pick<MessageRecord, 'channel' | 'category' | 'to' | 'timeZone'>;

const minuteMs = 60_000;
const dayMs = 86_400_000;

/**
 * Names the windows and caps that one message uses up. `run` is the epoch in which sending was last started;
 * caps per run count from there. `'sms-country'` when the number's country has no price: such a text is refused.
 */
export function listLimits(
  limits: Limits,
  keys: ShardKeys,
  message: LimitedMessage,
  facts: { readonly segments: number; readonly run: string; readonly nowMs: number },
): LimitAsk | 'sms-country' {
  const own = ownLimits[message.channel](limits, message.to, facts.segments);
  if (own === 'sms-country') return own;
  const today = Math.floor(facts.nowMs / dayMs);
  const cap = (name: string, limit: number | undefined, amount: number, expireMs: number): CapAsk[] =>
    limit === undefined ? [] : [{ key: keys.cap(name), name, limit, amount, expireMs }];
  const countsByDay = limits.perDay !== undefined || own.perDay.length > 0;
  return {
    windows: listWindows(limits, keys, message, own),
    ...(limits.perRun === undefined ? {} : { run: facts.run }),
    ...(countsByDay ? { day: String(today) } : {}),
    caps: [
      ...cap(`run:${facts.run}`, limits.perRun, 1, 30 * dayMs),
      ...cap(`day:${today}`, limits.perDay, 1, 2 * dayMs),
      ...own.perDay.flatMap(({ name, limit, amount }) => cap(`${name}:${today}`, limit, amount, 2 * dayMs)),
    ],
    intervalMs: limits.intervalMs[message.category],
    quietUntil:
      message.category === 'promotional' ? findQuietEnd(limits.quietHours, message.timeZone, facts.nowMs) : 0,
    ...(limits.recipientDailyCap === undefined ? {} : { recipientDailyCap: limits.recipientDailyCap }),
  };
}

function listWindows(limits: Limits, keys: ShardKeys, message: LimitedMessage, own: OwnLimits): WindowAsk[] {
  const spanMs = minuteMs + limits.permitDeadlineMs;
  const window = (name: string, limit: number | undefined): WindowAsk[] =>
    limit === undefined ? [] : [{ key: keys.window(name), name, limit, spanMs }];
  return [
    ...window('all', limits.perMinute),
    ...window(`channel:${message.channel}`, limits.perMinuteByChannel[message.channel]),
    ...own.perMinute.flatMap(({ name, limit }) => window(name, limit)),
  ];
}

/** What a message counts against because of its channel. */
interface OwnLimits {
  readonly perMinute: readonly { readonly name: string; readonly limit: number | undefined }[];
  readonly perDay: readonly { readonly name: string; readonly limit: number; readonly amount: number }[];
}

const ownLimits: Readonly<
  Record<Channel, (limits: Limits, to: string, segments: number) => OwnLimits | 'sms-country'>
> = {
  email: (limits, to) => ({
    perMinute: [{ name: `domain:${domainOf(to as EmailAddress)}`, limit: limits.perMinuteByDomain }],
    perDay: [],
  }),
  sms: (limits, to, segments) => {
    const amount = priceSms(limits.smsPrices, to as PhoneNumber, segments);
    if (amount === undefined) return 'sms-country';
    return { perMinute: [], perDay: [{ name: 'sms-money', limit: limits.smsDailyBudget, amount }] };
  },
};
