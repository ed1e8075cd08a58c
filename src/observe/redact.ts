import { maskEmail, maskPhone } from '../domain/mask.ts';

/**
 * Masks every email address, E.164 number and JWT in free text (error messages, provider answers), whatever
 * stands around it, and leaves the rest readable. Also known in URL-encoded form (`%40`, `%2B`). A national
 * number without `+` looks like any other figure and stays.
 *
 * Each pattern is tied to the start of a run of its characters, so that the time is linear in the text: what
 * a provider answers may be hostile.
 */
export function redactText(text: string): string {
  return text
    .replace(dottedRun, (run) => (run.includes('eyJ') ? '[token]' : run))
    .replace(bearer, '$1 [token]')
    .replace(quotedLocalPart, '"***"@')
    .replace(email, (_all, local: string, domain: string) => maskEmail(`${local}@${domain}`))
    .replace(phone, (found) => maskPhone(`+${found.replace(/^%2b/i, '').replace(/\D/g, '')}`));
}

/** Keys whose value is never written, whatever it is. */
export function isSecretKey(key: string): boolean {
  return secretKey.test(key);
}

/** Base64url runs joined by dots: the shape of a JWT, whose first part starts with `eyJ` (`{"`). */
const dottedRun = /(?<![\w-])[\w-]+(?:\.[\w-]*)+/g;
const bearer = /\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/gi;
const quotedLocalPart = /"[^"\n]*"@/g;
/** Wider than a valid address on purpose: up to the last `@` of a run that has no space and no list sign. */
const email = /(?<![^\s<>()[\],;:])([^\s<>()[\],;:]+)(?:@|%40)([\p{L}\p{N}._-]+|\[[\p{L}\p{N}.:]+\])/gu;
/** `+` and seven digits or more, with the separators that people write. */
const phone = /(?:\+|%2b)[1-9](?:[ ().-]{0,2}\d){6,}/gi;
const secretKey = /authori[sz]ation|tokens?$|secret|passw|cookie|api[-_]?key|private[-_]?key|credential/i;
