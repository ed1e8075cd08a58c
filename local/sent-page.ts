import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { countSegments } from '../src/render/count-segments.ts';
import type { BoundedList } from './bounded-list.ts';
import type { Mail } from './inbox.ts';
import { listenOnLoopback } from './loopback.ts';
import { sendJson, sendProblem, sendText } from './respond.ts';
import { findRoot } from './root.ts';
import type { SmsMessage } from './sms-catcher.ts';

export interface SentPageOptions {
  /** 0 finds a free port. */
  readonly port: number;
  readonly mails: BoundedList<Mail>;
  readonly texts: BoundedList<SmsMessage>;
}

export interface SentPage {
  /** The page itself; its JSON is below `/api`. */
  readonly url: string;
  stop(): Promise<void>;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The number in the path, when the route has one. */
  readonly number: number;
}

interface Route {
  readonly method: 'GET' | 'DELETE';
  readonly path: RegExp;
  readonly handle: (exchange: Exchange) => Promise<void> | void;
}

/** The page loads nothing but itself; the mails it shows have the stricter rules below. */
const pagePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; img-src data:; base-uri 'none'; form-action 'none'";

/**
 * A mail is a stranger's HTML: no script, no form, no network, an origin of its own. Links open in a new tab.
 * The iframe has the same `sandbox`; this header also holds when the address is opened by itself.
 */
const mailPolicy =
  "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; form-action 'none'";

/** Starts the page that shows every mail and text that was caught, newest first, and its JSON, on loopback. */
export async function startSentPage(options: SentPageOptions): Promise<SentPage> {
  const routes = listRoutes(options);
  const server = createServer((request, response) => {
    handleRequest(routes, request, response).catch(() => response.destroy());
  });
  const listening = await listenOnLoopback(server, options.port);
  return { url: listening.url, stop: listening.stop };
}

function listRoutes({ mails, texts }: SentPageOptions): readonly Route[] {
  const findMail = (send: (mail: Mail, response: ServerResponse) => void) => (exchange: Exchange) => {
    const mail = mails.find(exchange.number);
    if (mail === undefined) return sendNotFound(exchange.response);
    send(mail, exchange.response);
  };
  return [
    {
      method: 'GET',
      path: /^\/$/,
      handle: ({ response }) => sendPage(response, 'index.html', 'text/html'),
    },
    {
      method: 'GET',
      path: /^\/page\.css$/,
      handle: ({ response }) => sendPage(response, 'page.css', 'text/css'),
    },
    {
      method: 'GET',
      path: /^\/page\.js$/,
      handle: ({ response }) => sendPage(response, 'page.js', 'text/javascript'),
    },
    {
      method: 'GET',
      path: /^\/api\/messages$/,
      handle: ({ response }) => sendJson(response, 200, { messages: mails.list().map(summarize) }),
    },
    { method: 'DELETE', path: /^\/api\/messages$/, handle: ({ response }) => clear(mails, response) },
    {
      method: 'GET',
      path: /^\/api\/messages\/(\d+)$/,
      handle: findMail((mail, response) => sendJson(response, 200, mail)),
    },
    { method: 'GET', path: /^\/api\/messages\/(\d+)\/html$/, handle: findMail(sendMailHtml) },
    {
      method: 'GET',
      path: /^\/api\/messages\/(\d+)\/source$/,
      handle: findMail((mail, response) =>
        sendText(response, 200, { type: 'text/plain; charset=utf-8', body: mail.source }),
      ),
    },
    {
      method: 'GET',
      path: /^\/api\/texts$/,
      handle: ({ response }) => sendJson(response, 200, { texts: texts.list().map(countText) }),
    },
    { method: 'DELETE', path: /^\/api\/texts$/, handle: ({ response }) => clear(texts, response) },
    {
      method: 'GET',
      path: /^\/api\/changes$/,
      handle: (exchange) => streamChanges(exchange, [mails, texts]),
    },
  ];
}

async function handleRequest(
  routes: readonly Route[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // A web site may point a name of its own at loopback (DNS rebinding) to read this page: only our own names are served.
  if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(request.headers.host ?? '')) {
    return sendProblem(response, 421, { code: 'wrong-host', title: 'Open this page as http://127.0.0.1' });
  }
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  const route = routes.find((candidate) => candidate.method === request.method && candidate.path.test(path));
  if (route === undefined) return sendNotFound(response);
  await route.handle({ request, response, number: Number(route.path.exec(path)?.[1] ?? 0) });
}

function sendNotFound(response: ServerResponse): void {
  sendProblem(response, 404, { code: 'not-found', title: 'There is nothing here' });
}

async function sendPage(response: ServerResponse, file: string, type: string): Promise<void> {
  response.setHeader('content-security-policy', pagePolicy);
  response.setHeader('referrer-policy', 'no-referrer');
  const body = await readFile(join(findRoot(), 'local', 'page', file), 'utf8');
  sendText(response, 200, { type: `${type}; charset=utf-8`, body });
}

function sendMailHtml(mail: Mail, response: ServerResponse): void {
  response.setHeader('content-security-policy', mailPolicy);
  response.setHeader('referrer-policy', 'no-referrer');
  const target = '<base target="_blank">';
  // Inside <head>, so that the doctype stays first and the mail is laid out as its reader would lay it out.
  const body = /<head[^>]*>/i.test(mail.html)
    ? mail.html.replace(/<head[^>]*>/i, (head) => head + target)
    : target + mail.html;
  sendText(response, 200, { type: 'text/html; charset=utf-8', body });
}

function summarize(mail: Mail): Omit<Mail, 'html' | 'text' | 'headers' | 'source'> & { preview: string } {
  const { html: _html, text, headers: _headers, source: _source, ...summary } = mail;
  return { ...summary, preview: text.replace(/\s+/g, ' ').slice(0, 140) };
}

function countText(text: SmsMessage): SmsMessage & { encoding: string; segments: number } {
  const { encoding, segments } = countSegments(text.body);
  return { ...text, encoding, segments };
}

function clear(list: BoundedList<Mail> | BoundedList<SmsMessage>, response: ServerResponse): void {
  list.clear();
  response.writeHead(204).end();
}

/** Server-sent events: one `change` now and after every change. The browser connects again by itself. */
function streamChanges(
  { request, response }: Exchange,
  lists: readonly (BoundedList<Mail> | BoundedList<SmsMessage>)[],
): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  const notify = (): void => void response.write('event: change\ndata: {}\n\n');
  const releases = lists.map((list) => list.onChange(notify));
  request.on('close', () => {
    for (const release of releases) release();
  });
  notify();
}
