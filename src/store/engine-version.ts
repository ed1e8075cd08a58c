import type { Redis } from 'ioredis';

/** The lowest that knows every command we use (`ZRANGE … BYSCORE`, `GETDEL`, `ZADD … GT`); Valkey calls itself 7.2. */
const lowest = [6, 2] as const;

/**
 * Throws when the engine is too old for us: said at the start, not by the first command that it does not know. An engine
 * that does not tell its version (INFO is forbidden on some managed ones) is taken as it is.
 */
export async function assertEngineVersion(redis: Redis): Promise<void> {
  const version = findVersion(await redis.info('server').catch(() => ''));
  if (version === undefined || !isBelow(version)) return;
  throw new Error(
    `Redis ${version} is too old: this service needs Redis ${lowest.join('.')} or later, or Valkey. Set REDIS_URL to one`,
  );
}

function findVersion(info: string): string | undefined {
  return /^redis_version:(\d+\.\d+[\w.]*)/m.exec(info)?.[1];
}

function isBelow(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < lowest[0] || (major === lowest[0] && minor < lowest[1]);
}
