import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { respondJson, type StubServer, startStubServer } from '../../test/support/stub-server.ts';
import { findToken } from './find-token.ts';

let issuer: StubServer;

beforeAll(async () => {
  issuer = await startStubServer();
});
afterAll(async () => {
  await issuer.close();
});

const find = (environment: Record<string, string>, tokenFile?: string): Promise<string> =>
  findToken({ tokenFile, environment, readText: () => Promise.resolve(' from-file\n'), timeoutMs: 2_000 });

describe('findToken', () => {
  test('the file comes before the environment', async () => {
    expect(await find({ AUTH_TOKEN: 'from-environment' }, 'token.txt')).toBe('from-file');
    expect(await find({ AUTH_TOKEN: 'from-environment' })).toBe('from-environment');
  });

  test('client credentials ask for what an operator needs', async () => {
    issuer.respondWith(respondJson(200, { access_token: 'granted', token_type: 'Bearer', expires_in: 60 }));
    const M2M = { M2M_TOKEN_URL: `${issuer.url}/token`, M2M_CLIENT_ID: 'op', M2M_CLIENT_SECRET: 'hush-hush' };
    expect(await find(M2M)).toBe('granted');
    expect(new URLSearchParams(issuer.seen.at(-1)?.body).get('scope')).toBe(
      'notify.send notify.read notify.admin',
    );
    issuer.respondWith(respondJson(401, { error: 'invalid_client' }));
    await expect(find(M2M)).rejects.toMatchObject({
      ending: 'not-allowed',
      message: expect.not.stringContaining('hush-hush') as string,
    });
    await expect(find({ ...M2M, M2M_TOKEN_URL: 'http://127.0.0.1:1/token' })).rejects.toMatchObject({
      ending: 'unreachable',
      message: expect.stringContaining('docs/operations/issuer-down.md') as string,
    });
  });
});
