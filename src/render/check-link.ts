/** Where a message may lead its reader. */
export interface LinkRule {
  /** Exact host names, lower-case. */
  readonly hosts: ReadonlySet<string>;
  /** `http://localhost:…` too, for local development. */
  readonly allowLocalhost: boolean;
}

export type LinkVerdict =
  | { readonly ok: true; readonly href: string }
  | { readonly ok: false; readonly fault: string };

/**
 * Allows only absolute https links to the hosts of the rule, without user info or port, and answers the
 * normalised form (WHATWG URL), so that what was judged is what is printed.
 */
export function checkLink(value: unknown, rule: LinkRule): LinkVerdict {
  if (typeof value !== 'string' || !URL.canParse(value))
    return { ok: false, fault: 'is not an absolute link' };
  const url = new URL(value);
  const fault = findFault(url, rule);
  return fault === undefined ? { ok: true, href: url.href } : { ok: false, fault };
}

/**
 * The first link in a rendered text that the rule refuses. Mail programs turn every address they see into a
 * link, also one that came in through a person's name, so the whole text is read, not only what the templates
 * meant as links.
 */
export function findForeignLink(text: string, rule: LinkRule): string | undefined {
  const found = text.match(/(?:\b[a-z][a-z0-9+.-]{1,15}:\/\/|\bwww\.)[^\s"'<>]+/gi) ?? [];
  return found.find((link) => !checkLink(link.replace(/[).,;:!?]+$/, ''), rule).ok);
}

/** The first `href` or `src` of rendered HTML that the rule refuses, decoded. */
export function findForeignAttribute(html: string, rule: LinkRule): string | undefined {
  const found = [
    ...html.matchAll(/\b(?:href|src|action|background)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))/gi),
  ];
  return found
    .map((match) => decodeEntities(match[1] ?? match[2] ?? match[3] ?? ''))
    .find((link) => !checkLink(link, rule).ok);
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

function findFault(url: URL, rule: LinkRule): string | undefined {
  if (url.username !== '' || url.password !== '') return 'has user info before the host';
  if (rule.allowLocalhost && url.protocol === 'http:' && url.hostname === 'localhost') return undefined;
  if (url.protocol !== 'https:') return `has the scheme ${url.protocol} and only https: is allowed`;
  if (url.port !== '') return 'names a port';
  if (!rule.hosts.has(url.hostname)) return `leads to ${url.hostname}, which is not an allowed link host`;
  return undefined;
}
