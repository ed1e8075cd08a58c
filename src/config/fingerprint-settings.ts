import { createHash } from 'node:crypto';
import { canonicalJson } from '../domain/canonical-json.ts';
import type { SettingName, SettingValues } from './settings.ts';

/**
 * What shapes the messages and decides who gets them, and is no secret: what a rehearsal shows besides the templates.
 * The switches of going live are not among it, since they must change between rehearsal and live; nor is how fast it goes.
 */
const shaping = [
  'ENVIRONMENT',
  'APP_BASE_URL',
  'MAIL_FROM',
  'MAIL_REPLY_TO',
  'SMS_FROM',
  'ALLOWED_LINK_HOSTS',
  'PROMO_SENDS',
  'MIN_MESSAGE_INTERVAL',
  'MIN_MESSAGE_INTERVAL_PROMOTIONAL',
  'RECIPIENT_DAILY_CAP',
  'QUIET_HOURS',
  'SMS_PRICES',
] as const satisfies readonly SettingName[];

/** One word for the settings that a rehearsal was made with. */
export function fingerprintSettings(values: SettingValues): string {
  const picked = Object.fromEntries(shaping.map((name) => [name, values[name] ?? null]));
  return createHash('sha256').update(canonicalJson(picked)).digest('hex').slice(0, 16);
}
