import { checkLink, type LinkRule } from './check-link.ts';
import { breakAddresses, sanitizeText } from './normalise-text.ts';

/** `prose` is written by people: a name, a title. A `code` is made by a system: the id of a payment. */
export type TextKind = 'prose' | 'code';

/** A field named like an id (`txnId`, `scholarship_id`) holds a code. */
export function kindOfField(name: string): TextKind {
  return /(?:^id|_id|I[dD])$/.test(name) ? 'code' : 'prose';
}

/**
 * Why a text cannot be printed, or `undefined`. Mail programs and telephones make a link of whatever looks like one, so
 * a name or a title must not hold it: any `…://` but a plain link to an allowed host, `www.`, a mail address, `tel:` and
 * its like, an IP address, and (in prose) a telephone number, however they are disguised. A bare domain is no error in
 * prose: it is printed with a space after its dots (`breakAddresses`); in a code, which must be printed as it is, it is.
 * `text` is clean (`sanitizeText`). What passes, passes whatever it is cut to.
 */
export function findTextError(text: string, rule: LinkRule, kind: TextKind): string | undefined {
  if (text === '') return 'holds nothing that can be seen';
  if (!maybeLink.test(text)) return undefined;
  const folded = foldText(text);
  const words = folded.split(' ').filter((word) => !(word.includes('://') && isPlainLink(word, rule)));
  const rest = words.join(' ');
  const found = findClickable(rest) ?? (kind === 'code' ? findDomain(rest) : findInProse(text, rest));
  return found === undefined
    ? undefined
    : `holds ${found}, which mail programs and telephones turn into a link: leave it out`;
}

/** A person's name as it is printed, or `undefined` when there is none that may be. */
export function sanitizeName(name: string | undefined, rule: LinkRule): string | undefined {
  const clean = sanitizeText(name ?? '');
  return findTextError(clean, rule, 'prose') === undefined ? breakAddresses(clean) : undefined;
}

/** Nearly every text has none of these, and needs no further look. */
const maybeLink = /[^ -~]|[@:.]|\d.{0,6}\d.{0,6}\d/;

/** Full-width, circled and other compatibility forms as the plain ones that some readers take them for. */
function foldText(text: string): string {
  return text.normalize('NFKC').replaceAll(/[\u200c\u200d\p{Variation_Selector}]/gu, '');
}

/** Nothing in it but what every reader takes for one and the same link. */
const plainLink = /^https?:\/\/[a-z0-9.-]+(?::\d+)?(?:[/?#][a-z0-9\-._~/?#&=%+]*)?$/i;

function isPlainLink(word: string, rule: LinkRule): boolean {
  const link = word.replace(/^[("'[{<]+/, '').replace(/[)"'\]}>.,;:!?]+$/, '');
  return plainLink.test(link) && checkLink(link, rule).ok;
}

function findClickable(text: string): string | undefined {
  if (text.includes('://')) return 'a link to a host that is not allowed';
  if (/(?<![\p{L}\p{N}])www\d?\.[\p{L}\p{N}]/iu.test(text)) return 'a web address';
  if (/[^\s@]@[\p{L}\p{N}-]+\.\p{L}/u.test(text)) return 'a mail address';
  if (handled.test(text)) return 'a link of a telephone (tel: or its like)';
  if (/(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}/.test(text)) return 'an IP address';
  return undefined;
}

/** Schemes without `//` that readers act on. */
const handled =
  /(?<![\p{L}\p{N}])(?:mailto|tel|telprompt|sms|smsto|mms|callto|facetime|facetime-audio|sips?|skype|whatsapp|xmpp|geo|magnet|webcal|bitcoin):[^\s]/iu;

function findDomain(text: string): string | undefined {
  return /[\p{L}\p{N}]\.(?:\p{L}{2,}|xn--[a-z0-9-]+)(?![\p{L}\p{N}_-])/iu.test(text)
    ? 'a web address'
    : undefined;
}

function findInProse(text: string, rest: string): string | undefined {
  if (hasPhoneNumber(rest)) return 'a telephone number';
  // What would be an address only once it is folded has no dot that a space could follow.
  const printed = foldText(breakAddresses(text));
  return breakAddresses(printed) === printed ? undefined : 'a web address';
}

/** Digits of any script in groups, as numbers are written; not the digits of a word (`B12`) or of a sum (`$10000-20000`). */
const digitRun = /(?<![\p{L}\p{Nd}\p{Sc}])(?:\+ ?)?\(?\p{Nd}(?:[ ().\-–‑/·]{0,3}\p{Nd}){6,}/gu;
const date = /(?<!\p{Nd})(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{4})(?!\p{Nd})/gu;
/** `2026/27`, `2026-2027`. */
const yearSpan = /(?<!\p{Nd})(?:19|20)\d\d ?[-–/] ?(?:(?:19|20)\d\d|\d\d)(?!\p{Nd})/gu;
/** `2026 2027`, `1 000 000`, `10.000.000`, `1 250 000`. */
const notDialled = /^(?:(?:(?:19|20)\d\d[^\d]?)+|\d{1,3}(?:[ .]000)+|\d{1,2}(?: \d{3}){2})$/;

function hasPhoneNumber(text: string): boolean {
  const runs = text.replaceAll(date, '#').replaceAll(yearSpan, '#').match(digitRun) ?? [];
  return runs.some((run) => {
    if (notDialled.test(run)) return false;
    // Seven digits in a row are also the number of an award; with separators or a plus they are a telephone's.
    const isGrouped = /[^\p{Nd}]/u.test(run);
    return isGrouped || run.length >= 9;
  });
}
