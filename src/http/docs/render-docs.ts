import { type ErrorCode, errorTable } from '../../domain/errors.ts';
import { quoteWord } from '../../domain/quote-word.ts';
import { listProblems } from '../openapi/describe-operation.ts';
import type { EventTypeDoc, JsonSchema } from '../openapi/event-schemas.ts';
import { problemAdvice } from '../problem-advice.ts';
import { exampleOf, type RouteRow } from '../route-row.ts';
import { escapeHtml, renderCode, renderPage, renderTable } from './html.ts';

export interface DocsOptions {
  readonly routes: readonly RouteRow[];
  readonly baseUrl: string;
  readonly eventTypes: readonly EventTypeDoc[];
  readonly directoryIdField: string;
}

/** The API on one page, from the same table and schemas as the OpenAPI document; complete without a script. */
export function renderDocs({ routes, baseUrl, eventTypes, directoryIdField }: DocsOptions): string {
  const shown = routes.filter((route) => route.isPage !== true);
  const examples = createExamples(baseUrl, eventTypes, directoryIdField);
  const body = `<div class="page">
${renderNavigation(shown, eventTypes)}
<main>
<h1>auto_com_center</h1>
<p class="lead">Post an event; the right person gets the right message, once. What was accepted is never lost, and it can always be stopped.</p>
${renderStart(examples)}
<h2 id="shapes">Three shapes, one meaning</h2>
<p>Flat, envelope or CloudEvents 1.0: use what your service already speaks. The same meaning is the same event.</p>
${examples.shapes.map(({ title, text }) => `<h3>${escapeHtml(title)}</h3>${renderCode(text)}`).join('\n')}
<h2 id="operations">Operations</h2>
${shown.map((route) => renderOperation(route, examples.curl(route))).join('\n')}
<h2 id="types">Event types</h2>
${eventTypes.map(renderType).join('\n') || '<p>This copy of the page knows no catalog.</p>'}
<h2 id="problems">Problems</h2>
<p>Every error is <code>application/problem+json</code> (RFC 9457). Decide by <code>code</code>; quote <code>request_id</code> when you ask us.</p>
${renderProblems()}
</main>
</div>`;
  return renderPage('auto_com_center · API', body);
}

function renderNavigation(routes: readonly RouteRow[], types: readonly EventTypeDoc[]): string {
  const operations = routes.map(
    (route) =>
      `<a href="#${route.operationId}"><span class="verb ${route.method.toLowerCase()}">${route.method}</span> ${escapeHtml(route.path)}</a>`,
  );
  const events = types.map(({ type }) => `<a href="#type-${escapeHtml(type)}">${escapeHtml(type)}</a>`);
  return `<nav aria-label="Contents">
<b>Start</b><a href="#start">First event</a><a href="#identity">Send once</a><a href="#shapes">Shapes</a>
<b>Operations</b>${operations.join('')}
<b>Event types</b>${events.join('')}
<b>More</b><a href="#problems">Problems</a><a href="/openapi.json">openapi.json</a>
</nav>`;
}

function renderStart(examples: ReturnType<typeof createExamples>): string {
  return `<h2 id="start">Your first event</h2>
<p>Every <code>/api</code> path needs a bearer token of the configured issuer. Posting needs the scope <code>notify.send</code>, reading <code>notify.read</code>.</p>
${renderCode(examples.first)}
<p><code>202</code> means <em>on disk</em>: the event survives a power cut at the moment you read this.</p>
${renderCode(examples.receipt)}
<h2 id="identity">Send once, retry freely</h2>
<p>An event is named by the <code>Idempotency-Key</code> header, else by <code>idempotency_key</code> in the body, else by <code>source</code> and <code>id</code> of an envelope or CloudEvent. Without any of them it is refused. Names are yours alone: another client’s key is another event.</p>
${renderTable(
  ['You send', 'You get'],
  [
    ['a new key', '<code>202</code>, <code>status: accepted</code>'],
    [
      'the same key, the same body',
      '<code>202</code>, the same <code>event_id</code>, <code>status: duplicate</code>, <code>Idempotency-Replayed: true</code>',
    ],
    ['the same key, another body', '<code>409</code> <code>idempotency-conflict</code>'],
    [
      'anything, and get 503 or no answer',
      'send the same request again after <code>Retry-After</code>; it can never become two messages',
    ],
  ],
)}`;
}

function renderOperation(route: RouteRow, curl: string): string {
  const good = Object.entries(route.responses).map(([status, response]) => [
    `<code>${status}</code>`,
    escapeHtml(response.description),
  ]);
  const bad = listProblems(route).map((status) => [`<code>${status}</code>`, linkProblems(status)]);
  const scope = route.scope === undefined ? 'no token needed' : route.scope;
  return `<section class="operation" id="${route.operationId}">
<header><span class="verb ${route.method.toLowerCase()}">${route.method}</span><code>${escapeHtml(route.path)}</code><span>${renderInline(route.summary)}</span></header>
<div>
<p><span class="scope">${escapeHtml(scope)}</span></p>
${route.description === undefined ? '' : `<p>${renderInline(route.description)}</p>`}
${renderCode(curl)}
${renderTable(['Status', 'Meaning'], [...good, ...bad])}
</div>
</section>`;
}

/** Escaped text in which `code` stands as code. */
function renderInline(text: string): string {
  return escapeHtml(text).replace(/`([^`]+)`/g, '<code>$1</code>');
}

function linkProblems(status: number): string {
  return Object.entries(errorTable)
    .filter(([, row]) => row.status === status)
    .map(([code]) => `<a href="/problems/${code}">${code}</a>`)
    .join(', ');
}

function renderType({ type, title, schema }: EventTypeDoc): string {
  const properties = readRecord(schema['properties']);
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  const rows = Object.entries(properties).map(([name, value]) => [
    `<code>${escapeHtml(name)}</code>`,
    escapeHtml(describeKind(readRecord(value))),
    required.includes(name) ? 'required' : 'optional',
    escapeHtml(readText(readRecord(value)['description'])),
  ]);
  return `<h3 id="type-${escapeHtml(type)}"><code>${escapeHtml(type)}</code> — ${escapeHtml(title)}</h3>
${renderTable(['Field', 'Kind', '', 'Meaning'], rows)}`;
}

function describeKind(schema: JsonSchema): string {
  const limits = ['minimum', 'maximum', 'maxLength', 'pattern']
    .filter((name) => schema[name] !== undefined)
    .map((name) => `${name} ${String(schema[name])}`);
  const kind =
    readText(schema['type']) || (Array.isArray(schema['enum']) ? schema['enum'].join(' | ') : 'any');
  return [kind, readText(schema['format']), ...limits].filter((part) => part !== '').join(', ');
}

function renderProblems(): string {
  const rows = (Object.keys(errorTable) as ErrorCode[]).map((code) => [
    `<a href="/problems/${code}"><code>${code}</code></a>`,
    String(errorTable[code].status),
    escapeHtml(problemAdvice[code]),
  ]);
  return renderTable(['Code', 'HTTP', 'What to do'], rows);
}

function readRecord(value: unknown): JsonSchema {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function readText(value: unknown): string {
  if (Array.isArray(value)) return value.join(' | ');
  return typeof value === 'string' ? value : '';
}

/** A type that needs no catalog to be shown. */
const fallback: EventTypeDoc = {
  type: 'welcome',
  title: 'Welcome',
  schema: {},
  sample: { firstName: 'Jo', ctaUrl: 'https://app.example.com/start' },
};

/** The examples of the page, all of one event, so that the shapes can be compared. */
function createExamples(baseUrl: string, eventTypes: readonly EventTypeDoc[], directoryIdField: string) {
  const { type, sample = {} } =
    eventTypes.find((row) => row.type === 'deadline_approaching') ?? eventTypes[0] ?? fallback;
  const isLookedUp = sample[directoryIdField] !== undefined;
  const recipient = isLookedUp ? {} : { recipient: { email: 'jo@example.com' } };
  const flat = toJson({ type, idempotency_key: 'evt-2026-11-20-0001', ...recipient, ...sample });
  return {
    first: [
      `curl -sS ${baseUrl}/api/events \\`,
      `  -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\`,
      `  -d ${quoteWord(flat)}`,
    ].join('\n'),
    receipt: toJson({
      event_id: exampleEventId,
      state: 'accepted',
      status: 'accepted',
      dry_run: true,
      request_id: 'b7c0…',
    }),
    shapes: [
      { title: 'Flat', text: flat },
      {
        title: 'Envelope',
        text: toJson({ id: '0001', source: 'deadline-service', type, ...recipient, data: sample }),
      },
      {
        title: 'CloudEvents 1.0, structured (application/cloudevents+json)',
        text: toJson({
          specversion: '1.0',
          id: '0001',
          source: 'deadline-service',
          type,
          ...(isLookedUp ? {} : { recipientemail: 'jo@example.com' }),
          data: sample,
        }),
      },
      {
        title: 'CloudEvents 1.0, binary',
        text: [
          'POST /api/events HTTP/1.1',
          'content-type: application/json',
          'ce-specversion: 1.0',
          'ce-id: 0001',
          'ce-source: deadline-service',
          `ce-type: ${type}`,
          '',
          toJson(sample),
        ].join('\n'),
      },
    ],
    curl: (route: RouteRow): string => writeCurl(baseUrl, route, flat),
  };
}

const exampleEventId = 'evt_00k3v9q1zr7m2c8d4x6w0b5n1t';

function writeCurl(baseUrl: string, route: RouteRow, flat: string): string {
  const isMessage = /\/(?:messages|held|unknown)\//.test(route.path);
  const id = isMessage ? exampleEventId.replace('evt', 'msg') : exampleEventId;
  const path = route.path.replace(':id', id).replace(':code', 'invalid-event-data');
  const parts = [
    `curl -sS ${route.method === 'GET' ? '' : `-X ${route.method} `}${baseUrl}${path}`,
    ...(route.group === 'api' ? [`-H "Authorization: Bearer $TOKEN"`] : []),
    ...(route.body === undefined
      ? []
      : [`-H 'Content-Type: application/json'`, `-d ${quoteWord(writeBody(route, flat))}`]),
  ];
  return parts.join(' \\\n  ');
}

function writeBody({ path, body }: RouteRow, flat: string): string {
  if (body?.schema !== undefined) return toJson(exampleOf(body.schema));
  return path.endsWith('/batch') ? `[${flat}]` : flat;
}

function toJson(value: unknown): string {
  return JSON.stringify(value, null, 2);
}
