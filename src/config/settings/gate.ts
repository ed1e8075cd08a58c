import { z } from 'zod';
import { sendModes } from '../../domain/message.ts';
import { exactly, list, type Setting, url, whole } from './setting.ts';

/** Addresses that an operator may vouch for; the others must be encrypted wherever they are not of this machine. */
const attestableHops = ['REDIS_URL', 'WITNESS_URL', 'SMS_API_URL', 'KANNEL_URL'] as const;

/** Whether anything may leave. */
export const gateSettings = {
  DISABLE_SEND: {
    group: 'gate',
    schema: exactly('false').transform((enabled) => !enabled),
    default: 'true',
    doc: 'Only the exact value `false` enables sending.',
  },
  EMERGENCY_STOP: {
    group: 'gate',
    schema: exactly('false').transform((calm) => !calm),
    default: 'false',
    doc: 'Anything but `false` stops everything, whatever else is set.',
  },
  APP_MODE: {
    group: 'gate',
    schema: z.enum(sendModes),
    default: 'dry_run',
    doc: '`dry_run` rehearses into the outbox; `testing` sends to allowed recipients only; `production` sends to everyone, if the preflight passes (`acc preflight`).',
  },
  PROMO_SENDS: {
    group: 'gate',
    schema: exactly('true'),
    default: 'false',
    doc: '`true` lets promotional messages leave in ENVIRONMENT=local. Else, and everywhere else until recipients can unsubscribe by one click (RFC 8058), they are held.',
  },
  RETRIES_ENABLED: {
    group: 'gate',
    schema: exactly('false').transform((off) => !off),
    default: 'true',
    doc: '`false`: a failed attempt is final, and nothing is sent again after an attempt without an answer.',
  },
  DRY_RUN_VERIFIED: {
    group: 'gate',
    schema: exactly('true'),
    default: 'false',
    doc: 'A person has seen the rehearsal. Production sends need it, and the rehearsal itself on record: of the same templates with the same settings, less than 72 hours before going live.',
  },
  EXPECTED_BASE_URL: {
    group: 'gate',
    schema: url,
    doc: 'What APP_BASE_URL must be before production mail leaves.',
  },
  PLAIN_HOPS_ATTESTED: {
    group: 'gate',
    schema: list.pipe(
      z.array(z.enum(attestableHops, `must be names of these settings: ${attestableHops.join(', ')}`)),
    ),
    default: '',
    doc: 'Settings whose connection is not encrypted although it leaves this machine, comma separated: an operator vouches that only a private network lies between. Any of REDIS_URL, WITNESS_URL, SMS_API_URL, KANNEL_URL.',
  },
  AUTO_APPROVE_ENABLED: {
    group: 'gate',
    schema: exactly('true'),
    default: 'false',
    doc: 'Approve without a person; in production it also needs ALLOW_PRODUCTION_AUTO_APPROVE. Nothing asks for an approval yet.',
  },
  ALLOW_PRODUCTION_AUTO_APPROVE: {
    group: 'gate',
    schema: exactly('true'),
    default: 'false',
    doc: 'Second key for AUTO_APPROVE_ENABLED.',
  },
  PERMIT_DEADLINE_MS: {
    group: 'gate',
    schema: whole(20, 10_000),
    default: '250',
    doc: 'A permit that has not reached the socket after this long is given back.',
  },
} as const satisfies Readonly<Record<string, Setting>>;
