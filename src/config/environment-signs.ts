import type { SettingName, SettingValues } from './settings.ts';

/** One thing that says which environment this is. */
export interface EnvironmentSign {
  readonly name: SettingName;
  readonly says: SettingValues['ENVIRONMENT'] | 'not local';
}

/**
 * Which environment this is, from more than one sign: its name, the address that it is called at, and the issuer that it believes.
 * `read-configuration.ts` refuses to start when they disagree, so nothing is ever guessed upward.
 */
export function readEnvironmentSigns(values: SettingValues): readonly EnvironmentSign[] {
  const addresses = ['APP_BASE_URL', 'AUTH_ISSUER'] as const;
  return [
    { name: 'ENVIRONMENT', says: values.ENVIRONMENT },
    ...addresses.map(
      (name): EnvironmentSign => ({ name, says: isLocal(values[name]) ? 'local' : 'not local' }),
    ),
  ];
}

const thisMachine = /^(localhost|.*\.localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[::1?\])$/;

/** A name or address that never leaves this machine, as `URL` writes it. */
export function isThisMachine(hostname: string): boolean {
  return thisMachine.test(hostname);
}

/** Plain http, or an address of this machine. Without APP_BASE_URL the service is called at one. */
function isLocal(address: string | undefined): boolean {
  if (address === undefined || !URL.canParse(address)) return true;
  const { protocol, hostname } = new URL(address);
  return protocol === 'http:' || isThisMachine(hostname);
}
