import { rememberByKey } from '../domain/remember.ts';

/** Where a message may lead its reader. */
export interface LinkRule {
  /** Exact host names, lower-case. */
  readonly hosts: ReadonlySet<string>;
  /** `http://localhost:…` too, for local development. */
  readonly allowLocalhost: boolean;
}

export type LinkVerdict =
  | { readonly ok: true; readonly href: string }
  | { readonly ok: false; readonly reason: string };

/**
 * Allows only absolute https links to the hosts of the rule, without user info or port, and returns the normalised
 * form (WHATWG URL), so that what was judged is what is printed: with every mark encoded at which a reader could take
 * the link to end and another one to begin.
 */
export function checkLink(value: unknown, rule: LinkRule): LinkVerdict {
  if (typeof value !== 'string') return notAbsolute;
  return value.length > rememberedCharsMax ? judgeLink(value, rule) : recallVerdicts(rule)(value);
}

const notAbsolute: LinkVerdict = { ok: false, reason: 'is not an absolute link' };
const rememberedCharsMax = 500;
/** A template brings the same links into every message, and the verdict depends on the rule alone, which never changes. */
const remembered = new WeakMap<LinkRule, (link: string) => LinkVerdict>();

function recallVerdicts(rule: LinkRule): (link: string) => LinkVerdict {
  const known = remembered.get(rule);
  if (known !== undefined) return known;
  const recall = rememberByKey((link) => judgeLink(link, rule));
  remembered.set(rule, recall);
  return recall;
}

function judgeLink(link: string, rule: LinkRule): LinkVerdict {
  const url = URL.parse(link);
  if (url === null) return notAbsolute;
  const reason = findObjection(url, rule);
  if (reason !== undefined) return { ok: false, reason };
  return { ok: true, href: url.href.replaceAll(/[^\w\-.~:/?#@&=%+$]/g, encodeMark) };
}

function encodeMark(mark: string): string {
  return `%${mark.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

/**
 * The first link in a rendered text that the rule refuses: whatever has `://` in it or begins with `www.`. Mail programs
 * turn every address that they see into a link, so the whole text is read, not only what the templates meant as links.
 */
export function findForeignLink(text: string, rule: LinkRule): string | undefined {
  return listSuspects(text).find((word) => !isAllowedWord(word, rule));
}

/** The words of a text that have `://` or `www` in them; each letter of the text is looked at once or twice. */
function listSuspects(text: string): readonly string[] {
  const words: string[] = [];
  let end = 0;
  for (const { index } of text.matchAll(/:\/\/|www/gi)) {
    if (index < end) continue;
    let start = index;
    while (start > end && !isSeparator(text.charAt(start - 1))) start -= 1;
    for (end = index; end < text.length && !isSeparator(text.charAt(end)); ) end += 1;
    words.push(text.slice(start, end));
  }
  return words;
}

function isSeparator(mark: string): boolean {
  return /[\s"'<>]/.test(mark);
}

function isAllowedWord(word: string, rule: LinkRule): boolean {
  if (!word.includes('://')) return !/(?<![\p{L}\p{N}])www\d?\.[\p{L}\p{N}]/iu.test(word);
  // `_https://` and `1https://` are linked from the letter on.
  const link = /[a-z][a-z0-9+.-]*:\/\/.*/i.exec(word)?.[0] ?? '';
  return checkLink(link.replace(/[).,;:!?\]]+$/, ''), rule).ok;
}

/** The first link of rendered HTML that the rule refuses, in its text or in an `href`, `src` and the like, decoded. */
export function findForeignLinkInHtml(html: string, rule: LinkRule): string | undefined {
  const attributes = html.matchAll(
    /\b(?:href|src|action|background)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))/gi,
  );
  for (const match of attributes) {
    const link = decodeEntities(match[1] ?? match[2] ?? match[3] ?? '');
    if (!checkLink(link, rule).ok) return link;
  }
  return findForeignLink(decodeEntities(html), rule);
}

const entities: Readonly<Record<string, string>> = {
  '&quot;': '"',
  '&#x27;': "'",
  '&#x60;': '`',
  '&#x3D;': '=',
  '&lt;': '<',
  '&gt;': '>',
  '&amp;': '&',
};

function decodeEntities(text: string): string {
  return text.replace(/&(?:quot|lt|gt|amp|#x27|#x60|#x3D);/g, (entity) => entities[entity] ?? entity);
}

function findObjection(url: URL, rule: LinkRule): string | undefined {
  if (url.username !== '' || url.password !== '') return 'has user info before the host';
  if (rule.allowLocalhost && url.protocol === 'http:' && url.hostname === 'localhost') return undefined;
  if (url.protocol !== 'https:') return `has the scheme ${url.protocol} and only https: is allowed`;
  if (url.port !== '') return 'names a port';
  if (!rule.hosts.has(url.hostname)) return `leads to ${url.hostname}, which is not an allowed link host`;
  return undefined;
}
