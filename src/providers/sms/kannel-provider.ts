import { isGsm7 } from '../../domain/gsm-7.ts';
import type { AttemptOutcome } from '../../domain/outcome.ts';
import { cleanReply } from '../clean-reply.ts';
import type { HealthFinding } from '../measure-health.ts';
import type { OutgoingSms, Provider } from '../provider.ts';
import type { HttpReply, HttpRequest } from './attempt-http.ts';
import { createHttpSmsProvider } from './attempt-sms.ts';
import type { HttpEndpoint } from './connect-http.ts';
import { judgeStatus, slowDown } from './judge-status.ts';

/** `baseUrl` of the endpoint is the whole address of the `sendsms` service. */
export interface KannelProviderOptions extends HttpEndpoint {
  readonly username: string;
  readonly password: string;
}

/**
 * SMS over Kannel's `sendsms` (or a gateway that speaks like it). The credentials travel in the query, so the URL
 * never appears in an outcome, an error or a log.
 * Source: Kannel 1.4.5 User's Guide, "Using the HTTP interface to send SMS messages".
 */
export function createKannelProvider(options: KannelProviderOptions): Provider<OutgoingSms> {
  return createHttpSmsProvider({
    endpoint: options,
    writeRequest: ({ to, from, body: text }) =>
      writeRequest(options, { to, from, text, charset: 'UTF-8', coding: isGsm7(text) ? '0' : '2' }),
    judgeReply: judgeKannelReply,
    // Without `to` Kannel checks the credentials first and then refuses: it responds, and nothing is sent.
    pingRequest: writeRequest(options, {}),
    judgePing,
  });
}

function writeRequest(options: KannelProviderOptions, fields: Record<string, string>): HttpRequest {
  const url = new URL(options.baseUrl);
  const all = { username: options.username, password: options.password, ...fields };
  for (const [name, value] of Object.entries(all)) url.searchParams.set(name, value);
  return { method: 'GET', url, headers: { accept: 'text/plain' } };
}

/**
 * Judges a response of `sendsms`. Kannel says 403 to a wrong password and to a number it has no route for; only the text
 * shows which of them it is. Its 503 is the bearerbox declining, so it is definite.
 */
export function judgeKannelReply(result: HttpReply, messageId: string): AttemptOutcome {
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
