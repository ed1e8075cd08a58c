import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type SmsCatcher, startSmsCatcher } from './sms-catcher.ts';

const account = { accountSid: 'AC00000000000000000000000000000000', authToken: 'only-for-this-test' };
const good = { To: '+15555550101', From: '+15555550100', Body: 'Your deadline is tomorrow.' };
let catcher: SmsCatcher;
beforeAll(async () => {
  catcher = await startSmsCatcher({ port: 0, ...account });
});
beforeEach(() => catcher.texts.clear());
afterAll(() => catcher.stop());

describe('a text', () => {
  test('is kept and answered with the message resource of Twilio', async () => {
    const response = await post({ ...good, StatusCallback: 'http://127.0.0.1:8080/callback' });
    expect(response.status).toBe(201);
    const [text] = catcher.texts.list();
    expect(await response.json()).toMatchObject({
      sid: text?.sid,
      account_sid: account.accountSid,
      api_version: '2010-04-01',
      status: 'queued',
      direction: 'outbound-api',
      to: good.To,
      from: good.From,
      body: good.Body,
      num_segments: '1',
      error_code: null,
      uri: `/2010-04-01/Accounts/${account.accountSid}/Messages/${text?.sid}.json`,
    });
    expect(text).toMatchObject({
      to: good.To,
      body: good.Body,
      statusCallback: 'http://127.0.0.1:8080/callback',
    });
    expect(text?.sid).toMatch(/^SM[0-9a-f]{32}$/);
  });

  test('of many characters is told with the segments that it costs', async () => {
    expect(await (await post({ ...good, Body: 'é'.repeat(161) })).json()).toMatchObject({
      num_segments: '2',
    });
  });

  test.each([
    ['no recipient', { From: good.From, Body: good.Body }, 21604],
    ['no sender', { To: good.To, Body: good.Body }, 21603],
    ['no body', { To: good.To, From: good.From }, 21602],
    ['a body of 1601 characters', { ...good, Body: 'x'.repeat(1601) }, 21617],
    ['a number that is none', { ...good, To: '555' }, 21211],
    ['the number that Twilio keeps for tests', { ...good, To: '+15005550001' }, 21211],
  ])('with %s is refused with the code of Twilio, and not kept', async (_case, form, code) => {
    const response = await post(form);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      code,
      status: 400,
      more_info: `https://www.twilio.com/docs/errors/${code}`,
    });
    expect(catcher.texts.list()).toEqual([]);
  });
});

test('the account answers its owner and nobody else', async () => {
  const path = `${catcher.url}/2010-04-01/Accounts/${account.accountSid}.json`;
  const mine = await fetch(path, { headers: { authorization: basic(account.authToken) } });
  expect(mine.status).toBe(200);
  expect(await mine.json()).toMatchObject({ sid: account.accountSid, status: 'active' });
  for (const headers of [{ authorization: basic('wrong') }, {}]) {
    const other = await fetch(path, { headers });
    expect(other.status).toBe(401);
    expect(await other.json()).toMatchObject({ code: 20003, status: 401 });
  }
});

test('a wrong password sends nothing', async () => {
  const response = await post(good, 'wrong');
  expect(response.status).toBe(401);
  expect(catcher.texts.list()).toEqual([]);
});

test('any other resource is not found', async () => {
  const response = await fetch(`${catcher.url}/2010-04-01/Accounts.json`, {
    headers: { authorization: basic(account.authToken) },
  });
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ code: 20404 });
});

function basic(password: string): string {
  return `Basic ${Buffer.from(`${account.accountSid}:${password}`).toString('base64')}`;
}

function post(form: Readonly<Record<string, string>>, password = account.authToken): Promise<Response> {
  return fetch(`${catcher.url}/2010-04-01/Accounts/${account.accountSid}/Messages.json`, {
    method: 'POST',
    headers: { authorization: basic(password) },
    body: new URLSearchParams(form),
  });
}
