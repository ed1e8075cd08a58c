import { z } from 'zod';
import { exactly, type Setting, text } from './setting.ts';

/** Email providers. */
export const emailSettings = {
  MAIL_FROM: {
    group: 'email',
    schema: text,
    default: 'Scholar Desk <hello@example.com>',
    doc: 'Sender, `Name <address>`. Outside ENVIRONMENT=local nothing is sent to anybody under an example.',
    sender: true,
  },
  MAIL_REPLY_TO: { group: 'email', schema: text, doc: 'Where answers go.', sender: true },
  SMTP_URL: {
    group: 'email',
    schema: z.url({ protocol: /^smtps?$/ }),
    doc: 'First SMTP provider, `smtp://user:password@host:587` or `smtps://…`.',
    secret: true,
  },
  SMTP_FALLBACK_URL: {
    group: 'email',
    schema: z.url({ protocol: /^smtps?$/ }),
    doc: 'Second SMTP provider.',
    secret: true,
  },
  SMTP_REQUIRE_TLS: {
    group: 'email',
    schema: exactly('false').transform((off) => !off),
    default: 'true',
    doc: '`false` allows plain SMTP, which production refuses.',
  },
  DKIM_DOMAIN: { group: 'email', schema: text, doc: 'Domain that signs (RFC 6376).' },
  DKIM_SELECTOR: { group: 'email', schema: text, doc: 'Selector of the DKIM key.' },
  DKIM_PRIVATE_KEY_FILE: { group: 'email', schema: text, doc: 'File that holds the PEM private key.' },
} as const satisfies Readonly<Record<string, Setting>>;
