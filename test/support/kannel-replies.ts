import type { HttpStep, ReceivedRequest } from './scripted-http.ts';

/** What Kannel 1.4.5 `sendsms` replies, to the letter. */
export const kannelReplies = {
  accepted: { status: 202, body: '0: Accepted for delivery' },
  queued: { status: 202, body: '3: Queued for later delivery' },
  notRoutable: { status: 403, body: 'Not routable. Do not try again.' },
  unauthorized: { status: 403, body: 'Authorization failed for sendsms' },
  missingReceiver: { status: 400, body: 'Missing receiver number, rejected' },
  deniedByList: { status: 403, body: 'Number(s) has/have been denied by white- and/or black-lists.' },
  temporalFailure: {
    status: 503,
    headers: { 'retry-after': '30' },
    body: 'Temporal failure, try again later.',
  },
} as const satisfies Readonly<Record<string, HttpStep>>;

/** A ping is a `sendsms` without a receiver. */
export function isKannelPing(request: ReceivedRequest): boolean {
  return !request.url.searchParams.has('to');
}
