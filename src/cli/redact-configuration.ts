import type { Configuration } from '../config/derive-configuration.ts';
import type { Setting } from '../config/settings/setting.ts';
import { settings } from '../config/settings.ts';

export interface ShownSetting {
  readonly name: string;
  readonly group: string;
  /** `null`: not set. A secret is never shown, nor how long it is. */
  readonly value: string | number | boolean | null;
  readonly origin: string;
}

/** Every setting as it may be shown to anyone: secrets as `(secret)`, no user or password in an address. */
export function redactConfiguration(configuration: Configuration): ShownSetting[] {
  return Object.entries<Setting>(settings).map(([name, setting]) => {
    const value: unknown = Reflect.get(configuration.values, name);
    return {
      name,
      group: setting.group,
      value: value === undefined ? null : setting.secret === true ? '(secret)' : toShown(value),
      origin: value === undefined ? 'not set' : String(Reflect.get(configuration.origins, name)),
    };
  });
}

function toShown(value: unknown): string | number | boolean {
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  const text = Array.isArray(value) ? value.join(', ') : String(value);
  return text.replace(/:\/\/[^/@\s]+@/g, '://');
}
