import { z } from 'zod';
import type { AttemptOutcome } from '../../domain/outcome.ts';
import { cleanReply } from '../clean-reply.ts';
import type { HealthFinding } from '../measure-health.ts';
import type { OutgoingSms, Provider } from '../provider.ts';
import type { HttpRequest } from './attempt-http.ts';
import { createHttpSmsProvider } from './attempt-sms.ts';
import type { HttpEndpoint } from './connect-http.ts';
import { type HttpAnswer, judgeStatus, slowDown } from './judge-status.ts';
import { findTwilioConcern } from './twilio-codes.ts';

export interface TwilioProviderOptions extends HttpEndpoint {
  readonly name: string;
  readonly accountSid: string;
  readonly authToken: string;
}

/**
 * SMS over Twilio's REST API 2010-04-01, or one that is compatible with it. `Messages` has no idempotency key,
 * so a request without an answer, or answered by a 5xx, is `unknown` and never repeated here.
 * Source: twilio.com/docs/messaging/api/message-resource.
 */
export function createTwilioProvider(options: TwilioProviderOptions): Provider<OutgoingSms> {
  const account = `2010-04-01/Accounts/${encodeURIComponent(options.accountSid)}`;
  const credentials = Buffer.from(`${options.accountSid}:${options.authToken}`, 'utf8').toString('base64');
  const headers = { authorization: `Basic ${credentials}`, accept: 'application/json' };
  const messagesUrl = new URL(`${account}/Messages.json`, asFolder(options.baseUrl));
  return createHttpSmsProvider({
    name: options.name,
    endpoint: options,
    writeRequest: (message) => writeMessage(messagesUrl, headers, message),
    judgeAnswer: (answer, message) => judgeTwilioAnswer(answer, message.id),
    pingRequest: { method: 'GET', url: new URL(`${account}.json`, asFolder(options.baseUrl)), headers },
    judgePing,
  });
}

function writeMessage(url: URL, headers: Record<string, string>, message: OutgoingSms): HttpRequest {
  const body = new URLSearchParams({ To: message.to, From: message.from, Body: message.body }).toString();
  return {
    method: 'POST',
    url,
    headers: {
      ...headers,
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': String(Buffer.byteLength(body)),
    },
    body,
  };
}

const created = z.object({
  sid: z.string().regex(/^\w{2,64}$/),
  status: z.string().optional(),
  error_code: z.number().nullish(),
  error_message: z.string().nullish(),
});
const fault = z.object({ code: z.number().optional(), message: z.string().optional() });

/**
 * Judges an answer of `POST Messages.json` by its status and its error code. An unreadable body never turns a definite
 * answer into a doubt. `messageId` stands in for a sid that cannot be read.
 */
export function judgeTwilioAnswer(answer: HttpAnswer, messageId: string): AttemptOutcome {
  const { status } = answer;
  if (status === 200 || status === 201) return judgeCreated(answer, messageId);
  const { code, message } = parseJson(fault, answer.body) ?? {};
  return judgeCode(answer, code, cleanReply(message ?? `HTTP ${status}`));
}

/** By the error code, whose list says whom it means; the status where it is not on the list. */
function judgeCode(answer: HttpAnswer, code: number | undefined, detail: string): AttemptOutcome {
  const name = code === undefined ? `http-${answer.status}` : String(code);
  const concern = code === undefined ? undefined : findTwilioConcern(code);
  switch (concern) {
    case 'account':
      return { kind: 'account-fault', code: answer.status === 401 ? 'unauthorized' : name, detail };
    case 'provider':
      return slowDown(answer, name, detail);
    case 'recipient-gone':
    case 'recipient':
    case 'message':
      return { kind: 'refused', code: name, detail, recipientGone: concern === 'recipient-gone' };
    case undefined:
      return judgeStatus(answer, name, detail);
    default:
      return concern satisfies never;
  }
}

function judgeCreated(answer: HttpAnswer, messageId: string): AttemptOutcome {
  const message = parseJson(created, answer.body);
  if (message !== undefined) {
    const { sid, status = 'created', error_code: code } = message;
    if (!['failed', 'undelivered', 'canceled'].includes(status))
      return { kind: 'accepted', providerRef: sid, detail: status };
    // Made and given up in the same breath: nothing was sent.
    const detail = cleanReply(message.error_message ?? `created as ${status}`);
    return judgeCode({ ...answer, status: 400 }, code ?? undefined, detail);
  }
  // 201 is said only by something that created; a 200 without a sid may be anything on the way.
  return answer.status === 201
    ? { kind: 'accepted', providerRef: messageId, detail: 'created, but the answer cannot be read' }
    : { kind: 'unknown', phase: 'answer', detail: 'HTTP 200 without a message' };
}

function judgePing({ status }: HttpAnswer): HealthFinding {
  if (status === 200) return { status: 'ok', detail: 'account found' };
  if (status === 401 || status === 403) return { status: 'unauthorized', detail: `HTTP ${status}` };
  return { status: 'error', detail: `HTTP ${status}` };
}

function parseJson<T>(schema: z.ZodType<T>, text: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** So that a path in front of the API's own is kept. */
function asFolder(url: URL): URL {
  return new URL(url.pathname.endsWith('/') ? url.pathname : `${url.pathname}/`, url);
}
