/**
 * The text without any of `secrets`, and with every token, credential and address in it masked. What it cannot
 * be sure of it masks too much rather than too little. Plain text in, plain text out: JSON stays JSON.
 */
export function redact(text, secrets = []) {
  let clean = text;
  for (const secret of secrets) {
    for (const form of new Set([secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])) {
      if (form.length >= 4) clean = clean.replaceAll(form, '[secret]');
    }
  }
  return clean
    .replace(dottedRun, (run) => (run.includes('eyJ') ? '[token]' : run))
    .replace(credentials, '$1 [secret]')
    .replace(secretMember, '$1"[secret]"')
    .replace(privateKeyPart, '$1"[secret]"')
    .replace(urlPassword, '$1[secret]@')
    .replace(email, (_all, local, domain) => `${local.slice(0, 1)}***@${domain}`)
    .replace(phone, (found) => maskPhone(found.replace(/^%2b/i, '').replace(/\D/g, '')));
}

/** The shape of a JWT: runs of base64url joined by dots, one of which starts like `{"`. */
const dottedRun = /(?<![\w-])[\w-]+(?:\.[\w-]*)+/g;
const credentials = /\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/gi;
const secretMember =
  /("(?:[\w-]*(?:token|secret|passw\w*|cookie|authorization|api[-_]?key|private[-_]?key))"\s*:\s*)"(?:[^"\\]|\\.)*"/gi;
/** The private members of a JWK (RFC 7518 §6), which a broken issuer may publish. */
const privateKeyPart = /("(?:d|p|q|dp|dq|qi|k)"\s*:\s*)"[^"]*"/g;
const urlPassword = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@"]+@/gi;
const email = /(?<![^\s<>()[\],;:"'\\])([^\s<>()[\],;:"'\\*]+)(?:@|%40)([\p{L}\p{N}._-]+)/gu;
const phone = /(?:\+|%2b)[1-9](?:[ ().-]{0,2}\d){6,}/gi;

/** `+1555****3456`; a number too short to hide three digits is masked whole. */
function maskPhone(digits) {
  return /^\d{11,15}$/.test(digits) ? `+${digits.slice(0, 4)}****${digits.slice(-4)}` : '+****';
}
