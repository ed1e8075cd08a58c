import type { Channel } from '../domain/channel.ts';
import { parseTimeZone } from '../domain/time-zone.ts';
import { type DataError, findDataErrors } from './check-data.ts';
import { findForeignLink, findForeignLinkInHtml, type LinkRule } from './check-link.ts';
import { sanitizeName } from './check-text.ts';
import type { CompiledPart, PrivateData } from './compile-templates.ts';
import { type Data, fitSms, type SmsRule } from './fit-sms.ts';
import type { RenderCall } from './format-helpers.ts';
import { normaliseHtml, normaliseLine, normaliseSms, normaliseText } from './normalise-text.ts';
import { directionOf, formatLocaleFor, pickLocale } from './pick-locale.ts';
import { type Draft, RenderError, type RenderRequest } from './rendered.ts';
import { sanitizeData } from './sanitize-data.ts';
import { type Brand, channelOfPart, type PartName, type TemplateSource } from './template-source.ts';
import type { FieldUse } from './template-value.ts';

export interface CompiledTemplate {
  readonly source: TemplateSource;
  /** By channel, then locale, then part. */
  readonly parts: Readonly<Record<Channel, ReadonlyMap<string, ReadonlyMap<PartName, CompiledPart>>>>;
  /** What the parts of a channel print of the data, in any locale. */
  readonly uses: Readonly<Record<Channel, readonly FieldUse[]>>;
}

/** What a draft depends on besides the request. */
export interface RenderContext {
  readonly brand: Brand;
  readonly rule: LinkRule;
  readonly nowMs: number;
}

/**
 * The draft of one message. Throws `RenderError` for whatever would make it wrong: a missing field, a value that cannot
 * be printed truthfully, a link to a foreign host, too many SMS segments. Its message holds no data: it is stored and shown.
 * The API rejects such data, so this happens to what was accepted under other templates or rules.
 */
export function renderDraft(
  template: CompiledTemplate,
  request: RenderRequest,
  context: RenderContext,
): Draft {
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
  const call = {
    locale: formatLocaleFor(locale, request.locale),
    timeZone,
    nowMs: context.nowMs,
    currency: context.brand.currency,
    links: context.rule,
  };
  const data = sanitizeData(request.data);
  const [error] = findDataErrors(request.data, template.uses[request.channel], call);
  if (error !== undefined) throw toRenderError(error);
  const name = sanitizeName(request.recipient.name, context.rule);
  const privateData = toPrivateData({ locale, name, brand: context.brand, call });
  const draft = makeDraft[request.channel]({
    print: (part, some) => findPart(template, part, locale).print(some, privateData),
    data,
    recipient: privateData.recipient,
    rule: source.sms,
  });
  assertLinks(draft, context.rule);
  return draft;
}

function toRenderError({ pointer, detail, as }: DataError): RenderError {
  const why = as === 'url' ? 'is not an https link to an allowed host' : detail;
  return new RenderError(`"${pointer.slice(1).replaceAll('/', '.')}" ${why}`);
}

/** What templates see besides the data. */
export function toPrivateData(of: {
  readonly locale: string;
  readonly name: string | undefined;
  readonly brand: Brand;
  readonly call: RenderCall;
}): PrivateData {
  const { locale, name, brand, call } = of;
  const direction = directionOf(locale);
  const [start, end] = direction === 'ltr' ? (['left', 'right'] as const) : (['right', 'left'] as const);
  return { brand, recipient: name === undefined ? {} : { name }, locale, direction, start, end, call };
}

export function findPart({ source, parts }: CompiledTemplate, name: PartName, locale: string): CompiledPart {
  const part = parts[channelOfPart[name]].get(locale)?.get(name);
  if (part === undefined) throw new RenderError(`the template ${source.type} has no ${name} in ${locale}`);
  return part;
}

interface DraftInput {
  readonly print: (part: PartName, data: Data) => string;
  readonly data: Data;
  readonly recipient: PrivateData['recipient'];
  readonly rule: SmsRule;
}

const makeDraft: { readonly [C in Channel]: (input: DraftInput) => Draft<C> } = {
  email: ({ print, data, recipient }) => {
    const subject = normaliseLine(print('email.subject', data));
    const html = normaliseHtml(print('email.html', data));
    const text = normaliseText(print('email.text', data));
    if (subject === '') throw new RenderError('the subject is empty');
    if (text.trim() === '') throw new RenderError('the text part is empty');
    return { channel: 'email', ...recipient, subject, html, text };
  },
  sms: ({ print, data, rule }) => {
    const { body, encoding, segments, fits } = fitSms((some) => normaliseSms(print('sms', some)), data, rule);
    if (segments === 0) throw new RenderError('the text message is empty');
    if (!fits) throw new RenderError(describeExcess(segments, rule, encoding));
    return { channel: 'sms', body, encoding, segments };
  },
};

/** Without the letters: they are data. */
export function describeExcess(segments: number, rule: SmsRule, encoding: string): string {
  const why = encoding === 'UCS-2' ? ' (UCS-2 because of letters outside GSM-7)' : '';
  return `the text message takes ${segments} segments and at most ${rule.segmentsMax} are allowed${why}`;
}

/** The last look: no link, wherever it came from, leads to a host that is not allowed. */
function assertLinks(draft: Draft, rule: LinkRule): void {
  if (findForeign(draft, rule) !== undefined)
    throw new RenderError('the template brings a link to a host that is not allowed');
}

function findForeign(draft: Draft, rule: LinkRule): string | undefined {
  switch (draft.channel) {
    case 'email':
      return (
        findForeignLink(`${draft.subject}\n${draft.text}`, rule) ?? findForeignLinkInHtml(draft.html, rule)
      );
    case 'sms':
      return findForeignLink(draft.body, rule);
    default:
      return draft satisfies never;
  }
}
