import { type Setting, text, whole } from './setting.ts';

/** How the work is done. */
export const workSettings = {
  TEMPLATES_DIR: {
    group: 'work',
    schema: text,
    doc: 'The catalog; default is the `templates` folder of the program.',
  },
  OUTBOX_DIR: { group: 'work', schema: text, default: 'outbox', doc: 'Where rehearsals land.' },
  PLAN_CONCURRENCY: {
    group: 'work',
    schema: whole(1, 256),
    default: '16',
    doc: 'Events planned at the same time by one worker; at least one of each shard.',
  },
  SEND_CONCURRENCY: {
    group: 'work',
    schema: whole(1, 256),
    default: '10',
    doc: 'Attempts at the same time, and connections to each provider, per channel and worker. Twice as many messages are in hand.',
  },
  ATTEMPT_TIMEOUT_SECONDS: {
    group: 'work',
    schema: whole(1, 300),
    default: '30',
    doc: 'Longest that one attempt may take, from permit to answer.',
  },
  RECONCILE_SECONDS: {
    group: 'work',
    schema: whole(1, 3600),
    default: '15',
    doc: 'How often open records are compared with the queue.',
  },
  RECONCILE_AGE_SECONDS: {
    group: 'work',
    schema: whole(1, 3600),
    default: '30',
    doc: 'An open record without a job is queued again after this long.',
  },
} as const satisfies Readonly<Record<string, Setting>>;
