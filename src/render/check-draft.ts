import { type Channel, channelTable } from '../domain/channel.ts';
import type { FieldError } from '../domain/errors.ts';
import type { IncomingEvent } from '../domain/event.ts';
import { findDataErrors } from './check-data.ts';
import { findTextError, sanitizeName } from './check-text.ts';
import { findNonGsmCharacters } from './count-segments.ts';
import { canFit, type FittedSms } from './fit-sms.ts';
import type { RenderCall } from './format-helpers.ts';
import { normaliseSms, sanitizeText } from './normalise-text.ts';
import { pickLocale } from './pick-locale.ts';
import {
  type CompiledTemplate,
  describeExcess,
  findPart,
  type RenderContext,
  toPrivateData,
} from './render-draft.ts';
import { sanitizeData } from './sanitize-data.ts';
import { joinUses, toKey } from './template-value.ts';

/** What would keep the drafts of an event from being rendered. */
export interface DraftErrors {
  /** By JSON pointer relative to the data. */
  readonly data: readonly FieldError[];
  /** What is wrong with the name of the recipient that the event brings. */
  readonly recipientName?: string;
}

/**
 * Every error that rendering this event would have, on the channels that it goes out on, whoever reads it and whenever:
 * the door has no other word from the renderer. The data has passed its schema. Costs a look at each printed field, and
 * for a text message its rendering in each language that it may go out in.
 */
export function findDraftErrors(
  template: CompiledTemplate,
  event: IncomingEvent,
  context: RenderContext,
): DraftErrors {
  const channels = listChannels(template, event);
  const [only, ...others] = channels.map((channel) => template.uses[channel]);
  const uses = others.length === 0 ? (only ?? []) : joinUses([only ?? [], ...others].flat());
  const call = toCall(template.source.defaultLocale, context);
  const data = findDataErrors(event.data, uses, call);
  const name = event.recipient?.name;
  const nameError = name === undefined ? undefined : findTextError(sanitizeText(name), context.rule, 'prose');
  if (nameError !== undefined) return { data, recipientName: nameError };
  if (data.length > 0) return { data };
  return { data: channels.flatMap((channel) => findChannelErrors[channel](template, event, context)) };
}

/** The channels that a message may be made for: asked for, offered, and with an address as far as it is known here. */
function listChannels(
  { source }: CompiledTemplate,
  { channels, recipient }: IncomingEvent,
): readonly Channel[] {
  return source.channels.filter(
    (channel) =>
      (channels?.includes(channel) ?? true) &&
      (recipient === undefined || recipient[channelTable[channel].addressField] !== undefined),
  );
}

/** What a channel cannot carry of data that is good. */
const findChannelErrors: Readonly<
  Record<
    Channel,
    (template: CompiledTemplate, event: IncomingEvent, context: RenderContext) => readonly FieldError[]
  >
> = { email: () => [], sms: findExcess };

function toCall(locale: string, { brand, rule, nowMs }: RenderContext, isWidest = false): RenderCall {
  return { locale, timeZone: 'UTC', nowMs, currency: brand.currency, links: rule, isWidest };
}

/** The text message is too long, whatever its template may shorten, in a language that it may go out in. */
function findExcess(
  template: CompiledTemplate,
  event: IncomingEvent,
  context: RenderContext,
): readonly FieldError[] {
  const { source, uses } = template;
  const { brand, rule } = context;
  const { recipient } = event;
  const available = [...template.parts.sms.keys()];
  const wanted = recipient?.locale;
  const locales = wanted === undefined ? available : [pickLocale(available, wanted, source.defaultLocale)];
  const printsName = uses.sms.some(({ path }) => toKey(path) === '@recipient/name');
  // A name of the directory is not known yet: as long as one can be, in letters outside GSM-7.
  const unknownName = printsName ? 'Ж'.repeat(200) : undefined;
  const name = recipient === undefined ? unknownName : sanitizeName(recipient.name, rule);
  const data = sanitizeData(event.data);
  for (const locale of locales) {
    const privateData = toPrivateData({ locale, name, brand, call: toCall(locale, context, true) });
    const part = findPart(template, 'sms', locale);
    const sms = canFit((some) => normaliseSms(part.print(some, privateData)), data, source.sms);
    if (!sms.fits) return [locateExcess(template, event, sms, locale)];
  }
  return [];
}

/** The error is reported at the longest text in the message. */
function locateExcess(
  { source, uses }: CompiledTemplate,
  { data }: IncomingEvent,
  { body, segments, encoding }: FittedSms,
  locale: string,
): FieldError {
  const texts = uses.sms.flatMap(({ path: [name = '', ...deeper] }) => {
    const value = data[name];
    return typeof value === 'string' && deeper.length === 0 ? [{ name, length: value.length }] : [];
  });
  const longest = texts.reduce((long, text) => (text.length > long.length ? text : long), {
    name: '',
    length: 0,
  });
  const odd = findNonGsmCharacters(body).join(' ');
  const detail = `${describeExcess(segments, source.sms, encoding)} (in ${locale}, cut as far as its template lets it be${odd === '' ? '' : `; letters: ${odd}`}): give a shorter text, or ask for channels without sms`;
  return { pointer: longest.name === '' ? '' : `/${longest.name}`, detail };
}
