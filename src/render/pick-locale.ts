import { maximiseLocale, parseLocale } from '../domain/locale.ts';
import { rememberByKey } from '../domain/remember.ts';

/**
 * The template locale to use for a person's: of those in the person's language the one in the same script, then of the
 * same region, then the most general one; else `fallback`. Likely subtags decide what a tag leaves open (UTS #35):
 * `zh-TW` is served by `zh-Hant`, `pt` by `pt-BR`, `no` by `nb`. A tag that cannot be read falls back too, whoever stored
 * it: a wrong tag is no reason to leave a person without the message.
 */
export function pickLocale(available: readonly string[], wanted: string, fallback: string): string {
  const tag = parseLocale(wanted);
  if (tag === undefined) return fallback;
  if (available.includes(tag)) return tag;
  const person = maximiseLocale(tag);
  const [best] = available
    .map((locale) => ({ locale, score: scoreLocale(locale, person) }))
    .filter(({ score }) => score > Number.NEGATIVE_INFINITY)
    .toSorted((one, other) => other.score - one.score);
  return best?.locale ?? fallback;
}

/** How well a text in `locale` serves a person; minus infinity in another language. */
function scoreLocale(locale: string, person: ReturnType<typeof maximiseLocale>): number {
  const { language, script, region } = maximiseLocale(locale);
  if (language !== person.language) return Number.NEGATIVE_INFINITY;
  return (script === person.script ? 100 : 0) + (region === person.region ? 50 : 0) - locale.length;
}

/**
 * The locale for dates and numbers in a text of `templateLocale`: the person's own where language and script are the
 * same (a British date in an English text), else the text's (no German date in an English text).
 */
export function formatLocaleFor(templateLocale: string, wanted: string): string {
  const tag = parseLocale(wanted);
  if (tag === undefined) return templateLocale;
  const person = maximiseLocale(tag);
  const text = maximiseLocale(templateLocale);
  return person.language === text.language && person.script === text.script ? tag : templateLocale;
}

/** `fr-CA` → `['fr-CA', 'fr']`; nothing for what is not a BCP 47 tag. */
export function localeChain(tag: string): readonly string[] {
  const subtags = parseLocale(tag)?.split('-') ?? [];
  return subtags.map((_, index) => subtags.slice(0, subtags.length - index).join('-'));
}

/**
 * How the language of a text is written: by its script, which likely subtags tell where the tag does not (UTS #35). ICU
 * takes Nastaliq (`Aran`), a style of the Arabic script, for one that is written from the left.
 */
export const directionOf = rememberByKey((locale): 'ltr' | 'rtl' => {
  if (maximiseLocale(locale).script === 'Aran') return 'rtl';
  return new Intl.Locale(locale).getTextInfo().direction ?? 'ltr';
});
