import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadCatalog } from '../../src/plan/catalog.ts';
import { previewTemplate } from '../../src/plan/check-templates.ts';

/**
 * What people receive, to the letter. A change of words or looks shows as a diff of `templates/<type>/golden`;
 * `UPDATE_GOLDEN=1 npx vitest run test/golden` writes it anew.
 */
const dir = 'templates';
const isUpdate = process.env['UPDATE_GOLDEN'] === '1';
const catalog = loadCatalog(dir);

describe.each(catalog.types())('%s', (type) => {
  const folder = `${dir}/${type}/golden`;
  const rendered = renderGolden(type);
  if (isUpdate) rewrite(folder, rendered);

  test.each(Object.keys(rendered))('%s is as agreed', (name) => {
    expect(existsSync(`${folder}/${name}`), `${name} is new: run with UPDATE_GOLDEN=1 and read the diff`).toBe(true);
    expect(rendered[name]).toBe(readFileSync(`${folder}/${name}`, 'utf8'));
  });

  test('no golden file is left from a part that is gone', () => {
    expect(readdirSync(folder).sort()).toEqual(Object.keys(rendered).sort());
  });
});

/** File name → content, for the sample in every locale that the template has. */
function renderGolden(type: string): Readonly<Record<string, string>> {
  const entry = catalog.find(type);
  const files: Record<string, string> = {};
  for (const locale of entry?.locales ?? []) {
    const wanted = locale === entry?.defaultLocale ? entry.sample.locale : locale;
    for (const draft of previewTemplate(dir, type, wanted)) {
      if (draft.channel === 'sms') {
        files[`${locale}.sms.txt`] = `${draft.body}\n`;
      } else {
        files[`${locale}.email.subject.txt`] = `${draft.subject}\n`;
        files[`${locale}.email.html`] = draft.html;
        files[`${locale}.email.txt`] = draft.text;
      }
    }
  }
  return files;
}

function rewrite(folder: string, files: Readonly<Record<string, string>>): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(`${folder}/${name}`, content);
}
