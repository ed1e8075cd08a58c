/**
 * The template locale to use for a person's: the tag itself, then each shorter one (`fr-CA` → `fr`), then
 * `fallback`. An unreadable tag falls back too: a wrong tag is no reason to leave a person without the message.
 */
export function pickLocale(available: readonly string[], wanted: string, fallback: string): string {
  return localeChain(wanted).find((tag) => available.includes(tag)) ?? fallback;
}

/**
 * The locale for dates and numbers in a text of `templateLocale`: the person's own where the language is the
 * same (a British date in an English text), else the text's (no German date in an English text).
 */
export function formatLocaleFor(templateLocale: string, wanted: string): string {
  const chain = localeChain(wanted);
  return chain.at(-1) === localeChain(templateLocale).at(-1) ? (chain[0] ?? templateLocale) : templateLocale;
}

/** `fr-CA` → `['fr-CA', 'fr']`; nothing for what is not a BCP 47 tag. */
export function localeChain(tag: string): readonly string[] {
  const canonical = canonicalTag(tag);
  if (canonical === undefined) return [];
  const subtags = canonical.split('-');
  return subtags.map((_, index) => subtags.slice(0, subtags.length - index).join('-'));
}

function canonicalTag(tag: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(tag)[0];
  } catch {
    return undefined;
  }
}
