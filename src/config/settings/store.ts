import { z } from 'zod';
import { exactly, type Setting, whole } from './setting.ts';

/** The store and how long it remembers. */
export const storeSettings = {
  REDIS_URL: {
    group: 'store',
    schema: z.url({ protocol: /^rediss?$/ }),
    default: 'redis://127.0.0.1:6379',
    doc: 'The store.',
    secret: true,
  },
  KEY_PREFIX: {
    group: 'store',
    schema: z.string().regex(/^[a-z0-9-]{1,32}$/),
    default: 'acc',
    doc: 'Begins every key; one per environment.',
  },
  WITNESS_URL: {
    group: 'store',
    schema: z.url({ protocol: /^(file|rediss?)$/ }),
    doc: 'Remembers outside the store how far it has come, so that a store put back in time sends nothing and forgets no stop: `file:///folder` (beside the store, not in it, and not backed up with it) where all processes are on one machine, else a second, durable Redis.',
    secret: true,
  },
  SHARDS: {
    group: 'store',
    schema: whole(1, 64),
    default: '1',
    doc: 'Parts of the store, 64 at most, each with queues of its own; all lie on one Redis, to which a sender opens two connections for each and a planner one. Written into the store at first start; another number refuses to start.',
  },
  REDIS_COMMAND_TIMEOUT_MS: {
    group: 'store',
    schema: whole(50, 60_000),
    default: '2000',
    doc: 'A command without an answer after this long counts as failed.',
  },
  STORE_DURABILITY_ATTESTED: {
    group: 'store',
    schema: exactly('true'),
    default: 'false',
    doc: '`true`: an operator vouches that the managed Redis fsyncs before it answers, where CONFIG is forbidden.',
  },
  IDEMPOTENCY_HOURS: {
    group: 'store',
    schema: whole(1, 720),
    default: '24',
    doc: 'How long an idempotency key is remembered.',
  },
  RETENTION_HOURS: {
    group: 'store',
    schema: whole(72, 8760),
    default: '168',
    doc: 'How long a record is kept after it has ended. Dead letters need 72 at least.',
  },
} as const satisfies Readonly<Record<string, Setting>>;
