import { type Setting, text, url } from './setting.ts';

/** SMS providers. */
export const smsSettings = {
  SMS_FROM: {
    group: 'sms',
    schema: text,
    default: '+15555550100',
    doc: 'Sender of texts: number or sender id. Outside ENVIRONMENT=local nothing is sent to anybody under an example.',
    sender: true,
  },
  SMS_API_URL: { group: 'sms', schema: url, doc: 'Twilio-compatible REST API.' },
  SMS_ACCOUNT_SID: { group: 'sms', schema: text, doc: 'Account of that API.' },
  SMS_AUTH_TOKEN: { group: 'sms', schema: text, doc: 'Its token.', secret: true },
  KANNEL_URL: { group: 'sms', schema: url, doc: 'Kannel-style gateway, the second SMS provider.' },
  KANNEL_USERNAME: { group: 'sms', schema: text, doc: 'User of that gateway.' },
  KANNEL_PASSWORD: { group: 'sms', schema: text, doc: 'Its password.', secret: true },
} as const satisfies Readonly<Record<string, Setting>>;
