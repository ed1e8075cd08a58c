import { describe, expect, test } from 'vitest';
import { countSegments, findNonGsmCharacters } from './count-segments.ts';

describe('the segments of a text message', () => {
  test.each([
    ['nothing', '', 'GSM-7', 0, 0],
    ['one character', 'a', 'GSM-7', 1, 1],
    ['160 plain characters', 'a'.repeat(160), 'GSM-7', 160, 1],
    ['161 plain characters', 'a'.repeat(161), 'GSM-7', 161, 2],
    ['two full joined parts', 'a'.repeat(306), 'GSM-7', 306, 2],
    ['one more than two joined parts', 'a'.repeat(307), 'GSM-7', 307, 3],
    ['three full joined parts', 'a'.repeat(459), 'GSM-7', 459, 3],
    ['extension characters count two', '€'.repeat(80), 'GSM-7', 160, 1],
    ['one extension character too many', `${'€'.repeat(80)}a`, 'GSM-7', 161, 2],
    [
      'an extension character is not cut at a joint',
      `${'a'.repeat(152)}€${'a'.repeat(152)}`,
      'GSM-7',
      306,
      3,
    ],
    ['an extension character that just fits', `${'a'.repeat(151)}€${'a'.repeat(153)}`, 'GSM-7', 306, 2],
    ['every character of the extension table', '^{}\\[~]|€\f', 'GSM-7', 20, 1],
    ['accents of the basic table', 'èéùìòÇØøÅåÆæßÉÄÖÑÜäöñüà', 'GSM-7', 23, 1],
    ['70 characters with one outside GSM-7', `${'a'.repeat(69)}ç`, 'UCS-2', 70, 1],
    ['71 characters with one outside GSM-7', `${'a'.repeat(70)}ç`, 'UCS-2', 71, 2],
    ['two full UCS-2 parts', 'ж'.repeat(134), 'UCS-2', 134, 2],
    ['one more than two UCS-2 parts', 'ж'.repeat(135), 'UCS-2', 135, 3],
    ['35 emoji fill one part', '🎓'.repeat(35), 'UCS-2', 70, 1],
    ['36 emoji need two', '🎓'.repeat(36), 'UCS-2', 72, 2],
    ['a surrogate pair is not cut at a joint', '🎓'.repeat(67), 'UCS-2', 134, 3],
    ['a pair that just fits the joint', `a${'🎓'.repeat(66)}a`, 'UCS-2', 134, 2],
  ])('%s', (_, text, ...expected) => {
    const { encoding, units, segments } = countSegments(text);
    expect([encoding, units, segments]).toEqual(expected);
  });

  test('the characters that cost the cheaper alphabet are named once each', () => {
    expect(findNonGsmCharacters('Ça coûte 5 € – ça va, ça')).toEqual(['û', '–', 'ç']);
  });
});
