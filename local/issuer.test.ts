import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { audiences, type Issuer, type IssuerClient, type IssuerOptions, startIssuer } from './issuer.ts';
import { fetchToken } from './request-token.ts';

const upstream: IssuerClient = {
  id: 'upstream-demo',
  secret: 'only-for-this-test',
  scopes: ['notify.send', 'notify.read'],
  audience: audiences.api,
};
const service: IssuerClient = {
  id: 'auto_com_center',
  secret: 'also-only-for-this-test',
  scopes: ['directory.read'],
  audience: audiences.directory,
};

const started: Issuer[] = [];
afterEach(async () => {
  for (const issuer of started.splice(0)) await issuer.stop();
});

// First in the file: a sentence about an unsupported Node would be said once, when oidc-provider is imported.
test('starting says nothing on the console', async () => {
  const warn = vi.spyOn(console, 'warn').mockReturnValue();
  const info = vi.spyOn(console, 'info').mockReturnValue();
  const issuer = await start();
  await requestFor(issuer, upstream, 'notify.send');
  expect(warn.mock.calls.concat(info.mock.calls)).toEqual([]);
  vi.restoreAllMocks();
});

describe('a token of the local issuer', () => {
  test('is an RS256 JWT that verifies against the published keys, for 300 seconds', async () => {
    const issuer = await start();
    const token = await requestFor(issuer, upstream, 'notify.send notify.read');
    const { payload, protectedHeader } = await verify(issuer, token, audiences.api);
    expect(protectedHeader).toMatchObject({ alg: 'RS256', typ: 'at+jwt' });
    expect(payload).toMatchObject({
      client_id: 'upstream-demo',
      sub: 'upstream-demo',
      scope: 'notify.send notify.read',
    });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(300);
  });

  test('is for the directory when the service asks for its own token', async () => {
    const issuer = await start();
    const token = await requestFor(issuer, service, 'directory.read');
    await expect(verify(issuer, token, audiences.directory)).resolves.toMatchObject({
      payload: { scope: 'directory.read' },
    });
  });

  test('is for the audience that the request names', async () => {
    const issuer = await start();
    const token = await fetchToken({
      ...credentialsOf(issuer, upstream),
      scope: 'notify.read',
      resource: audiences.api,
    });
    await expect(verify(issuer, token, audiences.api)).resolves.toBeDefined();
  });

  test.each([
    ['a wrong secret', { ...upstream, secret: 'wrong' }, 'notify.send'],
    ['an unknown client', { ...upstream, id: 'stranger' }, 'notify.send'],
    ['a scope that the client was never given', upstream, 'notify.admin'],
  ])('is refused for %s', async (_case, client, scope) => {
    const issuer = await start();
    await expect(requestFor(issuer, client, scope)).rejects.toThrow(/the issuer answered 40[01]/);
  });
});

describe('the issuer keys', () => {
  test('survive a restart, so that tokens do too', async () => {
    const keysDir = await mkdtemp(join(tmpdir(), 'issuer-'));
    const first = await start({ keysDir });
    const token = await requestFor(first, upstream, 'notify.send');
    const port = Number(new URL(first.url).port);
    await first.stop();
    const second = await start({ keysDir, port });
    await expect(verify(second, token, audiences.api)).resolves.toBeDefined();
    expect((await stat(join(keysDir, 'keys.json'))).mode & 0o777).toBe(0o600);
    await rm(keysDir, { recursive: true });
  });

  test('rotate while the issuer runs: new tokens have a new key, old tokens still verify', async () => {
    const issuer = await start();
    const before = await requestFor(issuer, upstream, 'notify.send');
    await issuer.rotateKeys();
    const after = await requestFor(issuer, upstream, 'notify.send');
    expect(decodeProtectedHeader(after).kid).not.toBe(decodeProtectedHeader(before).kid);
    await expect(verify(issuer, before, audiences.api)).resolves.toBeDefined();
    await expect(verify(issuer, after, audiences.api)).resolves.toBeDefined();
  });

  test('stop verifying old tokens when the old key is dropped', async () => {
    const issuer = await start();
    const before = await requestFor(issuer, upstream, 'notify.send');
    await issuer.rotateKeys({ dropOld: true });
    await expect(verify(issuer, before, audiences.api)).rejects.toThrow(/no applicable key/);
  });

  test('are published without their private part', async () => {
    const issuer = await start();
    const text = await (await fetch(issuer.jwksUrl)).text();
    const { keys } = JSON.parse(text) as { keys: Record<string, unknown>[] };
    expect(keys).toHaveLength(1);
    for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi']) expect(keys[0]).not.toHaveProperty(secret);
  });
});

test('discovery names the endpoints that the issuer says it has', async () => {
  const issuer = await start();
  const discovery: unknown = await (await fetch(`${issuer.url}/.well-known/openid-configuration`)).json();
  expect(discovery).toMatchObject({
    issuer: issuer.url,
    jwks_uri: issuer.jwksUrl,
    token_endpoint: issuer.tokenUrl,
  });
});

async function start(options: Partial<IssuerOptions> = {}): Promise<Issuer> {
  const issuer = await startIssuer({ port: 0, clients: [upstream, service], ...options });
  started.push(issuer);
  return issuer;
}

function credentialsOf(issuer: Issuer, client: IssuerClient) {
  return { tokenUrl: issuer.tokenUrl, clientId: client.id, clientSecret: client.secret };
}

function requestFor(issuer: Issuer, client: IssuerClient, scope: string): Promise<string> {
  return fetchToken({ ...credentialsOf(issuer, client), scope });
}

function verify(issuer: Issuer, token: string, audience: string) {
  const keys = createRemoteJWKSet(new URL(issuer.jwksUrl));
  return jwtVerify(token, keys, { issuer: issuer.url, audience, algorithms: ['RS256'] });
}
