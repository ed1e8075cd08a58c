import { join } from 'node:path';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { readJsonFile, writePrivateFile } from './private-file.ts';

export type PrivateKey = JWK & { readonly kid: string };

/** The signing keys kept in `dir`, newest first, or one new key. Without `dir` always one new key. */
export async function loadKeys(dir: string | undefined): Promise<readonly PrivateKey[]> {
  const kept = dir === undefined ? undefined : await readJsonFile(keysFile(dir));
  return isKeySet(kept) ? kept.keys : [await generateKey()];
}

/** Keeps the keys for the next start, readable by the owner only. */
export async function saveKeys(keys: readonly PrivateKey[], dir: string | undefined): Promise<void> {
  if (dir !== undefined) await writePrivateFile(keysFile(dir), JSON.stringify({ keys }, null, 2));
}

/** A new RSA key of 2048 bits, named by its own random `kid`. */
export async function generateKey(): Promise<PrivateKey> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  return { ...(await exportJWK(privateKey)), kid: crypto.randomUUID(), alg: 'RS256', use: 'sig' };
}

function keysFile(dir: string): string {
  return join(dir, 'keys.json');
}

function isKeySet(value: unknown): value is { keys: PrivateKey[] } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'keys' in value &&
    Array.isArray(value.keys) &&
    value.keys.length > 0
  );
}
