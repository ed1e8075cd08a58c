/**
 * Masked forms for everything a person or a log sees. A masked number is still personal data (three digits of a
 * US number are hidden), so masks go where an address would help an operator and nowhere else.
 */

/** `jo.smith@example.com` → `j***@example.com`. Anything that is not one address is masked whole. */
export function maskEmail(address: string): string {
  const at = address.lastIndexOf('@');
  return at < 1 || /[\s\p{Cc}]/u.test(address) ? '***' : `${address.slice(0, 1)}***@${address.slice(at + 1)}`;
}

/**
 * `+15555553456` → `+1555****3456`: the first four digits, four stars, the last four. The stars never reveal the
 * length; a number too short to hide three digits is masked whole.
 */
export function maskPhone(phone: string): string {
  return /^\+\d{11,15}$/.test(phone) ? `${phone.slice(0, 5)}****${phone.slice(-4)}` : '+****';
}
