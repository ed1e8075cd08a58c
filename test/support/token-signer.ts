import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { Algorithm } from '../../src/identity/parse-token.ts';

export interface TokenSigner {
  readonly kid: string;
  /** The public key as an issuer publishes it. */
  readonly jwk: Readonly<Record<string, unknown>>;
  readonly publicKey: KeyObject;
  /** A signed token; `header` is laid over `{alg, kid, typ}`, and claims may be given as raw JSON text. */
  signToken(claims: object | string, header?: object | string): string;
}

/** A key pair of an issuer that signs anything, also what no library would. */
export function createTokenSigner(algorithm: Algorithm, kid: string, rsaBits = 2048): TokenSigner {
  const { publicKey, privateKey } = createKeyPair(algorithm, rsaBits);
  const standard = { alg: algorithm, kid, typ: 'at+jwt' };
  return {
    kid,
    publicKey,
    jwk: { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: algorithm },
    signToken: (claims, header = {}) => {
      const head = typeof header === 'string' ? header : { ...standard, ...header };
      const content = `${encodePart(head)}.${encodePart(claims)}`;
      const digest = algorithm === 'EdDSA' ? null : 'sha256';
      const signature = sign(digest, Buffer.from(content), { key: privateKey, dsaEncoding: 'ieee-p1363' });
      return `${content}.${signature.toString('base64url')}`;
    },
  };
}

/** The token with (r, n − s) in place of its ES256 signature (r, s): another text that is as good. */
export function writeTwin(token: string): string {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const [header, claims, text = ''] = token.split('.');
  const signature = Buffer.from(text, 'base64url');
  const s = BigInt(`0x${signature.toString('hex', 32, 64)}`);
  const twin = (s < order ? order - s : s + 1n).toString(16).padStart(64, '0');
  Buffer.from(twin, 'hex').copy(signature, 32);
  return `${header}.${claims}.${signature.toString('base64url')}`;
}

/** One part of a token: base64url of JSON, or of text that is given as it is. */
export function encodePart(part: object | string): string {
  return Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
}

function createKeyPair(
  algorithm: Algorithm,
  rsaBits: number,
): { publicKey: KeyObject; privateKey: KeyObject } {
  if (algorithm === 'RS256') return generateKeyPairSync('rsa', { modulusLength: rsaBits });
  if (algorithm === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return generateKeyPairSync('ed25519');
}
