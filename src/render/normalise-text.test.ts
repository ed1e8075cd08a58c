import { expect, test } from 'vitest';
import { normaliseHtml, normaliseLine, normaliseSms, normaliseText } from './normalise-text.ts';

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
