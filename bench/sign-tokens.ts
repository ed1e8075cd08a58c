import { createPrivateKey, randomUUID, sign } from 'node:crypto';
import { loadKeys } from '../local/issuer-keys.ts';
import type { Service } from '../test/support/service.ts';

/** Longer than any benchmark takes; the issuer's own live for five minutes. */
const lifetimeSeconds = 3_600;

/**
 * That many tokens of the service's issuer, each never seen before: a token of `upstream` again and again, under the
 * issuer's own key, with an id of its own, and good for an hour. With `clients`, they belong to that many clients in turn.
 */
export async function signTokens(service: Service, count: number, clients = 1): Promise<readonly string[]> {
  const [header = '', claims = ''] = (await service.token('upstream')).split('.');
  const [jwk] = await loadKeys(service.issuerKeysDir);
  if (jwk === undefined) throw new Error('the issuer has no key');
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  const given = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, unknown>;
  const iat = Math.floor(Date.now() / 1_000);
  const times = { iat, exp: iat + lifetimeSeconds };
  return Array.from({ length: count }, (_, index) => {
    const client = index % clients === 0 ? given['client_id'] : `client-${index % clients}`;
    const own = { ...given, jti: randomUUID(), client_id: client, sub: client, ...times };
    const content = `${header}.${Buffer.from(JSON.stringify(own)).toString('base64url')}`;
    return `${content}.${sign('sha256', Buffer.from(content), key).toString('base64url')}`;
  });
}
