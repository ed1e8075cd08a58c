import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { countSegments } from '../src/render/count-segments.ts';
import { type BoundedList, createBoundedList } from './bounded-list.ts';
import { listenOnLoopback } from './loopback.ts';
import { readRequestBody, sendJson } from './respond.ts';

/** One text message that the catcher took. */
export interface SmsMessage {
  readonly number: number;
  readonly receivedAt: string;
  readonly sid: string;
  readonly to: string;
  readonly from: string;
  readonly body: string;
  readonly statusCallback?: string;
}

export interface SmsCatcherOptions {
  /** 0 finds a free port. */
  readonly port: number;
  readonly accountSid: string;
  readonly authToken: string;
  /** Where they are kept: one of its own with room for 500 by default. */
  readonly texts?: BoundedList<SmsMessage>;
}

export interface SmsCatcher {
  /** The base that takes the place of `https://api.twilio.com`. */
  readonly url: string;
  readonly texts: BoundedList<SmsMessage>;
  stop(): Promise<void>;
}

interface TwilioError {
  readonly status: number;
  readonly code: number;
  readonly message: string;
}

const wrongCredentials: TwilioError = { status: 401, code: 20003, message: 'Authenticate' };

/**
 * Starts a stand-in for Twilio's REST API (version 2010-04-01) on loopback: it accepts messages, responds as Twilio does,
 * and sends nothing. Shapes and codes follow Twilio's message resource and error dictionary; its magic number
 * +15005550001 is refused as Twilio refuses it.
 */
export async function startSmsCatcher(options: SmsCatcherOptions): Promise<SmsCatcher> {
  const texts = options.texts ?? createBoundedList<SmsMessage>(500);
  const accountPath = `/2010-04-01/Accounts/${options.accountSid}`;
  const routes: Readonly<
    Record<string, (request: IncomingMessage, response: ServerResponse) => Promise<void> | void>
  > = {
    [`GET ${accountPath}.json`]: (_request, response) =>
      sendJson(response, 200, {
        sid: options.accountSid,
        friendly_name: 'local',
        status: 'active',
        type: 'Full',
      }),
    [`POST ${accountPath}/Messages.json`]: async (request, response) =>
      takeText(new URLSearchParams(await readRequestBody(request)), response, {
        texts,
        accountPath,
        ...options,
      }),
  };
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://catcher').pathname;
    const route = routes[`${request.method} ${path}`];
    if (!isAuthorized(request, options)) return sendError(response, wrongCredentials);
    if (route === undefined) {
      return sendError(response, {
        status: 404,
        code: 20404,
        message: `The requested resource ${path} was not found`,
      });
    }
    Promise.resolve(route(request, response)).catch(() => response.destroy());
  });
  const listening = await listenOnLoopback(server, options.port);
  return { url: listening.url, texts, stop: listening.stop };
}

function takeText(
  form: URLSearchParams,
  response: ServerResponse,
  account: { texts: BoundedList<SmsMessage>; accountPath: string; accountSid: string },
): void {
  const error = findError(form);
  if (error !== undefined) return sendError(response, error);
  const statusCallback = form.get('StatusCallback');
  const text = account.texts.add({
    receivedAt: new Date().toISOString(),
    sid: `SM${randomBytes(16).toString('hex')}`,
    to: form.get('To') ?? '',
    from: form.get('From') ?? form.get('MessagingServiceSid') ?? '',
    body: form.get('Body') ?? '',
    ...(statusCallback === null ? {} : { statusCallback }),
  });
  sendJson(response, 201, describeText(text, account));
}

function findError(form: URLSearchParams): TwilioError | undefined {
  const to = form.get('To') ?? '';
  const body = form.get('Body') ?? '';
  if (to === '') return refuse(21604, "A 'To' phone number is required.");
  if (!form.has('From') && !form.has('MessagingServiceSid'))
    return refuse(21603, "A 'From' phone number is required.");
  if (body === '') return refuse(21602, 'Message body is required.');
  if (body.length > 1600)
    return refuse(21617, 'The concatenated message body exceeds the 1600 character limit.');
  if (!/^\+[1-9]\d{6,14}$/.test(to) || to === '+15005550001')
    return refuse(21211, `Invalid 'To' Phone Number: ${to}`);
  return undefined;
}

function refuse(code: number, message: string): TwilioError {
  return { status: 400, code, message };
}

function describeText(
  text: SmsMessage,
  account: { accountPath: string; accountSid: string },
): Readonly<Record<string, unknown>> {
  const uri = `${account.accountPath}/Messages/${text.sid}`;
  const date = new Date(text.receivedAt).toUTCString().replace('GMT', '+0000');
  const isService = text.from.startsWith('MG');
  return {
    account_sid: account.accountSid,
    api_version: '2010-04-01',
    body: text.body,
    date_created: date,
    date_sent: null,
    date_updated: date,
    direction: 'outbound-api',
    error_code: null,
    error_message: null,
    from: isService ? null : text.from,
    messaging_service_sid: isService ? text.from : null,
    num_media: '0',
    num_segments: String(countSegments(text.body).segments),
    price: null,
    price_unit: 'USD',
    sid: text.sid,
    status: 'queued',
    subresource_uris: { media: `${uri}/Media.json` },
    to: text.to,
    uri: `${uri}.json`,
  };
}

function sendError(response: ServerResponse, error: TwilioError): void {
  const { code, message, status } = error;
  if (status === 401) response.setHeader('www-authenticate', 'Basic realm="Twilio API"');
  sendJson(response, status, {
    code,
    message,
    more_info: `https://www.twilio.com/docs/errors/${code}`,
    status,
  });
}

function isAuthorized(request: IncomingMessage, options: SmsCatcherOptions): boolean {
  const expected = Buffer.from(`${options.accountSid}:${options.authToken}`).toString('base64');
  return timingSafeEqual(digest(request.headers.authorization ?? ''), digest(`Basic ${expected}`));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
