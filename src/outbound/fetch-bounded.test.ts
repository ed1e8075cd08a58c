import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { respondJson, type StubServer, startStubServer } from '../../test/support/stub-server.ts';
import { type BoundedResponse, fetchBounded } from './fetch-bounded.ts';

let server: StubServer;
beforeEach(async () => {
  server = await startStubServer();
});
afterEach(() => server.close());

async function call(options: { timeoutMs?: number } = {}): Promise<BoundedResponse> {
  return fetchBounded({ url: new URL(server.url), timeoutMs: 5_000, responseBytesMax: 1_000, ...options });
}

describe('fetchBounded', () => {
  test('hands over status, content type and text, also of errors', async () => {
    server.respondWith((response) => {
      response.writeHead(503, { 'content-type': 'Text/Plain; charset=utf-8' }).end('später');
    });
    expect(await call()).toEqual({
      kind: 'answered',
      status: 503,
      contentType: 'text/plain',
      text: 'später',
    });
  });

  test('never follows a redirect', async () => {
    server.respondWith((response) => void response.writeHead(307, { location: '/elsewhere' }).end());
    expect(await call()).toMatchObject({ kind: 'failed', detail: expect.stringContaining('redirect') });
    expect(server.seen.map((one) => one.path)).toEqual(['/']);
  });

  test('takes an answer of exactly the limit and refuses one more byte', async () => {
    server.respondWith((response) => void response.end('x'.repeat(1_000)));
    expect(await call()).toMatchObject({ kind: 'answered' });
    server.respondWith((response) => void response.end('x'.repeat(1_001)));
    expect(await call()).toEqual({ kind: 'failed', detail: 'answered with more than 1000 bytes' });
  });

  test('gives up on a server that never answers, and on one that never ends', async () => {
    server.respondWith(() => undefined);
    expect(await call({ timeoutMs: 30 })).toEqual({ kind: 'failed', detail: 'did not answer within 30 ms' });
    server.respondWith((response) => void response.write('{'));
    expect(await call({ timeoutMs: 30 })).toEqual({ kind: 'failed', detail: 'did not answer within 30 ms' });
  });

  test('names the reason when nobody listens', async () => {
    await server.close();
    expect(await call()).toEqual({ kind: 'failed', detail: 'could not be reached (ECONNREFUSED)' });
  });

  test('sends method, headers and body as given', async () => {
    server.respondWith(respondJson(200, {}));
    await fetchBounded({
      url: new URL('/token', server.url),
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'a=b',
      timeoutMs: 5_000,
      responseBytesMax: 1_000,
    });
    expect(server.seen[0]).toMatchObject({
      method: 'POST',
      path: '/token',
      body: 'a=b',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
  });
});
