import { isGsm7 } from '../domain/gsm-7.ts';
import { currencyExponent, currencyRepair, parseAmount } from '../domain/money.ts';
import { rememberByKey } from '../domain/remember.ts';
import { checkLink, type LinkRule } from './check-link.ts';
import {
  type DateStyle,
  formatDate,
  formatRelative,
  isDateStyle,
  type ReaderPlace,
  rememberFormats,
} from './format-instant.ts';
import { normaliseSms } from './normalise-text.ts';
import { RenderError } from './rendered.ts';
import { shortenedLengthMin, shortenText } from './shorten-text.ts';

/** What the helpers know of the message at hand; handed to every template as `@call`. */
export interface RenderCall extends ReaderPlace {
  readonly currency: string;
  readonly links: LinkRule;
  /** Dates and times as the longest text that they could be: what is measured on acceptance, when neither day nor reader is known. */
  readonly isWidest?: boolean;
}

/** One use of a helper in a template. */
export interface HelperUse {
  readonly values: readonly unknown[];
  readonly options: Readonly<Record<string, unknown>>;
  /** The object that the template is looking at: the event's data, or one item of its list. */
  readonly scope: Readonly<Record<string, unknown>>;
  readonly call: RenderCall;
}

/**
 * Every helper that a template may use besides `if`, `unless`, `each` and `with`. Each returns plain text,
 * which the HTML part escapes; each throws `RenderError` for a value that it cannot print truthfully.
 */
export const formatHelpers: Readonly<Record<string, (use: HelperUse) => string>> = {
  /** `{{date deadline style="long|medium|short|numeric"}}`: the day, in the recipient's zone. */
  date: (use) => printDate(use),
  /** `{{datetime deadline style="long|medium|short|numeric"}}`: the day, the time and the zone's name. */
  datetime: (use) => printDate(use, 'with-time'),
  /** `{{relative deadline}}`: `in 2 days`, reckoned when the message is rendered, right before it leaves. */
  relative: ({ values, call }) =>
    call.isWidest ? widestRelative(call.locale) : formatRelative(values[0], call),
  /** `{{money amount currency}}`: a decimal string in the currency's own unit, or an integer in minor units. */
  money: ({ values, call }) => formatMoney(values[0], values[1] ?? call.currency, call.locale),
  /** `{{plural n one="# match" other="# matches"}}`: by the language's own rules; `#` is the number. */
  plural: ({ values, options, call }) => formatPlural(values[0], options, call.locale),
  /** `{{percent match_score}}`: a number of 0 to 100 as the locale writes per cent, without decimals. */
  percent: ({ values, call }) => formatPercent(values[0], call.locale),
  /** `{{shorten title 40}}`: at most so many characters, with `...` where something was cut. */
  shorten: ({ values }) => printShortened(values[0], values[1]),
  /** `{{url "apply_url" or=@brand.site_url}}`: the link in that field, if it leads to an allowed host. */
  url: ({ values, options, scope, call }) => readLink(values[0], options['or'], scope, call.links),
};

export function isFormatHelper(name: string): boolean {
  return Object.hasOwn(formatHelpers, name);
}

function printDate({ values, options, call }: HelperUse, time?: 'with-time'): string {
  const style = readStyle(options);
  return call.isWidest
    ? widestDate(call.locale, { style, ...(time && { time }) })
    : formatDate(values[0], style, call, time);
}

function readStyle(options: HelperUse['options']) {
  const style = options['style'] ?? 'long';
  if (!isDateStyle(style)) throw new RenderError('style must be long, medium, short or numeric');
  return style;
}

const pluralRules = rememberFormats(
  (locale, options: Intl.PluralRulesOptions) => new Intl.PluralRules(locale, options),
);

function formatPlural(value: unknown, forms: HelperUse['options'], locale: string): string {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new RenderError('plural needs a number');
  const form = forms[pluralRules(locale, {}).select(value)] ?? forms['other'];
  if (typeof form !== 'string') throw new RenderError('plural needs other="…"');
  return form.replace('#', numberFormat(locale, {}).format(value));
}

function formatPercent(value: unknown, locale: string): string {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new RenderError('percent needs a number');
  return numberFormat(locale, { style: 'percent', maximumFractionDigits: 0 }).format(value / 100);
}

function printShortened(value: unknown, lengthMax: unknown): string {
  if (typeof value !== 'string' || typeof lengthMax !== 'number' || lengthMax < shortenedLengthMin) {
    throw new RenderError('shorten needs a text and a length of at least 4');
  }
  return shortenText(value, lengthMax);
}

function readLink(field: unknown, otherwise: unknown, scope: HelperUse['scope'], links: LinkRule): string {
  if (typeof field !== 'string') throw new RenderError('url needs the name of a field, in quotes');
  const value = Object.hasOwn(scope, field) ? scope[field] : otherwise;
  if (value === undefined) throw new RenderError(`"${field}" is not in the event data`);
  const verdict = checkLink(value, links);
  // Without the link itself: what is said here is kept and shown.
  if (!verdict.ok) throw new RenderError(`the link in "${field}" is not an https link to an allowed host`);
  return verdict.href;
}

const numberFormat = rememberFormats(
  (locale, options: Intl.NumberFormatOptions) => new Intl.NumberFormat(locale, options),
);

/**
 * An amount as the locale writes it, never rounded: a decimal string is in the currency's own unit (`"19.99"`), an
 * integer in its minor units (`1999`), which ISO 4217 defines. A whole amount has the decimals that the locale's
 * readers expect (`$29.00`, `¥1,500`, `HUF 1,500`), any other all that the currency has. Throws `RenderError` for what
 * is no amount of this currency, by the same rule as on acceptance.
 */
function formatMoney(amount: unknown, currency: unknown, locale: string): string {
  const exponent = typeof currency === 'string' ? currencyExponent(currency) : undefined;
  if (typeof currency !== 'string' || exponent === undefined)
    throw new RenderError(`a currency ${currencyRepair}`);
  const parsed = parseAmount(amount, exponent);
  if (!parsed.ok) throw new RenderError(`an amount ${parsed.error}`);
  const customary = { style: 'currency', currency } as const;
  const exact = { ...customary, minimumFractionDigits: exponent, maximumFractionDigits: exponent };
  const format = numberFormat(locale, parsed.isWhole ? customary : exact);
  // A text is formatted digit by digit, a number might have lost some (ECMA-402, Intl mathematical values).
  return format.format(parsed.decimal);
}

/**
 * The longest text that a date, or a date with its time, makes in a locale, whatever the day, the hour and the zone; one
 * with letters outside GSM-7 if any has them. Three letters longer, for what regions of one language do differently.
 */
const widestDate = rememberFormats((locale, options: { style: DateStyle; time?: 'with-time' }) => {
  // The longest names of hours and zones: 10:45 in the evening, an offset with minutes.
  const place = { locale, timeZone: 'Pacific/Chatham', nowMs: 0 };
  return findWidest(
    months.flatMap((month) =>
      weekdays.map((day) =>
        formatDate(toIso(Date.UTC(2026, month, day, 9)), options.style, place, options.time),
      ),
    ),
  );
});

/** The same for `in 2 days`, within a thousand days of the instant. */
const widestRelative = rememberByKey((locale) => {
  const nowMs = Date.UTC(2026, 0, 15, 12);
  const place = { locale, timeZone: 'UTC', nowMs };
  const instants = [59, -59, 47 * 60, -47 * 60, 999 * 1440, -999 * 1440].map(
    (minutes) => nowMs + minutes * 60_000,
  );
  const days = [-2, -1, 0, 1, 2].map((day) => nowMs + day * 86_400_000);
  return findWidest([
    ...instants.map((atMs) => formatRelative(toIso(atMs), place)),
    ...days.map((atMs) => formatRelative(toIso(atMs).slice(0, 10), place)),
  ]);
});

const months = Array.from({ length: 12 }, (_, month) => month);
const weekdays = Array.from({ length: 7 }, (_, day) => 22 + day);
const slack = 'xxx';

function findWidest(texts: readonly string[]): string {
  const plain = texts.map((text) => normaliseSms(text));
  const dear = plain.filter((text) => !isGsm7(text));
  const widest = (dear.length > 0 ? dear : plain).reduce(
    (long, text) => (text.length > long.length ? text : long),
    '',
  );
  return widest + slack;
}

function toIso(atMs: number): string {
  return new Date(atMs).toISOString();
}
