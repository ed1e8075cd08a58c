import { expect, test } from 'vitest';
import { startTestApp } from '../../../test/support/http-app.ts';
import type { HttpServices } from '../services.ts';

const sixNames = [
  'strict-transport-security',
  'content-security-policy',
  'x-frame-options',
  'x-content-type-options',
  'referrer-policy',
  'permissions-policy',
];

async function askCanary(overrides: Partial<HttpServices> = {}, drain = false) {
  const app = await startTestApp(overrides);
  if (drain) app.app.drain.close();
  const startedMs = performance.now();
  const answer = await app.get('/canary', '');
  const ms = performance.now() - startedMs;
  const text = await answer.text();
  await app.stop();
  return { answer, ms, text, body: JSON.parse(text) as Record<string, unknown> };
}

test('exactly the eight keys, in their order', async () => {
  const { answer, text, body } = await askCanary();
  expect(answer.status).toBe(200);
  expect(answer.headers.get('cache-control')).toBe('no-cache, must-revalidate');
  expect(answer.headers.get('content-type')).toContain('application/json');
  expect(text).toBe(
    JSON.stringify({
      app: 'auto_com_center',
      app_base_url: 'https://messages.example.com',
      version: 'v2.7',
      status: 'ok',
      p95_ms: 12.3,
      security_headers: { present: sixNames, missing: [] },
      dependencies_ok: true,
      timestamp: '2026-11-20T09:30:00.000Z',
    }),
  );
  expect(body['p95_ms']).toBeTypeOf('number');
});

test('a sick dependency degrades it, whichever it is', async () => {
  const well = { ok: true, detail: '' };
  const sick = { ok: false, detail: 'old' };
  const report = { store: well, store_durable: well, issuer: well, proof_of_life: sick };
  const { answer, body } = await askCanary({ checkDependencies: async () => report });
  expect([answer.status, body['status'], body['dependencies_ok']]).toEqual([200, 'degraded', false]);
});

test('a dependency check that hangs holds nobody for long', async () => {
  const { answer, body, ms } = await askCanary({ checkDependencies: () => new Promise(() => undefined) });
  expect([answer.status, body['status']]).toEqual([200, 'degraded']);
  expect(ms).toBeLessThan(1000);
});

test('it is 200 and whole when everything else is broken', async () => {
  const broken = (): never => {
    throw new Error('broken');
  };
  const { answer, body } = await askCanary({ checkDependencies: broken, latency: { p95Ms: broken } }, true);
  expect(answer.status).toBe(200);
  expect(body).toMatchObject({ status: 'degraded', p95_ms: 0, dependencies_ok: false });
  expect(Object.keys(body)).toHaveLength(8);
});

test('no samples is 0, not null', async () => {
  const { body } = await askCanary({ latency: { p95Ms: () => Number.NaN } });
  expect(body['p95_ms']).toBe(0);
});
