import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canFit, type Data, fitSms, type SmsRule } from './fit-sms.ts';
import { shortenText } from './shorten-text.ts';

const rule: SmsRule = { segmentsMax: 1, shorten: new Map([['title', 20]]), omit: ['url'] };
const frame = 'x'.repeat(100);
const print = ({ title = '', url = '' }: Data): string => `${frame} ${String(title)} ${String(url)}`.trim();

describe('the text message that says most and fits', () => {
  test('is the whole one when it fits', () => {
    const sms = fitSms(print, { title: 'Short', url: 'https://a.example/1' }, rule);
    expect(sms).toMatchObject({ body: `${frame} Short https://a.example/1`, fits: true, segments: 1 });
  });

  test('is shortened as little as need be: one character more would be too much', () => {
    const data = { title: 't'.repeat(80), url: 'https://a.example/1' };
    const { body } = fitSms(print, data, rule);
    expect(body).toHaveLength(160);
    expect(body).toMatch(/t\.\.\. https:\/\/a\.example\/1$/);
  });

  test('is without what may be left out when shortening is not enough', () => {
    const data = { title: 't'.repeat(80), url: `https://a.example/${'1'.repeat(60)}` };
    const { body, fits } = fitSms(print, data, rule);
    expect(fits).toBe(true);
    expect(body).not.toContain('https');
    expect(body).toContain(`${'t'.repeat(17)}...`);
  });

  test('is shortened beyond the least length before a reader goes without it', () => {
    const { body, fits } = fitSms(
      (data) => `${'x'.repeat(145)} ${String(data['title'])}`,
      { title: 't'.repeat(80) },
      rule,
    );
    expect(fits).toBe(true);
    expect(body).toHaveLength(160);
  });

  test('is the whole one, and says that it does not fit, when nothing helps', () => {
    expect(fitSms(() => 'x'.repeat(161), {}, rule)).toMatchObject({ fits: false, segments: 2 });
  });

  test('fits whenever the door has said that it can', () => {
    const texts = fc.string({ unit: fc.constantFrom('a', 'é', 'ж', '😀', ' '), maxLength: 90 });
    const keepsItsWord = fc.property(
      texts,
      texts,
      (title, url) => !canFit(print, { title, url }, rule).fits || fitSms(print, { title, url }, rule).fits,
    );
    expect(fc.check(keepsItsWord)).toMatchObject({ failed: false });
  });
});

describe('shortenText', () => {
  test.each([
    ['as it is', 'four', 4, 'four'],
    ['three dots for the rest', 'abcdefgh', 6, 'abc...'],
    ['no space before the dots', 'ab cdefgh', 6, 'ab...'],
    ['people count characters, not code units', '👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧', 4, '👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧'],
    ['never inside one', '👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧', 4, '👨‍👩‍👧...'],
    ['never inside a link', 'see https://a.example/long now', 14, 'see...'],
  ])('%s', (_what, text, lengthMax, short) => {
    expect(shortenText(text, lengthMax)).toBe(short);
  });
});
