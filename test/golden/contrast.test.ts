import { describe, expect, test } from 'vitest';
import { loadCatalog } from '../../src/plan/catalog.ts';

/** WCAG 2.1 AA asks for 4.5:1 under text of ordinary size; the pairs are those of `_shared/layout.html.hbs`. */
const { brand } = loadCatalog('templates').shared;

describe.each([
  ['ink on card', '#1c2521', '#ffffff'],
  ['muted text on card', '#59645f', '#ffffff'],
  ['muted text on ground', '#59645f', '#f3f4f1'],
  ['label on panel', '#4f5b55', '#eef5f1'],
  ['score on pill', '#1c2521', '#e4efe9'],
  ['link on card', brand.accent, '#ffffff'],
  ['link on ground', brand.accent, '#f3f4f1'],
  ['button', '#ffffff', brand.accent],
  ['dark: ink on card', '#e9eeeb', '#18201d'],
  ['dark: muted text on card', '#a6b2ac', '#18201d'],
  ['dark: muted text on panel', '#a6b2ac', '#202c27'],
  ['dark: muted text on ground', '#a6b2ac', '#0f1412'],
  ['dark: score on pill', '#e9eeeb', '#2a3a33'],
  ['dark: link on card', brand.accent_dark, '#18201d'],
  ['dark: button', '#0d1f17', brand.accent_dark],
])('%s', (_, text, ground) => {
  test('can be read by people with low vision', () => {
    expect(contrastOf(text, ground)).toBeGreaterThanOrEqual(4.5);
  });
});

function contrastOf(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminanceOf(a), luminanceOf(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

function luminanceOf(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
