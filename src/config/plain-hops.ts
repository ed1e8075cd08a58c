import { isThisMachine } from './environment-signs.ts';
import type { SettingName, SettingValues } from './settings.ts';

/**
 * Every address that something of ours goes to or comes from. Those of the issuer, the directory and the webhook must be
 * https in any environment but a local one (`check-together.ts`), so an operator can vouch for none of them. SMTP has a
 * setting of its own, since it begins plain and is then encrypted.
 */
const addresses = [
  'REDIS_URL',
  'WITNESS_URL',
  'SMS_API_URL',
  'KANNEL_URL',
  'AUTH_ISSUER',
  'AUTH_JWKS_URL',
  'M2M_TOKEN_URL',
  'DIRECTORY_URL',
  'STATUS_WEBHOOK_URL',
] as const satisfies readonly SettingName[];

/** The settings whose connection leaves this machine without encryption and without anybody who vouches for it. */
export function listPlainHops(values: SettingValues): readonly SettingName[] {
  const attested: readonly SettingName[] = values.PLAIN_HOPS_ATTESTED;
  return addresses.filter((name) => isPlain(values[name]) && !attested.includes(name));
}

function isPlain(address: string | undefined): boolean {
  if (address === undefined) return false;
  const { protocol, hostname } = new URL(address);
  return (protocol === 'http:' || protocol === 'redis:') && !isThisMachine(hostname);
}
