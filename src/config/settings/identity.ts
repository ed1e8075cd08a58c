import { z } from 'zod';
import { quarantineSettings } from './quarantine.ts';
import { list, type Setting, text, url, whole } from './setting.ts';

/** A misspelt scope would allow less than it says, without a word. */
const rolePattern = /^\s*[^=\s][^=]*=(\s*\bnotify\.(send|read|admin)\b)+\s*$/;

/** Who may call, and who we are to others. */
export const identitySettings = {
  AUTH_ISSUER: { group: 'identity', schema: url, doc: 'Issuer of the callers’ tokens. Required.' },
  AUTH_JWKS_URL: { group: 'identity', schema: url, doc: 'Where its keys are. Required.' },
  AUTH_AUDIENCE: {
    group: 'identity',
    schema: list.pipe(z.array(z.string()).min(1, 'names no audience')),
    doc: 'Audiences that we answer to, comma separated. Required.',
  },
  AUTH_ALGORITHMS: {
    group: 'identity',
    schema: list.pipe(
      z
        .array(z.enum(['RS256', 'ES256', 'EdDSA'], 'must be RS256, ES256 or EdDSA'))
        .min(1, 'names no algorithm'),
    ),
    default: 'RS256,ES256,EdDSA',
    doc: 'Accepted signature algorithms.',
  },
  AUTH_CLOCK_TOLERANCE_SECONDS: {
    group: 'identity',
    schema: whole(0, 300),
    default: '30',
    doc: 'Allowed clock difference.',
  },
  AUTH_TOKEN_LIFETIME_SECONDS_MAX: {
    group: 'identity',
    schema: whole(60, 604_800),
    default: '86400',
    doc: 'A token that lives longer is refused.',
  },
  AUTH_ROLE_TOKEN_LIFETIME_SECONDS_MAX: {
    group: 'identity',
    schema: whole(60, 604_800),
    doc: 'The same for tokens that carry a role and no scope; default: the same as of others.',
  },
  AUTH_KEYS_STALE_HOURS_MAX: {
    group: 'identity',
    schema: whole(1, 168),
    default: '6',
    doc: 'How long the last good keys of the issuer serve while it is down. Also how long a key that it withdraws meanwhile is believed.',
  },
  ...quarantineSettings,
  AUTH_ROLE_SCOPES: {
    group: 'identity',
    schema: text.refine(
      (given) => given.split(',').every((item) => rolePattern.test(item)),
      'the scopes are notify.send, notify.read and notify.admin',
    ),
    default: 'SystemService=notify.send notify.read',
    doc: 'Scopes of a role, `role=scope scope` separated by commas.',
  },
  M2M_TOKEN_URL: {
    group: 'identity',
    schema: url,
    doc: 'Token endpoint for our own calls (client credentials).',
  },
  M2M_CLIENT_ID: { group: 'identity', schema: text, doc: 'Our client id there.' },
  M2M_CLIENT_SECRET: { group: 'identity', schema: text, doc: 'Our secret there.', secret: true },
  M2M_SCOPE: { group: 'identity', schema: text, default: 'directory.read', doc: 'Scope that we ask for.' },
  M2M_AUDIENCE: { group: 'identity', schema: text, doc: 'Audience or resource that we ask for.' },
} as const satisfies Readonly<Record<string, Setting>>;
