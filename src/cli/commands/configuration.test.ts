import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AccTerminal, startAccTerminal } from '../../../test/support/acc-terminal.ts';

const staging = {
  ENVIRONMENT: 'staging',
  APP_BASE_URL: 'https://acc.example.com',
  AUTH_ISSUER: 'https://issuer.example.com',
  AUTH_JWKS_URL: 'https://issuer.example.com/jwks',
  AUTH_AUDIENCE: 'acc',
  ADDRESS_HASH_KEY: '5b0c7f1e9a3d4826b7e0c1f2a3948d57',
};

let acc: AccTerminal;
beforeAll(async () => {
  acc = await startAccTerminal();
});
afterAll(() => acc.close());

test('acc env tells which environment this is and what each sign says, on the screen and in the file', async () => {
  const files = new Map<string, string>();
  const writeText = async (path: string, text: string): Promise<void> => void files.set(path, text);
  const shown = await acc.run(['env'], { environment: staging });
  expect(shown).toMatchObject({ code: 0 });
  expect(shown.out).toMatch(
    /^environment staging: ENVIRONMENT says staging, APP_BASE_URL says not local, AUTH_ISSUER says not local$/m,
  );
  expect(await acc.run(['env', '--write', 'env.json'], { environment: staging, writeText })).toMatchObject({
    code: 0,
  });
  expect(JSON.parse(files.get('env.json') ?? '')).toMatchObject({
    environment: 'staging',
    signs: [
      { name: 'ENVIRONMENT', says: 'staging' },
      { name: 'APP_BASE_URL', says: 'not local' },
      { name: 'AUTH_ISSUER', says: 'not local' },
    ],
    settings: expect.arrayContaining([
      { name: 'ADDRESS_HASH_KEY', group: 'recipients', value: '(secret)', origin: 'environment' },
      { name: 'APP_MODE', group: 'gate', value: 'dry_run', origin: 'default' },
    ]),
  });
  expect(files.get('env.json')).not.toContain(staging.ADDRESS_HASH_KEY);
});

test('acc env names the sign that disagrees, with its repair, and ends with 78', async () => {
  const end = await acc.run(['env'], { environment: { ...staging, APP_BASE_URL: 'http://localhost:8080' } });
  expect(end).toMatchObject({ code: 78, out: '' });
  expect(end.error).toContain('APP_BASE_URL is of a local run, but ENVIRONMENT is staging: give the https');
});
