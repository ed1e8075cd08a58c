import { z } from 'zod';
import type { AttemptOutcome } from '../../domain/outcome.ts';
import { cleanReply } from '../clean-reply.ts';
import type { HealthFinding } from '../measure-health.ts';
import type { OutgoingSms, Provider } from '../provider.ts';
import type { HttpReply, HttpRequest } from './attempt-http.ts';
import { createHttpSmsProvider } from './attempt-sms.ts';
import type { HttpEndpoint } from './connect-http.ts';
import { judgeStatus, slowDown } from './judge-status.ts';

export interface TwilioProviderOptions extends HttpEndpoint {
  readonly accountSid: string;
  readonly authToken: string;
}

/**
 * SMS over Twilio's REST API 2010-04-01, or one that is compatible with it. `Messages` has no idempotency key,
 * so a request without a response, or with a 5xx, is `unknown` and never repeated here.
 * Source: twilio.com/docs/messaging/api/message-resource.
 */
export function createTwilioProvider(options: TwilioProviderOptions): Provider<OutgoingSms> {
  const account = `2010-04-01/Accounts/${encodeURIComponent(options.accountSid)}`;
  const credentials = Buffer.from(`${options.accountSid}:${options.authToken}`, 'utf8').toString('base64');
  const headers = { authorization: `Basic ${credentials}`, accept: 'application/json' };
  const messagesUrl = new URL(`${account}/Messages.json`, asFolder(options.baseUrl));
  return createHttpSmsProvider({
    endpoint: options,
    writeRequest: (message) => writeMessage(messagesUrl, headers, message),
    judgeReply: judgeTwilioReply,
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
const errorBody = z.object({ code: z.number().optional(), message: z.string().optional() });

/**
 * Judges a response of `POST Messages.json` by its status and its error code. An unreadable body never makes a definite
 * response ambiguous. `messageId` replaces a sid that cannot be read.
 */
export function judgeTwilioReply(result: HttpReply, messageId: string): AttemptOutcome {
  const { status } = result;
  if (status === 200 || status === 201) return judgeCreated(result, messageId);
  const { code, message } = parseJson(errorBody, result.body) ?? {};
  return judgeCode(result, code, cleanReply(message ?? `HTTP ${status}`));
}

/** By what the error code concerns; by the status where it is not on the list. */
function judgeCode(result: HttpReply, code: number | undefined, detail: string): AttemptOutcome {
  const name = code === undefined ? `http-${result.status}` : String(code);
  const concern = code === undefined ? undefined : concerns.get(code);
  switch (concern) {
    case 'account':
      return { kind: 'account-fault', code: result.status === 401 ? 'unauthorized' : name, detail };
    case 'provider':
      return slowDown(result, name, detail);
    case 'recipient-gone':
    case 'recipient':
    case 'message':
      return { kind: 'refused', code: name, detail, recipientGone: concern === 'recipient-gone' };
    case undefined:
      return judgeStatus(result, name, detail);
    default:
      return concern satisfies never;
  }
}

function judgeCreated(result: HttpReply, messageId: string): AttemptOutcome {
  const message = parseJson(created, result.body);
  if (message !== undefined) {
    const { sid, status = 'created', error_code: code } = message;
    if (!['failed', 'undelivered', 'canceled'].includes(status))
      return { kind: 'accepted', providerRef: sid, detail: status };
    // Created and failed at once: nothing was sent.
    const detail = cleanReply(message.error_message ?? `created as ${status}`);
    return judgeCode({ ...result, status: 400 }, code ?? undefined, detail);
  }
  // Only what created a message returns 201; a 200 without a sid may come from any proxy on the way.
  return result.status === 201
    ? { kind: 'accepted', providerRef: messageId, detail: 'created, but the answer cannot be read' }
    : { kind: 'unknown', phase: 'answer', detail: 'HTTP 200 without a message' };
}

function judgePing({ status }: HttpReply): HealthFinding {
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

/** What an error code of Twilio concerns (twilio.com/docs/api/errors). Those that are not here are judged by the status. */
type TwilioConcern = 'recipient-gone' | 'recipient' | 'message' | 'account' | 'provider';

const codes: Readonly<Record<TwilioConcern, readonly number[]>> = {
  // No number, not a mobile one, not in service.
  'recipient-gone': [21211, 21217, 21401, 21407, 21614, 30005, 30006],
  // A country or a number that our account may not write to, opted out, out of reach, switched off, blocked by the carrier.
  recipient: [21408, 21608, 21610, 21612, 30003, 30004, 63024],
  // No body, too long, filtered for what it says.
  message: [21602, 21605, 21617, 21619, 21623, 30007, 30019],
  // Login, suspension, money, a sender that is not ours or not registered, a daily limit.
  account: [
    20003, 20004, 20005, 20006, 20008, 20403, 20404, 21212, 21603, 21604, 21606, 21607, 21618, 21654, 21659,
    21660, 21661, 21701, 21703, 21704, 21705, 30002, 30010, 30022, 30023, 30024, 30027, 30032, 30034, 30035,
    63007, 63018, 63038, 90010,
  ],
  // A queue is full, too many requests.
  provider: [14107, 20429, 21611, 30001],
};

const concerns: ReadonlyMap<number, TwilioConcern> = new Map(
  (Object.keys(codes) as TwilioConcern[]).flatMap((concern) =>
    codes[concern].map((code) => [code, concern] as const),
  ),
);
