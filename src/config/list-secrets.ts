import type { Configuration } from './derive-configuration.ts';
import type { Setting } from './settings/setting.ts';
import { type SettingName, settings } from './settings.ts';

/** The texts that nobody may read in a log or an answer: every value of a secret setting; of an address its password. */
export function listSecrets({ values }: Configuration): readonly string[] {
  return secretNames.flatMap((name) => listTexts(values[name]));
}

export const secretNames = listMarked('secret');
export const senderNames = listMarked('sender');

function listMarked(mark: 'secret' | 'sender'): readonly SettingName[] {
  const all = Object.entries(settings) as [SettingName, Setting][];
  return all.flatMap(([name, setting]) => (setting[mark] === true ? [name] : []));
}

/** The secret texts in a setting's value. */
export function listTexts(value: unknown): readonly string[] {
  if (typeof value === 'string') return URL.canParse(value) ? listPasswords(new URL(value)) : [value];
  if (value instanceof Uint8Array) return [Buffer.from(value).toString('base64')];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(listTexts) : [];
}

function listPasswords({ password }: URL): readonly string[] {
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}
