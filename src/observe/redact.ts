import { type Channel, channels } from '../domain/channel.ts';
import { maskEmail, maskPhone } from '../domain/mask.ts';

/**
 * Masks every email address, E.164 number and JWT in free text (error messages, provider replies), whatever
 * stands around it, and leaves the rest readable. Also known in URL-encoded form (`%40`, `%2B`). A national
 * number without `+` looks like any other number and stays.
 *
 * Secrets that were registered (`registerSecrets`) go in whatever form they come, and so does what a JSON
 * parser or Redis quotes of its input in an error message: it is somebody's data.
 *
 * Each pattern is tied to the start of a run of its characters, so that the time is linear in the text: what
 * a provider replies may be hostile.
 */
export function redactText(text: string): string {
  const withoutSecrets = maskSecrets(text);
  if (!mayNeedMask.test(withoutSecrets)) return withoutSecrets;
  const withoutTokens = dropQuotedInput(withoutSecrets)
    .replace(dottedRun, (run) => (run.includes('eyJ') ? '[token]' : run))
    .replace(bearer, '$1 [token]');
  return channels.reduce((masked, channel) => maskWithin[channel](masked), withoutTokens);
}

/** What a text holds in which any of the masks finds something: nearly none of a log line has one of these. */
const mayNeedMask = /[@%+",]|eyJ|bearer|basic/i;

/** Masks every address of the channel in a text. */
const maskWithin: Readonly<Record<Channel, (text: string) => string>> = {
  email: (text) =>
    text
      .replace(quotedLocalPart, '"***"@')
      .replace(email, (_all, local: string, domain: string) => maskEmail(`${local}@${domain}`)),
  sms: (text) =>
    text.replace(phone, (found) => maskPhone(`+${found.replace(/^%2b/i, '').replace(/\D/g, '')}`)),
};

/**
 * Secrets that no text of this process may hold: plain, URL-encoded, as hexadecimal digits, and in base64 wherever in the
 * encoded bytes they begin. One list for the process, so that no caller can forget it. Those shorter than six
 * characters are left out: they occur in words by chance.
 */
export function registerSecrets(values: readonly string[]): void {
  const forms = values.filter((value) => value.length >= secretLengthMin).flatMap(listForms);
  const longestFirst = [...new Set(forms)].toSorted((one, other) => other.length - one.length);
  secrets =
    longestFirst.length === 0
      ? undefined
      : new RegExp(longestFirst.map((form) => escapePattern(form)).join('|'), 'g');
}

/** A text as a regular expression that finds it. */
export function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

/** A text without the secrets of this process. */
export function maskSecrets(text: string): string {
  return secrets === undefined ? text : text.replace(secrets, '[secret]');
}

function listForms(secret: string): string[] {
  const encoded = [0, 1, 2].flatMap((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]);
    // Only characters that depend on nothing but the secret.
    const [start, end] = [Math.ceil((before * 4) / 3), Math.floor((bytes.length * 4) / 3)];
    return (['base64', 'base64url'] as const).map((form) => bytes.toString(form).slice(start, end));
  });
  const hex = Buffer.from(secret).toString('hex');
  const quoted = JSON.stringify(secret).slice(1, -1);
  return [secret, encodeURIComponent(secret), quoted, hex, hex.toUpperCase(), ...encoded];
}

/** `Unexpected token 'J', "{"name":Jo…" is not valid JSON` (V8); `unknown command …, with args beginning with: …` (Redis). */
function dropQuotedInput(text: string): string {
  const args = text.indexOf(', with args beginning with:');
  const short = args === -1 ? text : text.slice(0, args);
  const [start, end] = [short.indexOf('"'), short.indexOf(' is not valid JSON')];
  return start === -1 || end < start
    ? short
    : short.slice(0, start).replace(/[,. ]+$/, '') + short.slice(end);
}

/** Keys whose value is never written, whatever it is. */
export function isSecretKey(key: string): boolean {
  return secretKey.test(key);
}

const secretLengthMin = 6;
let secrets: RegExp | undefined;

/** Base64url runs joined by dots: the shape of a JWT, whose first part starts with `eyJ` (`{"`). */
const dottedRun = /(?<![\w-])[\w-]+(?:\.[\w-]*)+/g;
const bearer = /\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/gi;
const quotedLocalPart = /"[^"\n]*"@/g;
/** Wider than a valid address on purpose: up to the last `@` of a run that has no space and no list sign. */
const email = /(?<![^\s<>()[\],;:])([^\s<>()[\],;:]+)(?:@|%40)([\p{L}\p{N}._-]+|\[[\p{L}\p{N}.:]+\])/gu;
/** `+` and seven digits or more, with the separators that people write. */
const phone = /(?:\+|%2b)[1-9](?:[ ().-]{0,2}\d){6,}/gi;
const secretKey = /authori[sz]ation|tokens?$|secret|passw|cookie|api[-_]?key|private[-_]?key|credential/i;
