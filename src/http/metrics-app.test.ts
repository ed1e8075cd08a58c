import { expect, test } from 'vitest';
import { createTestServices } from '../../test/support/http-app.ts';
import { createHttpApp, createMetricsApp } from './create-http-app.ts';
import { createHttpServer } from './create-http-server.ts';
import { securityHeaders } from './security-headers.ts';

test('the metrics port has metrics and probes with the six headers, and nothing else', async () => {
  const { services } = createTestServices();
  const app = createMetricsApp(services, {
    appBaseUrl: 'https://messages.example.com',
    programVersion: 'test',
    readMetrics: async () => ({ contentType: 'text/plain; version=0.0.4', body: 'up 1\n' }),
  });
  const server = createHttpServer(app, { host: '127.0.0.1', port: 0, name: 'metrics' });
  await server.start();
  const answer = await fetch(`${server.url}/metrics`);
  expect([answer.status, await answer.text()]).toEqual([200, 'up 1\n']);
  expect(answer.headers.get('content-type')).toContain('version=0.0.4');
  expect(Object.fromEntries(answer.headers)).toMatchObject(securityHeaders);
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  expect((await fetch(`${server.url}/canary`)).status).toBe(404);
  // No verifier here: whatever is under /api fails closed.
  expect(
    (await fetch(`${server.url}/api/events`, { headers: { authorization: 'Bearer send' } })).status,
  ).toBe(500);
  await server.stop(1000);
});

test('without a reader the public port has no /metrics', async () => {
  const { services } = createTestServices();
  const app = createHttpApp(services, { appBaseUrl: 'http://127.0.0.1', programVersion: 'test' });
  const server = createHttpServer(app, { host: '127.0.0.1', port: 0 });
  await server.start();
  expect((await fetch(`${server.url}/metrics`)).status).toBe(404);
  await server.stop(1000);
});
