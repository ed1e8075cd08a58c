import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestApp } from '../../../test/support/http-app.ts';
import { startTestApp, testCatalog } from '../../../test/support/http-app.ts';
import type { ErrorCode } from '../../domain/errors.ts';
import { errorTable } from '../../domain/errors.ts';
import { documentedRoutes } from '../routes.ts';

let app: TestApp;
beforeAll(async () => {
  const schema = { properties: { name: { type: 'string', description: '<script>' } } };
  app = await startTestApp(
    {},
    { eventTypes: [{ type: 'sample_type', title: 'A & B', schema, sample: { name: "it's" } }] },
  );
});
afterAll(() => app.stop());

test('the page shows every operation, problem and event type', async () => {
  const html = await (await app.get('/docs', '')).text();
  for (const route of documentedRoutes) expect(html).toContain(`id="${route.operationId}"`);
  for (const code of Object.keys(errorTable)) expect(html).toContain(`/problems/${code}`);
  expect(html).toContain('id="type-sample_type"');
});

test('the page works under its own security policy: nothing inline, nothing from outside', async () => {
  const html = await (await app.get('/docs', '')).text();
  expect(html).not.toMatch(/<script|<style|\sstyle=|\son\w+=/i);
  const assets = [...html.matchAll(/<link[^>]+href="([^"]+)"/g)].map(([, href]) => href ?? '');
  expect(assets).toEqual(['/docs/icon.svg', '/docs/style.css']);
  for (const path of assets) {
    const answer = await app.get(path, '');
    expect(answer.status).toBe(200);
    expect(await answer.text()).not.toMatch(/url\(|@import/);
  }
  expect((await app.get('/docs/style.css', '')).headers.get('content-type')).toBe('text/css; charset=utf-8');
});

test.each(Object.keys(errorTable) as ErrorCode[])(
  'the type of %s leads to a page that explains it',
  async (code) => {
    const answer = await app.get(`/problems/${code}`, '');
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain(errorTable[code].title);
  },
);

test('a code that is not there has no page', async () => {
  expect((await app.get('/problems/toString', '')).status).toBe(404);
});

test.each([
  ['applicant_ref', false],
  ['student_id', true],
])(
  'with %s as the field of the directory, an example with applicant_ref brings a recipient: %s',
  async (directoryIdField, brings) => {
    const sample = { applicant_ref: 'a1' };
    const other = await startTestApp(
      { catalog: { ...testCatalog, directoryIdField } },
      { eventTypes: [{ type: 'sample_type', title: 'A', schema: {}, sample }] },
    );
    const html = await (await other.get('/docs', '')).text();
    expect([html.includes('applicant_ref'), html.includes('recipientemail')]).toEqual([true, brings]);
    expect(await (await other.get('/openapi.json', '')).text()).toContain(
      `${directoryIdField} in the data is looked up`,
    );
    await other.stop();
  },
);
