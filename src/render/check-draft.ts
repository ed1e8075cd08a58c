import { type Channel, channelTable } from '../domain/channel.ts';
import type { FieldError } from '../domain/errors.ts';
import type { IncomingEvent } from '../domain/event.ts';
import { findDataFaults } from './check-data.ts';
import { findNonGsmCharacters } from './count-segments.ts';
import { canFit, type FittedSms } from './fit-sms.ts';
import type { RenderCall } from './format-helpers.ts';
import { findTextFault, presentName } from './judge-text.ts';
import { cleanText, normaliseSms } from './normalise-text.ts';
import { pickLocale } from './pick-locale.ts';
import { presentData } from './present-data.ts';
import {
  type CompiledTemplate,
  type DraftContext,
  describeExcess,
  findPart,
  toPrivateData,
} from './render-draft.ts';
import { joinUses, toKey } from './template-value.ts';

/** What would keep the drafts of an event from being rendered. */
export interface DraftFaults {
  /** By JSON pointer relative to the data. */
  readonly data: readonly FieldError[];
  /** What is wrong with the name of the recipient that the event brings. */
  readonly recipientName?: string;
}

/**
 * Every fault that rendering this event would have, on the channels that it goes out on, whoever reads it and whenever:
 * the door has no other word from the renderer. The data has passed its schema. Costs a look at each printed field, and
 * for a text message its rendering in each language that it may go out in.
 */
export function findDraftFaults(
  template: CompiledTemplate,
  event: IncomingEvent,
  around: DraftContext,
): DraftFaults {
  const channels = listChannels(template, event);
  const uses = joinUses(channels.flatMap((channel) => template.uses[channel]));
  const call = toCall(template.source.defaultLocale, around);
  const data = findDataFaults(event.data, uses, call);
  const name = event.recipient?.name;
  const nameFault = name === undefined ? undefined : findTextFault(cleanText(name), around.rule, 'prose');
  if (nameFault !== undefined) return { data, recipientName: nameFault };
  if (data.length > 0) return { data };
  return { data: channels.flatMap((channel) => findUncarried[channel](template, event, around)) };
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
const findUncarried: Readonly<
  Record<
    Channel,
    (template: CompiledTemplate, event: IncomingEvent, around: DraftContext) => readonly FieldError[]
  >
> = { email: () => [], sms: findExcess };

function toCall(locale: string, { brand, rule, nowMs }: DraftContext, isWidest = false): RenderCall {
  return { locale, timeZone: 'UTC', nowMs, currency: brand.currency, links: rule, isWidest };
}

/** The text message is too long, whatever its template may shorten, in a language that it may go out in. */
function findExcess(
  template: CompiledTemplate,
  event: IncomingEvent,
  around: DraftContext,
): readonly FieldError[] {
  const { source, uses } = template;
  const { brand, rule } = around;
  const { recipient } = event;
  const available = [...template.parts.sms.keys()];
  const wanted = recipient?.locale;
  const locales = wanted === undefined ? available : [pickLocale(available, wanted, source.defaultLocale)];
  const printsName = uses.sms.some(({ path }) => toKey(path) === '@recipient/name');
  // A name of the directory is not known yet: as long as one can be, in letters outside GSM-7.
  const unknownName = printsName ? 'Ж'.repeat(200) : undefined;
  const name = recipient === undefined ? unknownName : presentName(recipient.name, rule);
  const data = presentData(event.data);
  for (const locale of locales) {
    const privateData = toPrivateData({ locale, name, brand, call: toCall(locale, around, true) });
    const part = findPart(template, 'sms', locale);
    const sms = canFit((some) => normaliseSms(part.print(some, privateData)), data, source.sms);
    if (!sms.fits) return [blameField(template, event, sms, locale)];
  }
  return [];
}

/** The longest text in the message is the one to mend. */
function blameField(
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
