import {
  addressRepairs,
  type EmailAddress,
  type ParsedAddress,
  type PhoneNumber,
  parseEmailAddress,
} from '../domain/address.ts';
import { type Addresses, channels, channelTable, collectAddresses } from '../domain/channel.ts';
import { parseAllowList, type RecipientPolicy } from '../domain/recipient-policy.ts';
import { redirectSettings } from './settings/recipients.ts';
import type { SettingName, SettingValues } from './settings.ts';

/** The whole configuration, read and understood. */
export interface Configuration {
  readonly values: SettingValues;
  /** Where each value came from: the environment, or the table's default. */
  readonly origins: Readonly<Record<SettingName, 'environment' | 'default'>>;
  readonly appBaseUrl: string;
  readonly mailFrom: { readonly name: string; readonly address: EmailAddress };
  readonly mailReplyTo?: EmailAddress;
  /** Who may be written to. */
  readonly recipients: RecipientPolicy;
  readonly quietHours: { readonly fromHour: number; readonly toHour: number };
  /** Price of a segment by country code (digits without `+`). */
  readonly smsPrices: ReadonlyMap<string, number>;
  readonly roleScopes: ReadonlyMap<string, readonly string[]>;
  readonly promotionalIntervalSeconds: number;
}

/** What the raw values mean together; every error is added to `errors`. */
export function deriveConfiguration(
  values: SettingValues,
  origins: Configuration['origins'],
  errors: string[],
): Configuration {
  const [fromHour = 0, toHour = 0] = values.QUIET_HOURS.split('-').map(Number);
  return {
    values,
    origins,
    appBaseUrl: (values.APP_BASE_URL ?? `http://127.0.0.1:${values.PORT}`).replace(/\/$/, ''),
    mailFrom: readSender(values.MAIL_FROM, errors),
    ...readReplyTo(values, errors),
    recipients: readRecipients(values, errors),
    quietHours: { fromHour, toHour },
    smsPrices: readPrices(values.SMS_PRICES, errors),
    roleScopes: readRoleScopes(values.AUTH_ROLE_SCOPES),
    promotionalIntervalSeconds: values.MIN_MESSAGE_INTERVAL_PROMOTIONAL ?? usualPromotionalInterval(values),
  };
}

function usualPromotionalInterval(values: SettingValues): number {
  return values.ENVIRONMENT === 'production' ? 8 * 7 * 86_400 : 0;
}

function readReplyTo(values: SettingValues, errors: string[]): Pick<Configuration, 'mailReplyTo'> {
  if (values.MAIL_REPLY_TO === undefined) return {};
  const address = readAddress('MAIL_REPLY_TO', parseEmailAddress(values.MAIL_REPLY_TO), errors);
  return address === undefined ? {} : { mailReplyTo: address };
}

/** Outside production never everyone (GAT-7): a redirect address, or an allow-list that is empty by default. */
function readRecipients(values: SettingValues, errors: string[]): RecipientPolicy {
  if (values.APP_MODE === 'production' && values.ENVIRONMENT === 'production') return { kind: 'everyone' };
  if (channels.some((channel) => values[redirectSettings[channel]] !== undefined))
    return { kind: 'redirect', ...readRedirect(values, errors) };
  const parsed = parseAllowList(values.ALLOWED_RECIPIENTS ?? '');
  if (parsed.ok) return { kind: 'allow-list', entries: parsed.entries };
  errors.push(...parsed.errors.map((error) => `ALLOWED_RECIPIENTS: ${error}`));
  return { kind: 'allow-list', entries: [] };
}

function readRedirect(values: SettingValues, errors: string[]): Addresses {
  return collectAddresses((channel) => {
    const name = redirectSettings[channel];
    const text = values[name];
    return text === undefined
      ? undefined
      : readAddress<EmailAddress | PhoneNumber>(name, channelTable[channel].parseAddress(text), errors);
  });
}

function readSender(text: string, errors: string[]): Configuration['mailFrom'] {
  const match = /^([^<>\r\n]*)<([^<>\s]+)>$/.exec(text);
  const name = (match?.[1] ?? '').trim();
  const address = readAddress('MAIL_FROM', parseEmailAddress(match?.[2] ?? text), errors);
  return { name, address: address ?? ('' as EmailAddress) };
}

function readAddress<T>(name: string, parsed: ParsedAddress<T>, errors: string[]): T | undefined {
  if (parsed.ok) return parsed.value;
  errors.push(`${name}: ${addressRepairs[parsed.error]}`);
  return undefined;
}

function readPrices(text: string, errors: string[]): Map<string, number> {
  const prices = new Map<string, number>();
  for (const item of text.split(',').map((part) => part.trim())) {
    const match = /^(\d{1,4})=(\d+(?:\.\d+)?)$/.exec(item);
    if (match?.[1] === undefined)
      errors.push(`SMS_PRICES: "${item}" is not valid. Write country code and price, for example 1=0.0079`);
    else prices.set(match[1], Number(match[2]));
  }
  return prices;
}

function readRoleScopes(text: string): Map<string, readonly string[]> {
  return new Map(
    text.split(',').map((item) => {
      const [role = '', scopes = ''] = item.split('=');
      return [role.trim(), scopes.split(/\s+/).filter((scope) => scope !== '')] as const;
    }),
  );
}
