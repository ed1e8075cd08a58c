/**
 * Takes pictures of every email template's sample, as a phone (390 px) and a desktop (900 px) show it, in light and
 * dark, into docs/templates. Nothing is fetched: a template that asks for anything outside fails the run.
 *
 *   scripts/node scripts/shoot-templates.ts
 */
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { loadCatalog } from '../src/plan/catalog.ts';
import { previewTemplate } from '../src/plan/check-templates.ts';
import { findChromium } from './lib/find-chromium.ts';

const templatesDir = 'templates';
const picturesDir = 'docs/templates';
const bytesMax = 150_000;
const screens = { phone: 390, desk: 900 } as const;
const schemes = ['light', 'dark'] as const;
const browserFlags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const browser = await chromium.launch({ executablePath: findChromium(), args: browserFlags });
try {
  mkdirSync(picturesDir, { recursive: true });
  const catalog = loadCatalog(templatesDir);
  for (const type of catalog.types()) await shootTemplate(browser, type);
  writeFileSync(
    `${picturesDir}/README.md`,
    writeGallery(catalog.types().map((type) => [type, catalog.find(type)?.title ?? type])),
  );
} finally {
  await browser.close();
}

async function shootTemplate(chrome: Browser, type: string): Promise<void> {
  const email = previewTemplate(templatesDir, type).find((draft) => draft.channel === 'email');
  if (email?.channel !== 'email') return;
  for (const [screen, width] of Object.entries(screens)) {
    for (const colorScheme of schemes) {
      const page = await chrome.newPage({
        viewport: { width, height: 640 },
        colorScheme,
        deviceScaleFactor: screen === 'phone' ? 1.5 : 1,
      });
      page.on('request', (request) => {
        throw new Error(`${type} asked for ${request.url()}; an email fetches nothing`);
      });
      await page.setContent(email.html);
      const wide = await page.evaluate('document.documentElement.scrollWidth');
      if (wide !== width) throw new Error(`${type} is ${String(wide)} px wide on a screen of ${width} px`);
      const path = `${picturesDir}/${type}-${screen}-${colorScheme}.png`;
      await page.screenshot({ path, fullPage: true });
      await page.close();
      const bytes = statSync(path).size;
      if (bytes > bytesMax) throw new Error(`${path} has ${bytes} bytes; at most ${bytesMax} are wanted`);
      console.log(`${path}  ${Math.round(bytes / 1024)} KiB`);
    }
  }
}

function writeGallery(templates: readonly (readonly [type: string, title: string])[]): string {
  const sections = templates.map(([type, title]) => {
    const picture = (screen: string, scheme: string, width: number) =>
      `<img src="${type}-${screen}-${scheme}.png" width="${width}" alt="${title}, ${screen}, ${scheme}">`;
    return [
      `## ${title} (\`${type}\`)`,
      '',
      `${picture('phone', 'light', 195)} ${picture('phone', 'dark', 195)} ${picture('desk', 'light', 420)}`,
      '',
    ].join('\n');
  });
  return [
    '# How the emails look',
    '',
    'Made by `scripts/node scripts/shoot-templates.ts` from the samples in `templates/`: phone in light and dark, and desktop.',
    'The desktop in dark is beside them as `*-desk-dark.png`.',
    '',
    ...sections,
  ].join('\n');
}
