import type { ErrorCode } from '../../domain/errors.ts';
import { errorTable } from '../../domain/errors.ts';
import { problemAdvice } from '../problem-advice.ts';
import { escapeHtml, renderPage } from './html.ts';

/** The page that a problem's `type` leads to. */
export function renderProblem(code: ErrorCode): string {
  const { title, status } = errorTable[code];
  const body = `<main class="problem">
<p><code>${escapeHtml(code)}</code> · HTTP ${status}</p>
<h1>${escapeHtml(title)}</h1>
<p class="lead">${escapeHtml(problemAdvice[code])}</p>
<p><a href="/docs#problems">All problems</a> · <a href="/docs">API documentation</a></p>
</main>`;
  return renderPage(`${title} · auto_com_center`, body);
}
