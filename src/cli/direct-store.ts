import { settings } from '../config/settings.ts';
import { type AuditKey, deriveAuditKey } from '../store/audit-key.ts';
import { createKeys, type Keys } from '../store/keys.ts';
import { readShards } from '../store/open-store.ts';
import { createRedisClients, type RedisClients, waitForRedis } from '../store/redis-clients.ts';
import { explainRedisError } from '../store/redis-errors.ts';
import { CommandError } from './exit-codes.ts';

export interface DirectStore {
  readonly redis: RedisClients['commands'];
  readonly keys: Keys;
}

export interface StorePlace {
  readonly url: string;
  readonly keyPrefix: string;
  /** Seals the audit line of what is done there; absent when its secret is not at hand, which must not hinder a stop. */
  readonly auditKey?: AuditKey;
}

/** Where the store is, from `--store` or REDIS_URL; nothing is assumed, since a wrong store would confirm a stop. */
export function findStorePlace(
  given: { readonly store: string | undefined; readonly keyPrefix: string | undefined },
  environment: Readonly<Record<string, string | undefined>>,
): StorePlace | undefined {
  const named = (given.store ?? environment['REDIS_URL'] ?? '').trim();
  if (named === '') return undefined;
  // `host:6380`, as redis-cli prints it.
  const url = named.includes('://') ? named : `redis://${named}`;
  const secret = environment['ADDRESS_HASH_KEY']?.trim() ?? '';
  return {
    url,
    keyPrefix: given.keyPrefix ?? environment['KEY_PREFIX'] ?? settings.KEY_PREFIX.default,
    ...(secret === '' ? {} : { auditKey: deriveAuditKey(secret) }),
  };
}

/** Opens the store without the service, hands it to `use`, and closes it. Throws `unreachable` when it does not answer. */
export async function withStore<Result>(
  place: StorePlace,
  timeoutMs: number,
  use: (store: DirectStore) => Promise<Result>,
): Promise<Result> {
  const clients = createRedisClients({
    url: place.url,
    commandTimeoutMs: timeoutMs,
    onError: () => undefined,
  });
  const toUnreachable = (words: string, cause: unknown): CommandError =>
    new CommandError('unreachable', `The store ${hideSecret(place.url)}: ${words}.`, undefined, cause);
  try {
    await waitForRedis(clients.commands, timeoutMs, { isImpatient: true }).catch((error: Error) => {
      throw toUnreachable(error.message, error);
    });
    return await useStore(clients.commands, place, use).catch((error: unknown) => {
      const repair = explainRedisError(error);
      throw repair === undefined ? error : toUnreachable(repair, error);
    });
  } finally {
    clients.close();
  }
}

/** The store itself says how many shards it has. */
async function useStore<Result>(
  redis: DirectStore['redis'],
  { keyPrefix, auditKey }: StorePlace,
  use: (store: DirectStore) => Promise<Result>,
): Promise<Result> {
  const shards = await readShards(redis, createKeys(keyPrefix, 1));
  return await use({ redis, keys: createKeys(keyPrefix, shards, auditKey) });
}

/** A URL without its user and password. */
export function hideSecret(url: string): string {
  try {
    const parsed = new URL(url);
    return `${parsed.protocol}//${parsed.host}${parsed.pathname === '/' ? '' : parsed.pathname}`;
  } catch {
    return '(not a URL)';
  }
}
