import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  breakAddresses,
  normaliseHtml,
  normaliseLine,
  normaliseSms,
  normaliseText,
  sanitizeText,
} from './normalise-text.ts';

describe('sanitizeText', () => {
  test.each([
    ['plain text stays', 'Ada Lovelace', 'Ada Lovelace'],
    ['one line', ' a\r\n\tb \u2028 c ', 'a b c'],
    ['composed', 'Cafe\u0301', 'Café'],
    ['control characters', 'a\u0000\u0007b\u0085c', 'a b c'],
    ['marks of reading direction', 'abc\u202edcba\u2066x\u2069', 'abcdcbax'],
    ['zero-width spaces and soft hyphens', 'pay\u200bpal so\u00adft', 'paypal soft'],
    ['tag characters', 'flag\u{e0067}\u{e0062}', 'flag'],
    ['halves of pairs', 'a\ud800b', 'ab'],
    ['joiners within letters are spelling', 'می\u200cخواهم', 'می\u200cخواهم'],
    ['joiners within emoji too', '👨\u200d👩\u200d👧', '👨\u200d👩\u200d👧'],
    ['joiners beside ASCII hide something', 'goo\u200dgle', 'google'],
    ['variation selectors choose a form', '❤\ufe0f', '❤\ufe0f'],
    ['nothing that can be seen', '\u200b\u2060\ufeff', ''],
  ])('%s', (_what, given, clean) => {
    expect(sanitizeText(given)).toBe(clean);
  });

  test('cleaning twice changes nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        const clean = sanitizeText(text);
        expect(sanitizeText(clean)).toBe(clean);
      }),
    );
  });
});

describe('breakAddresses', () => {
  test.each([
    ['Bold.org', 'Bold. org'],
    ['see example.com.', 'see example. com.'],
    ['Studienstiftung。de', 'Studienstiftung。 de'],
    ['a．com', 'a． com'],
    ['пример.рф', 'пример. рф'],
    ['ⓔⓥⓘⓛ.ⓒⓞⓜ', 'ⓔⓥⓘⓛ. ⓒⓞⓜ'],
  ])('%s could become an address: %s', (given, broken) => {
    expect(breakAddresses(given)).toBe(broken);
  });

  test.each([
    'Node.js',
    '3.5',
    'U.S.',
    'Ph.D.',
    'e.g. this',
    'End. Next',
    '奨学金。次は',
    'https://app.example.com/x',
  ])('%s stays as it was typed', (text) => {
    expect(breakAddresses(text)).toBe(text);
  });
});

test('a line is one line', () => {
  expect(normaliseLine(' a\r\nb\u2028c\td\u0000 \u00a0e ')).toBe('a b c d e');
});

test('a text has at most one blank line in a row and one line end at the end', () => {
  expect(normaliseText('\na  \n\n\n\nb\u202f c\n\n')).toBe('a\n\nb  c\n');
});

test('HTML has no blank lines and no narrow spaces', () => {
  expect(normaliseHtml('<p>\n\n  5\u202fPM  \n</p>\n')).toBe('<p>\n  5\u00a0PM\n</p>\n');
});

test('marks that turn the reading direction around are taken out', () => {
  expect(normaliseLine('invoice\u202efdp.exe')).toBe('invoicefdp.exe');
});

test('a text message keeps letters and trades dear marks for cheap ones', () => {
  expect(normaliseSms('«ça» – l’été… 5\u202f€\u200b')).toBe('"ça" - l\'été... 5 €');
});

test('a text of Latin letters is taken as it is, which is what composing and stripping would make of it', () => {
  const sign = fc.oneof(
    fc.integer({ min: 0x20, max: 0x2ff }).map((code) => String.fromCharCode(code)),
    fc.constantFrom('\n', '\r', '\t', '\u007f', '\u0085', '\u0300', '\u0301', '\u202e', '\u2028', 'q'),
  );
  fc.assert(
    fc.property(fc.string({ unit: sign, maxLength: 12 }), (text) => {
      const whole = text
        .normalize('NFC')
        .replaceAll(/\r\n?|[\u2028\u2029]/g, '\n')
        .replaceAll('\t', ' ')
        .replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, (char) => (char === '\n' ? '\n' : ''));
      const lines = whole.split('\n').map((line) => line.trimEnd());
      expect(normaliseHtml(text)).toBe(`${lines.filter((line) => line !== '').join('\n')}\n`);
    }),
    { seed: 3, numRuns: 3_000 },
  );
});
