import { createHash } from 'node:crypto';
import { type ErrorCode, errorTable } from '../domain/errors.ts';
import { icon, style } from './docs/assets.ts';
import { escapeHtml, renderPage } from './docs/html.ts';
import { renderDocs } from './docs/render-docs.ts';
import { buildOpenApi } from './openapi/build-document.ts';
import type { EventTypeDoc, JsonSchema } from './openapi/event-schemas.ts';
import { isErrorCode } from './problem.ts';
import { problemAdvice } from './problem-advice.ts';
import { type Reply, replyJson } from './route.ts';
import type { RouteRow } from './route-row.ts';

export type DocumentName = 'openapi' | 'docs' | 'style' | 'icon' | 'index';

/** The service's own papers, the same for everybody. */
export interface Documents {
  /** Each carries a validator (`ETag`), so that who has it already need not take it again. */
  read(name: DocumentName): Reply;
  /** The page of a problem's code; `undefined` when there is no such code. */
  readProblem(code: string): Reply | undefined;
}

export interface DocumentsOptions {
  readonly routes: readonly RouteRow[];
  readonly baseUrl: string;
  readonly eventTypes: readonly EventTypeDoc[];
  /** The field of the data that names a person of the directory. */
  readonly directoryIdField: string;
}

/** Documents are made at their first reading and kept: they cost nothing at start and nothing later. */
export function createDocuments(options: DocumentsOptions): Documents {
  const { baseUrl } = options;
  const kept = new Map<DocumentName, Reply>();
  const openApi = (): JsonSchema => buildOpenApi({ ...options, serverUrl: baseUrl });
  const makers: Readonly<Record<DocumentName, () => Reply>> = {
    openapi: () => replyJson(200, openApi(), cacheable),
    docs: () => replyText('text/html', renderDocs(options)),
    style: () => replyText('text/css', style),
    icon: () => replyText('image/svg+xml', icon),
    index: () => replyJson(200, describeIndex(baseUrl), cacheable),
  };
  return {
    read(name) {
      const reply = kept.get(name) ?? addValidator(makers[name]());
      kept.set(name, reply);
      return reply;
    },
    readProblem: (code) =>
      isErrorCode(code) ? addValidator(replyText('text/html', renderProblem(code))) : undefined,
  };
}

const cacheable = { 'Cache-Control': 'no-cache' } as const;

function replyText(mediaType: string, text: string): Reply {
  return { status: 200, mediaType: `${mediaType}; charset=utf-8`, text, headers: cacheable };
}

/** The same text has the same validator in every process and after every start. */
function addValidator(reply: Reply): Reply {
  const digest = createHash('sha256').update(reply.text).digest('base64url').slice(0, 22);
  return { ...reply, headers: { ...reply.headers, ETag: `"${digest}"` } };
}

function describeIndex(baseUrl: string): JsonSchema {
  return {
    app: 'auto_com_center',
    docs: `${baseUrl}/docs`,
    openapi: `${baseUrl}/openapi.json`,
    canary: `${baseUrl}/canary`,
    health: `${baseUrl}/health`,
  };
}

/** The page that a problem's `type` leads to. */
function renderProblem(code: ErrorCode): string {
  const { title, status } = errorTable[code];
  const body = `<main class="problem">
<p><code>${escapeHtml(code)}</code> · HTTP ${status}</p>
<h1>${escapeHtml(title)}</h1>
<p class="lead">${escapeHtml(problemAdvice[code])}</p>
<p><a href="/docs#problems">All problems</a> · <a href="/docs">API documentation</a></p>
</main>`;
  return renderPage(`${title} · auto_com_center`, body);
}
