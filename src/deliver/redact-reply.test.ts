import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EmailAddress, PhoneNumber } from '../domain/address.ts';
import { escapePattern, redactText } from '../observe/redact.ts';
import { redactReply } from './redact-reply.ts';

const mail = {
  channel: 'email' as const,
  to: 'jo.smith@example.com' as EmailAddress,
  name: 'Jo Smith',
  data: { school: 'Rivière (Nord)', lines: [{ note: 'owes 12.50', city: 'Ulm', no: 7 }] },
};
const text = { ...mail, channel: 'sms' as const, to: '+15555550123' as PhoneNumber };

test.each([
  [mail, '550 5.1.1 <jo.smith@example.com>: no such user', '550 5.1.1 <[…]>: no such user'],
  [mail, '550 user jo.smith unknown here', '550 user […] unknown here'],
  [mail, '554 "Dear Jo Smith, you owe" looks like spam', '554 "Dear […], you owe" looks like spam'],
  [mail, '554 for SMITH only', '554 for […] only'],
  [mail, 'the text "Rivière (Nord)" is not allowed', 'the text "[…]" is not allowed'],
  [mail, 'bad: Rivi%C3%A8re%20(Nord)', 'bad: […]'],
  [mail, 'owes 12.50 in Ulm', '[…] in […]'],
  [mail, 'To=x&Body=for+Rivi%C3%A8re+%28Nord%29+now', 'To=x&Body=for+[…]+now'],
  [mail, '"… Rivière …" was cut', '"… […] …" was cut'],
  [mail, '250 Ulmer smithy joined', '250 Ulmer smithy joined'],
  [text, "21211 The 'To' number 15555550123 is not valid", "21211 The 'To' number […] is not valid"],
  [text, 'To=%2B15555550123', 'To=[…]'],
  [{ ...mail, to: 'p-1+a/b@example.com' as EmailAddress }, 'no p-1+a/b here', 'no […] here'],
  [{ ...mail, to: 'p-1+a@example.com' as EmailAddress }, '550 p-1a@example.com is gone', '550 […] is gone'],
  [{ ...mail, data: { title: 'Kiosk' } }, 'no \u212aIOſ\u212a', 'no […]'],
  [text, '421 4.7.0 try again later', '421 4.7.0 try again later'],
])('of %j: %s', (message, reply, shown) => {
  expect(redactReply(reply, message)).toBe(shown);
});

test('data of any size and kind costs bounded work', () => {
  const data = { many: Array.from({ length: 20_000 }, (_, at) => `word ${at} \ud800 (`) };
  const begun = performance.now();
  expect(redactReply('550 word 3 '.repeat(50), { ...mail, data })).toContain('550');
  expect(performance.now() - begun).toBeLessThan(1_000);
});

test('words that are looked for only where they may occur are found as if all of them were looked for', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'Ask',
      'aſK',
      'KELVIN',
      'ſ',
      'straße',
      'İstanbul',
      'ΣΑΣ',
      '(Nord)',
      "o'Neil",
      '!*',
      'a b',
      '%',
    ),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 6 }),
    fc.string({
      unit: fc.constantFrom('a', 'A', 'k', 'K', '\u212a', 's', 'S', 'ſ', 'i', 'İ', '1', '(', '\ud800'),
      minLength: 3,
      maxLength: 4,
    }),
  );
  const respell = (word: string): fc.Arbitrary<string> =>
    fc.constantFrom(
      ...[
        word,
        word.toUpperCase(),
        word.toLowerCase(),
        word.replaceAll(/[sk]/gi, (sign) => (/s/i.test(sign) ? 'ſ' : '\u212a')),
        word.replaceAll(/\p{Cs}/gu, ''),
      ].flatMap((form) => [
        form,
        form.isWellFormed() ? encodeURIComponent(form).replaceAll('%20', '+') : form,
      ]),
    );
  const given = fc.array(piece, { minLength: 1, maxLength: 4 }).chain((words) =>
    fc.record({
      words: fc.constant(words),
      reply: fc.array(fc.oneof(piece, ...words.map(respell)), { maxLength: 6 }).map((all) => all.join(' ')),
    }),
  );
  fc.assert(
    fc.property(given, ({ words, reply }) => {
      const message = { channel: 'email' as const, to: 'q@x.org' as EmailAddress, data: { words } };
      expect(redactReply(reply, message)).toBe(redactWhole(reply, ['q@x.org', ...words]));
    }),
    { seed: 24, numRuns: 600 },
  );
});

/** The same, with one pattern of all the words in all their forms. */
function redactWhole(reply: string, texts: readonly string[]): string {
  const nouns = texts.flatMap((one) => one.match(/\p{Lu}[\p{L}\p{M}'’-]{3,}/gu) ?? []);
  const words = [...texts, ...nouns].filter((one) => one.trim().length >= 3);
  const forms = words.flatMap((word) => {
    const encoded = encodeURIComponent(word.replaceAll(/\p{Cs}/gu, ''));
    const strict = encoded.replaceAll(
      /[!'()*]/g,
      (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
    );
    return [word, encoded, strict, strict.replaceAll('%20', '+')];
  });
  const pattern = [...new Set(forms)]
    .toSorted((one, other) => other.length - one.length)
    .map(escapePattern)
    .join('|');
  const found = new RegExp(`(?<![\\p{L}\\p{N}])(?:${pattern})(?![\\p{L}\\p{N}])`, 'giu');
  return redactText(reply.replace(found, '[…]'));
}
