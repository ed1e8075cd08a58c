import { z } from 'zod';
import type { Channel } from '../../domain/channel.ts';
import { flatEventFields } from '../../domain/event.ts';
import { list, type Setting, text, url } from './setting.ts';

/** Who may be written to. */
export const recipientsSettings = {
  DIRECTORY_URL: {
    group: 'recipients',
    schema: url,
    doc: 'HTTP directory of recipients; asked with the M2M token.',
  },
  DIRECTORY_FILE: { group: 'recipients', schema: text, doc: 'JSON file of recipients, for development.' },
  DIRECTORY_ID_FIELD: {
    group: 'recipients',
    schema: z
      .string()
      .regex(
        /^[A-Za-z][A-Za-z0-9_-]{0,63}$/,
        'must be the name of a field: a letter, then letters, digits, _ and -',
      )
      .refine(
        (name) => !flatEventFields.some((field) => field === name),
        `must be a field of the data, not one of ${flatEventFields.join(', ')}`,
      ),
    default: 'student_id',
    doc: 'Field of the data, and of a person in the directory, that holds the id by which a recipient is looked up.',
  },
  ALLOWED_RECIPIENTS: {
    group: 'recipients',
    schema: text,
    doc: 'Outside production: addresses, `@domain`s and number prefixes (`+1555555*`) that may be written to. Nobody by default.',
  },
  REDIRECT_EMAIL: {
    group: 'recipients',
    schema: text,
    doc: 'Outside production: every email goes here instead.',
  },
  REDIRECT_PHONE: {
    group: 'recipients',
    schema: text,
    doc: 'Outside production: every text goes here instead.',
  },
  ALLOWED_LINK_HOSTS: {
    group: 'recipients',
    schema: list,
    default: '',
    doc: 'Hosts that links in messages may name.',
  },
  ADDRESS_HASH_KEY: {
    group: 'recipients',
    schema: z.string().min(32),
    doc: 'Key of the address hash, at least 32 characters. Required. Changing it forgets suppressions and intervals.',
    secret: true,
  },
} as const satisfies Readonly<Record<string, Setting>>;

/** Where the messages of a channel go instead, outside production. */
export const redirectSettings = {
  email: 'REDIRECT_EMAIL',
  sms: 'REDIRECT_PHONE',
} as const satisfies Readonly<Record<Channel, keyof typeof recipientsSettings>>;
