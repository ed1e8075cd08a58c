import { rememberByKey } from './remember.ts';

/** Registered languages, scripts, regions and variants fit into this (RFC 5646 §4.4.1); what is longer is private or hostile. */
const tagCharsMax = 35;
export const localeRepair = 'must be a BCP 47 language tag of at most 35 characters, for example en or fr-CA';

/**
 * The canonical form of a language tag (BCP 47), or `undefined`. `fr_CA` is read as `fr-CA`, as many systems write it.
 * The length is judged before anything else sees the tag: canonicalising one of 240 KB takes seconds.
 */
export function parseLocale(text: string): string | undefined {
  return text.length > tagCharsMax ? undefined : canonicalTag(text);
}

const canonicalTag = rememberByKey((text) => {
  try {
    return Intl.getCanonicalLocales(text.replaceAll('_', '-'))[0];
  } catch {
    return undefined;
  }
});

/** What a tag means when its likely subtags are added (UTS #35): `zh-TW` is `zh`, `Hant`, `TW`. */
export interface LikelyLocale {
  readonly language: string;
  readonly script: string | undefined;
  readonly region: string | undefined;
}

/** Norwegian without a word on which is Bokmål, which CLDR's likely subtags leave open. */
const macroLanguages: Readonly<Record<string, string>> = { no: 'nb' };

/** The likely subtags of a canonical tag. */
export const maximiseLocale = rememberByKey((tag): LikelyLocale => {
  const { language, script, region } = new Intl.Locale(tag).maximize();
  return { language: macroLanguages[language] ?? language, script, region };
});
