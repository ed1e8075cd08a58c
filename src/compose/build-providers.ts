import { readFileSync } from 'node:fs';
import type { Configuration } from '../config/derive-configuration.ts';
import { createProviderSet, type ProviderSet } from '../providers/choose-provider.ts';
import type { DkimKey } from '../providers/email/smtp-options.ts';
import { createSmtpProvider } from '../providers/email/smtp-provider.ts';
import type { OutgoingEmail, OutgoingSms, Provider } from '../providers/provider.ts';
import { restrictRecipients } from '../providers/restrict-recipients.ts';
import { createKannelProvider } from '../providers/sms/kannel-provider.ts';
import { createTwilioProvider } from '../providers/sms/twilio-provider.ts';

const connectTimeoutMs = 5_000;
const idleTimeoutMs = 15_000;

/**
 * The providers of each channel, first choice first, each behind the recipient guard. A sender that rehearses builds nothing that
 * can send; what it only checks the health of is built all the same, apart.
 */
export function buildProviders(configuration: Configuration, purpose: 'send' | 'check'): ProviderSet {
  const { values } = configuration;
  const rehearsing = purpose === 'send' && values.APP_MODE === 'dry_run';
  return createProviderSet({
    providers: {
      email: rehearsing
        ? []
        : buildEmailProviders(configuration).map((provider) =>
            restrictRecipients(provider, configuration.recipients),
          ),
      sms: rehearsing
        ? []
        : buildSmsProviders(configuration).map((provider) =>
            restrictRecipients(provider, configuration.recipients),
          ),
    },
    breaker: {
      failuresInRowMax: 5,
      failureShareMax: 0.5,
      samplesMax: 20,
      openMs: 15_000,
      probeMs: 2 * values.ATTEMPT_TIMEOUT_SECONDS * 1_000,
    },
    slowDownMs: 30_000,
    healthTimeoutMs: 5_000,
  });
}

function buildEmailProviders(configuration: Configuration): Provider<OutgoingEmail>[] {
  const { values } = configuration;
  const dkim = readDkim(configuration);
  const build = (name: string, url: string | undefined): Provider<OutgoingEmail>[] => {
    if (url === undefined) return [];
    const { protocol, hostname, port, username, password } = new URL(url);
    const secure = protocol === 'smtps:';
    return [
      createSmtpProvider({
        name,
        host: hostname.replace(/^\[|\]$/g, ''),
        port: port === '' ? (secure ? 465 : 587) : Number(port),
        secure,
        requireTls: values.SMTP_REQUIRE_TLS,
        ...(username === ''
          ? {}
          : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
        connectionsMax: values.SEND_CONCURRENCY,
        connectTimeoutMs,
        socketTimeoutMs: (values.ATTEMPT_TIMEOUT_SECONDS * 1_000) / 2,
        idleTimeoutMs,
        messagesPerConnection: 100,
        ...(dkim === undefined ? {} : { dkim }),
      }),
    ];
  };
  return [...build('smtp-primary', values.SMTP_URL), ...build('smtp-fallback', values.SMTP_FALLBACK_URL)];
}

function buildSmsProviders(configuration: Configuration): Provider<OutgoingSms>[] {
  const { values } = configuration;
  const endpoint = (url: string) => ({
    baseUrl: new URL(url),
    connectionsMax: values.SEND_CONCURRENCY,
    connectTimeoutMs,
    responseTimeoutMs: values.ATTEMPT_TIMEOUT_SECONDS * 1_000,
    idleTimeoutMs: 4_000,
  });
  const { SMS_API_URL, SMS_ACCOUNT_SID, SMS_AUTH_TOKEN, KANNEL_URL } = values;
  const twilio =
    SMS_API_URL === undefined || SMS_ACCOUNT_SID === undefined || SMS_AUTH_TOKEN === undefined
      ? []
      : [
          createTwilioProvider({
            name: 'twilio',
            accountSid: SMS_ACCOUNT_SID,
            authToken: SMS_AUTH_TOKEN,
            ...endpoint(SMS_API_URL),
          }),
        ];
  const kannel =
    KANNEL_URL === undefined
      ? []
      : [
          createKannelProvider({
            name: 'kannel',
            username: values.KANNEL_USERNAME ?? '',
            password: values.KANNEL_PASSWORD ?? '',
            ...endpoint(KANNEL_URL),
          }),
        ];
  return [...twilio, ...kannel];
}

function readDkim(configuration: Configuration): DkimKey | undefined {
  const { DKIM_DOMAIN, DKIM_SELECTOR, DKIM_PRIVATE_KEY_FILE } = configuration.values;
  if (DKIM_DOMAIN === undefined || DKIM_SELECTOR === undefined || DKIM_PRIVATE_KEY_FILE === undefined)
    return undefined;
  return {
    domainName: DKIM_DOMAIN,
    keySelector: DKIM_SELECTOR,
    privateKey: readFileSync(DKIM_PRIVATE_KEY_FILE, 'utf8'),
  };
}
