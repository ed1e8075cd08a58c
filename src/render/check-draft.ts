import { type Channel, channelTable } from '../domain/channel.ts';
import type { FieldError } from '../domain/errors.ts';
import type { IncomingEvent } from '../domain/event.ts';
import { findDataFaults } from './check-data.ts';
import { findNonGsmCharacters } from './count-segments.ts';
import { canFit, type FittedSms } from './fit-sms.ts';
import { RenderCall } from './format-helpers.ts';
import { findTextFault, presentName } from './judge-text.ts';
import { normaliseSms } from './normalise-text.ts';
import { normalizeText } from './normalize-text.ts';
import { pickLocale } from './pick-locale.ts';
import { presentData } from './present-data.ts';
import {
  type CompiledTemplate,
  type DraftContext,
  describeExcess,
  findPart,
  toPrivateData,
} from './render-draft.ts';
import { joinUses, printsPersonName } from './template-uses.ts';

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
  const nameFault = name === undefined ? undefined : findTextFault(normalizeText(name), around.rule, 'prose');
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
  return new RenderCall({ locale, timeZone: 'UTC', nowMs, currency: brand.currency, links: rule, isWidest });
}

/** The text message is too long, whatever its template may shorten, in a language that it may go out in. */
function findExcess(
  template: CompiledTemplate,
  event: IncomingEvent,
  around: DraftContext,
): readonly FieldError[] {
  const { source } = template;
  const available = [...template.parts.sms.keys()];
  const wanted = event.recipient?.locale;
  const locales = wanted === undefined ? available : [pickLocale(available, wanted, source.defaultLocale)];
  for (const locale of locales) {
    const sms = measureSms(template, event, { ...around, locale });
    if (!sms.fits) return [blameField(template, event, sms, locale)];
  }
  return [];
}

function measureSms(
  template: CompiledTemplate,
  { data, recipient }: IncomingEvent,
  around: DraftContext & { readonly locale: string },
): FittedSms {
  const { locale, brand, rule } = around;
  const name = recipient === undefined ? unknownName(template) : presentName(recipient.name, rule);
  const privateData = toPrivateData({ locale, name, brand, call: toCall(locale, around, true) });
  const part = findPart(template, 'sms', locale);
  return canFit(
    (some) => normaliseSms(part.print(some, privateData)),
    presentData(data),
    template.source.sms,
  );
}

/** The directory's name is not known yet: as long as one can be, in letters outside GSM-7. */
function unknownName(template: CompiledTemplate): string | undefined {
  return printsPersonName(template.uses.sms) ? 'Ж'.repeat(200) : undefined;
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
