import { z } from 'zod';
import { exactly, money, type Setting, text, whole } from './setting.ts';

/** How much may come in, and how much may leave. */
export const limitsSettings = {
  CLIENT_RATE_PER_MINUTE: {
    group: 'limits',
    schema: whole(1, 10_000_000),
    default: '6000',
    doc: 'Requests that one client may send in a minute in the long run; each event of a batch counts as one.',
  },
  CLIENT_BURST: {
    group: 'limits',
    schema: whole(1, 10_000_000),
    default: '600',
    doc: 'Requests that one client may send at one time after a pause.',
  },
  STORE_MEMORY_SHARE_MAX: {
    group: 'limits',
    schema: z
      .string()
      .regex(/^0\.\d{1,3}$/, 'must be a share such as 0.7')
      .transform(Number),
    default: '0.7',
    doc: 'Above this share of the Redis `maxmemory` no event is taken (503). Without a `maxmemory` nothing is known.',
  },
  BACKLOG_MAX: {
    group: 'limits',
    schema: whole(1, 1_000_000_000),
    default: '1000000',
    doc: 'Above this many events and messages that are not done yet no event is taken (503). From half of it on, and of the memory, each request costs its client more of its allowance, so that none fills the rest alone.',
  },
  RATE_LIMIT_ENABLED: {
    group: 'limits',
    schema: exactly('false').transform((off) => !off),
    default: 'true',
    doc: '`false` switches the per-minute limits off.',
  },
  RATE_LIMIT_PER_MINUTE: {
    group: 'limits',
    schema: whole(1, 1_000_000),
    default: '10',
    doc: 'Messages in any sliding minute, over all channels and workers.',
  },
  RATE_LIMIT_EMAIL_PER_MINUTE: {
    group: 'limits',
    schema: whole(1, 1_000_000),
    doc: 'The same for email alone.',
  },
  RATE_LIMIT_SMS_PER_MINUTE: { group: 'limits', schema: whole(1, 1_000_000), doc: 'The same for SMS alone.' },
  RATE_LIMIT_DOMAIN_PER_MINUTE: {
    group: 'limits',
    schema: whole(1, 1_000_000),
    doc: 'The same per domain of the recipient.',
  },
  MIN_MESSAGE_INTERVAL: {
    group: 'limits',
    schema: whole(0, 31_536_000),
    default: '0',
    doc: 'Seconds between two transactional messages to one address.',
  },
  MIN_MESSAGE_INTERVAL_PROMOTIONAL: {
    group: 'limits',
    schema: whole(0, 31_536_000),
    doc: 'The same for promotional ones; default 8 weeks (4838400) in production, else 0.',
  },
  RECIPIENT_BACKOFF_SECONDS: {
    group: 'limits',
    schema: whole(0, 86_400),
    default: '0',
    doc: 'Pause for an address after a failed attempt; doubles with each failure, at most a day.',
  },
  RECIPIENT_DAILY_CAP: {
    group: 'limits',
    schema: whole(1, 10_000),
    doc: 'Messages to one address in one UTC day.',
  },
  QUIET_HOURS: {
    group: 'limits',
    schema: z.string().regex(/^([01]?\d|2[0-3])-([01]?\d|2[0-3])$/, 'must look like 21-8'),
    default: '21-8',
    doc: 'Hours, in the recipient zone, in which promotional messages wait. `0-0`: none.',
  },
  MAX_SEND_PER_RUN: {
    group: 'limits',
    schema: whole(0, 100_000_000),
    doc: 'Messages since sending was last started. 0: none.',
  },
  MAX_SEND_PER_DAY: {
    group: 'limits',
    schema: whole(0, 100_000_000),
    doc: 'Messages in one UTC day. 0: none.',
  },
  SMS_PRICES: {
    group: 'limits',
    schema: text,
    default: '1=0.0079',
    doc: 'Price of a segment by country code, for example `1=0.0079,44=0.04`. Countries not listed are refused.',
  },
  SMS_DAILY_BUDGET: {
    group: 'limits',
    schema: money,
    default: '25',
    doc: 'Money for SMS in one UTC day, in the unit of SMS_PRICES.',
  },
} as const satisfies Readonly<Record<string, Setting>>;
