import type { Redis } from 'ioredis';
import { toErrorText } from '../domain/errors.ts';

export interface Durability {
  readonly writable: boolean;
  readonly durable: boolean;
  readonly detail: string;
}

/** What `CONFIG GET` must say for a response to mean "on disk" (engine: Redis 6.2 or later, or Valkey). */
const required: Readonly<Record<string, string>> = {
  appendonly: 'yes',
  appendfsync: 'always',
  'no-appendfsync-on-rewrite': 'no',
  'maxmemory-policy': 'noeviction',
};

/**
 * Tells whether the store writes, and whether what it acknowledged survives a power cut. Never rejects. Where
 * CONFIG is forbidden (managed Redis) the operator's attestation counts, and the detail says so.
 */
export async function checkDurability(
  redis: Redis,
  options: { attested: boolean; probeKey: string },
): Promise<Durability> {
  try {
    await redis.set(options.probeKey, '1', 'PX', 60_000);
  } catch (error) {
    return toAway(error);
  }
  try {
    const fault = await findFault(redis);
    return fault === undefined
      ? { writable: true, durable: true, detail: 'append-only file, fsynced before each answer' }
      : toUndurable(fault);
  } catch (error) {
    // It went away after the write: nothing is known of what it would have said.
    if (!(error instanceof Error && error.name === 'ReplyError')) return toAway(error);
    return options.attested
      ? { writable: true, durable: true, detail: 'attested by an operator (CONFIG is forbidden)' }
      : toUndurable(
          `CONFIG cannot be read (${toErrorText(error)}): set STORE_DURABILITY_ATTESTED=true if an operator vouches for it`,
        );
  }
}

/** What the server says of itself that an acknowledged write may not survive. */
async function findFault(redis: Redis): Promise<string | undefined> {
  const info = await redis.info('persistence');
  if (/^aof_last_write_status:(?!ok)/m.test(info))
    return 'Redis reports that its last write to the append-only file failed';
  const wrong: string[] = [];
  for (const [name, value] of Object.entries(required)) {
    const reply = await redis.call('CONFIG', 'GET', name);
    const is = Array.isArray(reply) ? String(reply[1]) : '';
    if (is !== value) wrong.push(`${name} is "${is}", must be "${value}"`);
  }
  return wrong.length === 0 ? undefined : wrong.join('; ');
}

function toAway(error: unknown): Durability {
  return { writable: false, durable: false, detail: `Redis does not take writes: ${toErrorText(error)}` };
}

function toUndurable(detail: string): Durability {
  return { writable: true, durable: false, detail };
}
