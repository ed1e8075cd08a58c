import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { toEventId } from '../domain/ids.ts';
import { createTokenSeal, type SealingKey } from './seal-token.ts';

const one = toEventId(0, '0'.repeat(24));
const other = toEventId(0, '1'.repeat(24));
const token = 'header.claims.signature';
const old: SealingKey = { id: 'old', key: randomBytes(32) };
const young: SealingKey = { id: 'young', key: randomBytes(32) };

describe('createTokenSeal', () => {
  test('what was sealed opens, and shows nothing of the token', () => {
    const sealed = createTokenSeal([old])?.seal(token, one) ?? '';
    expect(createTokenSeal([old])?.open(sealed, one)).toBe(token);
    for (const part of [sealed, Buffer.from(sealed.split('.')[1] ?? '', 'base64url').toString('latin1')])
      expect(part).not.toContain('claims');
  });

  test('the same token is never sealed the same way twice', () => {
    const seal = createTokenSeal([old]);
    expect(seal?.seal(token, one)).not.toBe(seal?.seal(token, one));
  });

  test('the first key seals and every key opens, so keys rotate without losing what waits', () => {
    const before = createTokenSeal([old])?.seal(token, one) ?? '';
    const rotated = createTokenSeal([young, old]);
    expect(rotated?.open(before, one)).toBe(token);
    const after = rotated?.seal(token, one) ?? '';
    expect(createTokenSeal([young])?.open(after, one)).toBe(token);
    expect(createTokenSeal([old])?.open(after, one)).toBeUndefined();
  });

  test('a sealed token opens for its own event only', () => {
    const seal = createTokenSeal([old]);
    expect(seal?.open(seal.seal(token, one), other)).toBeUndefined();
  });

  test('a changed one does not open, wherever it was changed', () => {
    const seal = createTokenSeal([old]);
    const bytes = Buffer.from((seal?.seal(token, one) ?? '').split('.')[1] ?? '', 'base64url');
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      expect(seal?.open(`old.${changed.toString('base64url')}`, one)).toBeUndefined();
    }
    for (const text of ['', 'old', 'old.', 'old.AAAA', `other.${bytes.toString('base64url')}`])
      expect(seal?.open(text, one)).toBeUndefined();
  });

  test('a shortened tag is not accepted in place of the whole one', () => {
    const seal = createTokenSeal([old]);
    const bytes = Buffer.from((seal?.seal(token, one) ?? '').split('.')[1] ?? '', 'base64url');
    expect(seal?.open(`old.${bytes.subarray(0, 24).toString('base64url')}`, one)).toBeUndefined();
  });

  test('without a key there is no seal', () => {
    expect(createTokenSeal([])).toBeUndefined();
  });
});
