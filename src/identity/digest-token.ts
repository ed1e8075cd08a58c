import { hash } from 'node:crypto';

/** Order of the curve P-256 (NIST SP 800-186 §3.2.1.3). */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const half = order / 2n;
/** `r` and `s` of 32 bytes each (RFC 7518 §3.4), in base64url. */
const signatureChars = 86;

/**
 * SHA-256 by which a token is known again, the same for every text of one token. An ECDSA signature (r, s) has a twin
 * (r, n − s) that anybody can make and that is as good; both count as the one with the smaller s. Other spellings of the
 * same bytes are refused in `parse-token.ts`.
 */
export function digestToken(token: string): string {
  return hash('sha256', toOneText(token), 'base64');
}

function toOneText(token: string): string {
  const dot = token.lastIndexOf('.');
  // Most tokens are signed with RSA and end here.
  if (token.length - dot - 1 !== signatureChars || !isElliptic(token)) return token;
  const signature = Buffer.from(token.slice(dot + 1), 'base64url');
  const s = BigInt(`0x${signature.toString('hex', 32)}`);
  if (s <= half || s >= order) return token;
  const twin = (order - s).toString(16).padStart(64, '0');
  const both = Buffer.concat([signature.subarray(0, 32), Buffer.from(twin, 'hex')]);
  return `${token.slice(0, dot)}.${both.toString('base64url')}`;
}

/** An EdDSA signature is as long and has no such twin. */
function isElliptic(token: string): boolean {
  try {
    const header: unknown = JSON.parse(
      Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString(),
    );
    return typeof header === 'object' && header !== null && 'alg' in header && header.alg === 'ES256';
  } catch {
    return false;
  }
}
