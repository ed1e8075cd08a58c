import { isGsm7 } from '../../domain/gsm-7.ts';
import type { AttemptOutcome } from '../../domain/outcome.ts';
import { cleanReply } from '../clean-reply.ts';
import type { HealthFinding } from '../measure-health.ts';
import type { OutgoingSms, Provider } from '../provider.ts';
import type { HttpRequest } from './attempt-http.ts';
import { createHttpSmsProvider } from './attempt-sms.ts';
import type { HttpEndpoint } from './connect-http.ts';
import { type HttpReply, judgeStatus, slowDown } from './judge-status.ts';

/** `baseUrl` of the endpoint is the whole address of the `sendsms` service. */
export interface KannelProviderOptions extends HttpEndpoint {
  readonly name: string;
  readonly username: string;
  readonly password: string;
  /** Kannel's own name of the SMSC to route by. */
  readonly smsc?: string;
  /** Asks for delivery reports: a bit mask (1 delivered, 2 failed, 8 at the SMSC, 16 refused) and where to. */
  readonly deliveryReport?: { readonly mask: number; readonly url: string };
}

/**
 * SMS over Kannel's `sendsms` (or a gateway that speaks like it). The credentials travel in the query, so the URL
 * never appears in an outcome, an error or a log.
 * Source: Kannel 1.4.5 User's Guide, "Using the HTTP interface to send SMS messages".
 */
export function createKannelProvider(options: KannelProviderOptions): Provider<OutgoingSms> {
  return createHttpSmsProvider({
    name: options.name,
    endpoint: options,
    writeRequest: (message) => writeRequest(options, messageFields(message)),
    judgeAnswer: (result, message) => judgeKannelAnswer(result, message.id),
    // Without `to` Kannel checks the credentials first and then refuses: it answers, and nothing is sent.
    pingRequest: writeRequest(options, {}),
    judgePing,
  });
}

function messageFields(message: OutgoingSms): Record<string, string> {
  return {
    to: message.to,
    from: message.from,
    text: message.body,
    charset: 'UTF-8',
    coding: isGsm7(message.body) ? '0' : '2',
  };
}

function writeRequest(options: KannelProviderOptions, fields: Record<string, string>): HttpRequest {
  const url = new URL(options.baseUrl);
  const all = {
    username: options.username,
    password: options.password,
    ...(options.smsc === undefined ? {} : { smsc: options.smsc }),
    ...fields,
    ...(options.deliveryReport === undefined
      ? {}
      : { 'dlr-mask': String(options.deliveryReport.mask), 'dlr-url': options.deliveryReport.url }),
  };
  for (const [name, value] of Object.entries(all)) url.searchParams.set(name, value);
  return { method: 'GET', url, headers: { accept: 'text/plain' } };
}

/**
 * Judges an answer of `sendsms`. Kannel says 403 to a wrong password and to a number it has no route for; only the text
 * tells which of them it is. Its 503 is the bearerbox declining, so it is definite.
 */
export function judgeKannelAnswer(result: HttpReply, messageId: string): AttemptOutcome {
  const { status, body } = result;
  const detail = cleanReply(body === '' ? `HTTP ${status}` : body);
  if (status >= 200 && status < 300) {
    return /^[03]:/.test(body)
      ? { kind: 'accepted', providerRef: messageId, detail }
      : { kind: 'unknown', phase: 'answer', detail };
  }
  if (status === 503) return slowDown(result, 'http-503', detail);
  if (/^Not routable/i.test(body))
    return { kind: 'refused', code: 'not-routable', detail, recipientGone: false };
  if (deniedByList.test(body))
    return { kind: 'refused', code: 'denied-by-list', detail, recipientGone: false };
  return judgeStatus(result, `http-${status}`, detail);
}

const deniedByList = /denied by white- and\/or black-list/i;

function judgePing({ status, body }: HttpReply): HealthFinding {
  if (status === 400 || /^(?:Missing|Empty) receiver/i.test(body))
    return { status: 'ok', detail: 'gateway answers' };
  if (status === 401 || status === 403) return { status: 'unauthorized', detail: `HTTP ${status}` };
  return { status: 'error', detail: `HTTP ${status}` };
}
