import type { Configuration } from './derive-configuration.ts';
import type { Setting } from './settings/setting.ts';
import { type SettingName, settings } from './settings.ts';

/** Names of the settings that hold a secret which was never meant to be one; of an address its password counts. */
export function listExampleSecrets({ values }: Pick<Configuration, 'values'>): readonly SettingName[] {
  return secretNames.filter((name) =>
    name === 'QUARANTINE_KEYS'
      ? (values.QUARANTINE_KEYS ?? []).some(({ key }) => isPatterned(key))
      : listTexts(values[name]).some(isExampleSecret),
  );
}

/** Names of the settings whose sender nobody is. That of texts only counts where a provider takes texts. */
export function listExampleSenders({ values }: Pick<Configuration, 'values'>): readonly SettingName[] {
  const sendsTexts = values.SMS_API_URL !== undefined || values.KANNEL_URL !== undefined;
  return senderNames.filter(
    (name) => (name !== 'SMS_FROM' || sendsTexts) && listTexts(values[name]).some(isExampleSender),
  );
}

/** Names of the members of a brand that are those of nobody: an address, a link or a name that is an example. */
export function listExampleBrand(brand: Readonly<Record<string, string>>): readonly string[] {
  const exampleHost = /\bexample\b|\.(?:test|invalid|localhost)(?:[/:]|$)/i;
  return Object.entries(brand).flatMap(([name, text]) => (exampleHost.test(text) ? [name] : []));
}

function isExampleSecret(secret: string): boolean {
  return /change.?me|example|secret|password|test|dummy|placeholder|^(.)\1+$/i.test(secret);
}

/** Typed or filled by hand: 32 random bytes have some 30 different values. */
function isPatterned(key: Uint8Array): boolean {
  return new Set(key).size < 16;
}

/** Domains that nobody has (RFC 2606, RFC 6761). */
const exampleDomain = /@(?:.+\.)?(?:example\.(?:com|net|org)|example|test|invalid|localhost)>?$/i;
/** Numbers that are kept for stories: 555-0100 to 555-0199 of NANPA, 07700 900000 to 900999 of Ofcom. */
const exampleNumber = /^(?:\+1\d{3}55501\d\d|\+447700900\d{3})$/;
/** The name before an address, or a sender id of texts. */
const exampleName = /^[^@<]*\bexample\b[^@<]*(?:<|$)/i;

function isExampleSender(sender: string): boolean {
  return (
    exampleDomain.test(sender) ||
    exampleName.test(sender) ||
    exampleNumber.test(sender.replace(/[^+\d]/g, ''))
  );
}

/** The texts that nobody may read in a log or a response: every value of a secret setting; of an address its password. */
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
function listTexts(value: unknown): readonly string[] {
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
