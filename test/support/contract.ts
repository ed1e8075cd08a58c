import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The six headers of every response (CAN-2), repeated here on purpose, independent of the program. */
export const sixHeaders: Readonly<Record<string, string>> = {
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'content-security-policy': "default-src 'self'; frame-ancestors 'none'",
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'strict-origin-when-cross-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=()',
};

/** One response, read whole. */
export interface Seen {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** What is wrong with a response whatever the request was: one of the six headers, or an error that is no problem document. */
export function findBreaches(seen: Seen): string[] {
  const breaches = Object.entries(sixHeaders)
    .filter(([name, value]) => seen.headers.get(name) !== value)
    .map(([name]) => `${name} is ${seen.headers.get(name)}`);
  if ((seen.headers.get('x-request-id') ?? '') === '') breaches.push('no x-request-id');
  return seen.status < 400 ? breaches : [...breaches, ...findProblemBreaches(seen)];
}

function findProblemBreaches({ status, headers, text }: Seen): string[] {
  const mediaType = headers.get('content-type') ?? '';
  if (!mediaType.startsWith('application/problem+json')) return [`the fault is ${mediaType}`];
  const problem = JSON.parse(text) as Record<string, unknown>;
  const mayRetry = status === 503 || status === 429;
  const checks: readonly (readonly [boolean, string])[] = [
    ...['type', 'title', 'detail', 'code', 'request_id'].map(
      (name) => [typeof problem[name] === 'string' && problem[name] !== '', `${name} is missing`] as const,
    ),
    [problem['status'] === status, `status ${String(problem['status'])} in the body`],
    [!/\n\s+at |node_modules|\.ts:\d/.test(text), 'a stack trace'],
    [!mayRetry || /^[1-9]\d*$/.test(headers.get('retry-after') ?? ''), 'no Retry-After'],
  ];
  return checks.filter(([holds]) => !holds).map(([, breach]) => breach);
}

/** Everything that the processes of a service have printed so far. */
export function readLogs(dir: string): string {
  return readdirSync(dir)
    .filter((name) => name.endsWith('.log'))
    .map((name) => readFileSync(join(dir, name), 'utf8'))
    .join('\n');
}
