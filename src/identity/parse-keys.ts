import { createPublicKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson } from '../domain/canonical-json.ts';
import { readJson } from '../outbound/fetch-bounded.ts';
import type { Algorithm } from './parse-token.ts';

export interface IssuerKey {
  readonly kid: string | undefined;
  readonly algorithm: Algorithm;
  readonly key: KeyObject;
}

export interface KeyDocument {
  readonly keys: readonly IssuerKey[];
  /** Equal for two documents exactly when they hold the same usable keys. */
  readonly fingerprint: string;
}

export type KeyDocumentParse =
  | { readonly ok: true; readonly document: KeyDocument }
  | { readonly ok: false; readonly detail: string };

const keyCountMax = 100;
/** RFC 7518 §3.3 asks for 2048 bits; beyond 8192 one signature check costs too much. */
const rsaBitsMin = 2048;
const rsaBitsMax = 8192;

const documentSchema = z.object({ keys: z.array(z.unknown()).max(keyCountMax) });

const usage = {
  kid: z.string().max(256).optional(),
  use: z.literal('sig').optional(),
  key_ops: z
    .array(z.string())
    .refine((operations) => operations.includes('verify'))
    .optional(),
};
const text = z.string().min(1).max(2048);
/** Public members only: whatever else a key carries (private parts, certificates, URLs) is dropped unread. */
const keySchema = z.discriminatedUnion('kty', [
  z.object({ ...usage, kty: z.literal('RSA'), alg: z.literal('RS256').optional(), n: text, e: text }),
  z.object({
    ...usage,
    kty: z.literal('EC'),
    alg: z.literal('ES256').optional(),
    crv: z.literal('P-256'),
    x: text,
    y: text,
  }),
  z.object({
    ...usage,
    kty: z.literal('OKP'),
    alg: z.enum(['EdDSA', 'Ed25519']).optional(),
    crv: z.literal('Ed25519'),
    x: text,
  }),
]);
type PublicKey = z.infer<typeof keySchema>;

const algorithmOf = { RSA: 'RS256', EC: 'ES256', OKP: 'EdDSA' } as const satisfies Record<
  PublicKey['kty'],
  Algorithm
>;

/**
 * The usable signature keys of a JWKS document (RFC 7517). A key that is weak, symmetric, for encryption or of
 * an unknown kind is left out, as §5 asks; a document without any usable key is an error, so that it never
 * replaces good keys.
 */
export function parseKeys(body: string): KeyDocumentParse {
  const parsed = documentSchema.safeParse(readJson(body));
  if (!parsed.success) return { ok: false, detail: 'answered with something that is not a key document' };
  // By the key and its id, so that a repeated one counts once.
  const usable = new Map(parsed.data.keys.flatMap(readKey));
  if (usable.size === 0)
    return { ok: false, detail: 'answered with a key document that holds no usable key' };
  const fingerprint = [...usable.keys()].sort().join('\n');
  return { ok: true, document: { keys: [...usable.values()], fingerprint } };
}

function readKey(candidate: unknown): [name: string, key: IssuerKey][] {
  const parsed = keySchema.safeParse(dropNulls(candidate));
  const key = parsed.data && importKey(parsed.data);
  if (parsed.data === undefined || key === undefined) return [];
  const { kid, kty } = parsed.data;
  return [[canonicalJson(parsed.data), { kid, algorithm: algorithmOf[kty], key }]];
}

/** Serializers of some issuers write `"use": null` for a member that is not there. */
function dropNulls(candidate: unknown): unknown {
  if (typeof candidate !== 'object' || candidate === null) return candidate;
  return Object.fromEntries(Object.entries(candidate).filter(([, value]) => value !== null));
}

function importKey(material: PublicKey): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: material, format: 'jwk' });
    if (material.kty !== 'RSA') return key;
    const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
    return bits >= rsaBitsMin && bits <= rsaBitsMax ? key : undefined;
  } catch {
    return undefined;
  }
}
