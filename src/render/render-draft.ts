import type { Channel } from '../domain/message.ts';
import { parseTimeZone } from '../domain/time-zone.ts';
import { findForeignAttribute, findForeignLink, type LinkRule } from './check-link.ts';
import type { CompiledPart } from './compile-templates.ts';
import { countSegments, findNonGsmCharacters } from './count-segments.ts';
import { RenderCall } from './format-helpers.ts';
import { normaliseHtml, normaliseLine, normaliseSms, normaliseText } from './normalise-text.ts';
import { formatLocaleFor, pickLocale } from './pick-locale.ts';
import { type Draft, type EmailDraft, RenderError, type RenderRequest, type SmsDraft } from './rendered.ts';
import type { Brand, PartName, TemplateSource } from './template-source.ts';

export interface CompiledTemplate {
  readonly source: TemplateSource;
  /** By channel, then locale, then part. */
  readonly parts: Readonly<Record<Channel, ReadonlyMap<string, ReadonlyMap<PartName, CompiledPart>>>>;
}

/** What a draft depends on besides the request. */
export interface Surroundings {
  readonly brand: Brand;
  readonly rule: LinkRule;
  readonly nowMs: number;
}

/**
 * The draft of one message. Throws `RenderError` for whatever would make it wrong: a missing field, a value that
 * cannot be printed truthfully, a link to a foreign host, too many SMS segments.
 */
export function renderDraft(template: CompiledTemplate, request: RenderRequest, around: Surroundings): Draft {
  const { source } = template;
  if (!source.channels.includes(request.channel)) {
    throw new RenderError(
      `the template ${source.type} has no ${request.channel}; it has ${source.channels.join(', ')}`,
    );
  }
  const timeZone = parseTimeZone(request.timeZone);
  if (timeZone === undefined) throw new RenderError('the recipient has a time zone that is not known');
  const locales = template.parts[request.channel];
  const locale = pickLocale([...locales.keys()], request.locale, source.defaultLocale);
  const call = new RenderCall({
    locale: formatLocaleFor(locale, request.locale),
    timeZone,
    nowMs: around.nowMs,
    currency: around.brand.currency,
    links: around.rule,
  });
  const privateData = { brand: around.brand, recipient: copyPlain(request.recipient), locale, call };
  const data = copyPlain(request.data);
  const renderPart = (name: PartName) => {
    const part = locales.get(locale)?.get(name);
    if (part === undefined) throw new RenderError(`the template ${source.type} has no ${name} in ${locale}`);
    return part(data, privateData);
  };
  const draft = request.channel === 'email' ? toEmail(renderPart) : toSms(renderPart, source.smsSegmentsMax);
  assertLinks(draft, around.rule, request.data);
  return draft;
}

function toEmail(renderPart: (part: PartName) => string): EmailDraft {
  const subject = normaliseLine(renderPart('email.subject'));
  const html = normaliseHtml(renderPart('email.html'));
  const text = normaliseText(renderPart('email.text'));
  if (subject === '') throw new RenderError('the subject is empty');
  if (text.trim() === '') throw new RenderError('the text part is empty');
  return { channel: 'email', subject, html, text };
}

function toSms(renderPart: (part: PartName) => string, segmentsMax: number): SmsDraft {
  const body = normaliseSms(renderPart('sms'));
  const { encoding, segments } = countSegments(body);
  if (segments === 0) throw new RenderError('the text message is empty');
  if (segments > segmentsMax) {
    const odd = findNonGsmCharacters(body).join(' ');
    const why = odd === '' ? '' : ` (UCS-2 because of ${odd})`;
    throw new RenderError(
      `the text message takes ${segments} segments and at most ${segmentsMax} are allowed${why}`,
    );
  }
  return { channel: 'sms', body, encoding, segments };
}

/** The last look: no link, wherever it came from, leads to a host that is not allowed. */
function assertLinks(draft: Draft, rule: LinkRule, data: RenderRequest['data']): void {
  const texts = draft.channel === 'email' ? [draft.subject, draft.text, draft.html] : [draft.body];
  const foreign =
    texts.map((text) => findForeignLink(text, rule)).find((link) => link !== undefined) ??
    (draft.channel === 'email' ? findForeignAttribute(draft.html, rule) : undefined);
  if (foreign === undefined) return;
  const field = findField(data, foreign);
  throw new RenderError(
    `${field === undefined ? 'the template' : `"${field}"`} brings a link to a host that is not allowed`,
  );
}

/** Dotted name of the field whose text holds `link`, if one does. */
function findField(value: unknown, link: string, path = ''): string | undefined {
  if (typeof value === 'string') return value.includes(link) ? path : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, item] of Object.entries(value)) {
    const found = findField(item, link, path === '' ? key : `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A copy with own plain properties only: no getter, no class, no inherited name reaches a template. */
function copyPlain<T extends object>(data: T): T {
  return structuredClone(data);
}
