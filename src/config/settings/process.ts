import { z } from 'zod';
import { type Setting, text, url, whole } from './setting.ts';

/** What a process is and where it listens. */
export const processSettings = {
  ENVIRONMENT: {
    group: 'process',
    schema: z.enum(['local', 'staging', 'production']),
    default: 'local',
    doc: 'Which environment this is. Never guessed upward: while APP_BASE_URL or AUTH_ISSUER is of a local run, only `local` starts.',
  },
  APP_BASE_URL: {
    group: 'process',
    schema: url,
    doc: 'Public address of this service; default `http://127.0.0.1:PORT`.',
  },
  HOST: { group: 'process', schema: text, default: '127.0.0.1', doc: 'Address to listen on.' },
  PORT: { group: 'process', schema: whole(0, 65535), default: '8080', doc: 'Port of the API.' },
  METRICS_PORT: {
    group: 'process',
    schema: whole(0, 65535),
    doc: 'Port of `/metrics` and the health routes. Unset: the API serves `/metrics` itself, which production refuses.',
  },
  LOG_LEVEL: {
    group: 'process',
    schema: z.enum(['debug', 'info', 'warn', 'error']),
    default: 'info',
    doc: 'Lowest level that is logged.',
  },
  DRAIN_SECONDS: {
    group: 'process',
    schema: whole(1, 600),
    default: '35',
    doc: 'How long a stopping process may finish what it has begun. Longer than ATTEMPT_TIMEOUT_SECONDS, or a slow attempt that is cut short ends as unknown.',
  },
} as const satisfies Readonly<Record<string, Setting>>;
