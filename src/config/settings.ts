import type { z } from 'zod';
import { emailSettings } from './settings/email.ts';
import { gateSettings } from './settings/gate.ts';
import { guardSettings } from './settings/guard.ts';
import { identitySettings } from './settings/identity.ts';
import { limitsSettings } from './settings/limits.ts';
import { processSettings } from './settings/process.ts';
import { recipientsSettings } from './settings/recipients.ts';
import { smsSettings } from './settings/sms.ts';
import { storeSettings } from './settings/store.ts';
import { workSettings } from './settings/work.ts';

/**
 * Every setting of the service. The types, the defaults, `docs/configuration.md` and `.env.example` all come from
 * this table; nothing else reads the environment.
 */
export const settings = {
  ...processSettings,
  ...storeSettings,
  ...gateSettings,
  ...limitsSettings,
  ...identitySettings,
  ...recipientsSettings,
  ...emailSettings,
  ...smsSettings,
  ...workSettings,
  ...guardSettings,
} as const;

export type SettingName = keyof typeof settings;
export type SettingValues = {
  readonly [Name in SettingName]:
    | z.infer<(typeof settings)[Name]['schema']>
    | ((typeof settings)[Name] extends { default: string } ? never : undefined);
};
