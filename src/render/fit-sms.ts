import { countSegments, type SegmentCount } from './count-segments.ts';
import { shortenedLengthMin, shortenText } from './shorten-text.ts';

export type Data = Readonly<Record<string, unknown>>;

/** What a template does with a text message that takes too many segments (`sms` of its manifest). */
export interface SmsRule {
  readonly segmentsMax: number;
  /** Fields that may be shortened, each to no fewer characters than this. */
  readonly shorten: ReadonlyMap<string, number>;
  /** Optional fields that may be left out, when shortening is not enough. */
  readonly omit: readonly string[];
}

export interface FittedSms extends SegmentCount {
  readonly body: string;
  readonly fits: boolean;
}

/**
 * The text message that says most and fits: as it is; else shortened, as little as need be; else without what may be left
 * out. On acceptance one of these fitted (`canFit`); where the reader's zone, language or day took more room
 * than it could know, fields are shortened beyond their least length rather than leave the reader without the message.
 */
export function fitSms(print: (data: Data) => string, data: Data, rule: SmsRule): FittedSms {
  const measure = (some: Data): FittedSms => measureSms(print(some), rule);
  const whole = measure(data);
  if (whole.fits) return whole;
  const lengths = [...rule.shorten].filter(([name]) => typeof data[name] === 'string');
  const longest = Math.max(0, ...lengths.map(([name]) => String(data[name]).length));
  const least = Math.max(shortenedLengthMin, ...lengths.map(([, length]) => length));
  return (
    findLongest(shortenedLengthMin, longest, (length) => measure(shortenFields(data, rule, length))) ??
    keepFitting(measure(omitFields(data, rule))) ??
    findLongest(shortenedLengthMin, least, (length) =>
      measure(shortenFields(data, rule, length, 'beyond')),
    ) ??
    whole
  );
}

/** Whether the message can be made to fit within the rule. */
export function canFit(print: (data: Data) => string, data: Data, rule: SmsRule): FittedSms {
  const least = measureSms(print(shortenFields(data, rule, 0)), rule);
  if (least.fits || rule.omit.length === 0) return least;
  return measureSms(print(omitFields(data, rule)), rule);
}

function measureSms(body: string, rule: SmsRule): FittedSms {
  const count = countSegments(body);
  return { body, ...count, fits: count.segments <= rule.segmentsMax };
}

function keepFitting(sms: FittedSms): FittedSms | undefined {
  return sms.fits ? sms : undefined;
}

/** The fitting message of the greatest length there is one for; what fits at one length fits at every shorter one. */
function findLongest(min: number, max: number, make: (length: number) => FittedSms): FittedSms | undefined {
  let found = keepFitting(make(min));
  let [low, high] = [min, max];
  while (found !== undefined && low < high) {
    const middle = Math.ceil((low + high) / 2);
    const sms = make(middle);
    if (sms.fits) {
      found = sms;
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return found;
}

function shortenFields(data: Data, { shorten }: SmsRule, length: number, beyond?: 'beyond'): Data {
  const shortened = [...shorten].flatMap(([name, least]) => {
    const text = data[name];
    const lengthMax = beyond === undefined ? Math.max(length, least) : Math.min(length, least);
    return typeof text === 'string' ? [[name, shortenText(text, lengthMax)] as const] : [];
  });
  return { ...data, ...Object.fromEntries(shortened) };
}

function omitFields(data: Data, rule: SmsRule): Data {
  const rest = Object.entries(shortenFields(data, rule, 0)).filter(([name]) => !rule.omit.includes(name));
  return Object.fromEntries(rest);
}
