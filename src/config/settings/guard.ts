import { z } from 'zod';
import { parseInstant } from '../../domain/instant.ts';
import { triggerModes } from '../../domain/thresholds.ts';
import { type Setting, url, whole } from './setting.ts';

const mode = (what: string) =>
  ({
    group: 'guard',
    schema: z.enum(triggerModes),
    default: 'act',
    doc: `${what} \`act\`, \`observe\` (an incident and nothing else) or \`off\`.`,
  }) as const satisfies Setting;

/** The rollback triggers. Their lines are in `src/domain/thresholds.ts`. */
export const guardSettings = {
  GUARD_5XX: mode(
    '5xx of ours on 1 % of the requests of verified clients over 5 minutes: stop sending and pause consumers.',
  ),
  GUARD_TOKENS: mode('2 % bad tokens over 5 minutes: pause ingestion.'),
  GUARD_DEPTH: mode('Queue depth over twice its baseline for 10 minutes: pause consumers.'),
  GUARD_P95: mode('p95 of our own time over 300 ms for 5 minutes: stop sending.'),
  GUARD_MIN_REQUESTS: {
    group: 'guard',
    schema: whole(1, 1_000_000),
    default: '50',
    doc: 'With fewer requests of verified clients in 5 minutes, the 5xx and p95 triggers have no verdict.',
  },
  GUARD_MIN_TOKENS: {
    group: 'guard',
    schema: whole(1, 1_000_000),
    default: '50',
    doc: 'With fewer tokens of our issuer in 5 minutes, without those of any one client, the token trigger does not fire.',
  },
  GUARD_DEPTH_FLOOR: {
    group: 'guard',
    schema: whole(1, 100_000_000),
    default: '500',
    doc: 'The baseline of the queue depth never counts as lower than this many jobs.',
  },
  PROOF_OF_LIFE_SECONDS: {
    group: 'guard',
    schema: whole(0, 3_600),
    default: '60',
    doc: 'How often a synthetic event walks the whole path to a provider that delivers nowhere; `0` turns it off. Three of these without one coming back make `dependencies_ok` false.',
  },
  RELEASED_AT: {
    group: 'guard',
    schema: z
      .string()
      .refine((text) => parseInstant(text) !== undefined, 'must be an instant such as 2026-11-20T09:00:00Z'),
    doc: 'When this version was released; status notes are due by it. Default is the first start of a guard of this version.',
  },
  STATUS_WEBHOOK_URL: {
    group: 'guard',
    schema: url,
    secret: true,
    doc: 'Slack-compatible webhook for status notes and incidents; without one they go to the log. They are at `/api/status/notes` in any case.',
  },
} as const satisfies Readonly<Record<string, Setting>>;
