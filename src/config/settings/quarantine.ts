import { z } from 'zod';
import { type Setting, whole } from './setting.ts';

/** What happens to events while nobody can tell who sent them (IDN-4). */
export const quarantineSettings = {
  QUARANTINE_KEYS: {
    group: 'identity',
    schema: z
      .string()
      .transform((text) => text.split(',').map(parseKey))
      .pipe(
        z
          .array(z.object({ id: z.string(), key: z.instanceof(Uint8Array) }).strict(), {
            error: 'must be id:key, comma separated, each key 32 bytes in base64',
          })
          .refine((keys) => new Set(keys.map(({ id }) => id)).size === keys.length, 'has an id twice'),
      ),
    doc: 'Keys for the tokens of quarantined events, `id:key` comma separated, each key from `openssl rand -base64 32`. The first seals, all open: to rotate, put a new one first. Blank: no quarantine, events are answered 503 while the issuer’s keys cannot be had.',
    secret: true,
  },
  QUARANTINE_EVENTS_MAX: {
    group: 'identity',
    schema: whole(1, 10_000_000),
    default: '10000',
    doc: 'Most events in quarantine; then 503.',
  },
  QUARANTINE_BYTES_MAX: {
    group: 'identity',
    schema: whole(1024, 64 * 1024 ** 3),
    default: String(64 * 1024 ** 2),
    doc: 'Most bytes that they may take; then 503.',
  },
  QUARANTINE_AGE_HOURS_MAX: {
    group: 'identity',
    schema: whole(1, 720),
    default: '24',
    doc: 'An event that cannot be judged for this long ends rejected.',
  },
  QUARANTINE_PER_SOURCE_PER_MINUTE: {
    group: 'identity',
    schema: whole(1, 1_000_000),
    default: '600',
    doc: 'Most quarantined events in a minute of one claimed client at one remote address.',
  },
  QUARANTINE_JUDGE_PER_SECOND: {
    group: 'identity',
    schema: whole(1, 10_000),
    default: '50',
    doc: 'How many of them are judged in a second when the keys are back.',
  },
} as const satisfies Readonly<Record<string, Setting>>;

const keyPattern = /^([\w-]{1,32}):([A-Za-z0-9+/_-]{43}=?)$/;

function parseKey(item: string): unknown {
  const [, id, key = ''] = keyPattern.exec(item.trim()) ?? [];
  return id === undefined ? undefined : { id, key: new Uint8Array(Buffer.from(key, 'base64')) };
}
