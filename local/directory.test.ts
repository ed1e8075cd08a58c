import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseEmailAddress, parsePhoneNumber } from '../src/domain/address.ts';
import { type LocalDirectory, loadStudents, type Student, startDirectory } from './directory.ts';
import { audiences, type Issuer, startIssuer } from './issuer.ts';
import { fetchToken } from './request-token.ts';

const secret = 'only-for-this-test';
const fixture = fileURLToPath(new URL('fixtures/students.json', import.meta.url));
let issuer: Issuer;
let directory: LocalDirectory;

beforeAll(async () => {
  issuer = await startIssuer({
    port: 0,
    clients: [
      { id: 'reader', secret, scopes: ['directory.read'], audience: audiences.directory },
      { id: 'no-reader', secret, scopes: ['notify.read'], audience: audiences.directory },
      { id: 'sender', secret, scopes: ['notify.send'], audience: audiences.api },
    ],
  });
  const students = await loadStudents(fixture);
  directory = await startDirectory({ port: 0, students, issuer, audience: audiences.directory });
});
afterAll(async () => {
  await directory.stop();
  await issuer.stop();
});

describe('the directory', () => {
  test('describes a student to a reader', async () => {
    const response = await ask('stu_1001', await tokenOf('reader', 'directory.read'));
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      student_id: 'stu_1001',
      name: 'Amara Okafor',
      first_name: 'Amara',
      email: 'amara.okafor@example.com',
      phone: '+15555550101',
      locale: 'en-US',
      time_zone: 'America/New_York',
    });
  });

  test('tells nobody apart from a person who refused', async () => {
    const token = await tokenOf('reader', 'directory.read');
    expect(await readProblem(await ask('stu_9999', token))).toMatchObject({ status: 404, code: 'not-found' });
    expect(await readProblem(await ask('stu_1009', token))).toMatchObject({
      status: 403,
      code: 'consent-refused',
    });
  });

  test('tells a stranger nothing', async () => {
    expect(await readProblem(await ask('stu_1001', undefined))).toMatchObject({
      status: 401,
      code: 'invalid-token',
    });
    expect(await readProblem(await ask('stu_1001', 'not.a.token'))).toMatchObject({ status: 401 });
  });

  test('refuses a good token that is for another service, or for another purpose', async () => {
    const foreign = await ask('stu_1001', await tokenOf('sender', 'notify.send'));
    expect(await readProblem(foreign)).toMatchObject({ status: 401, code: 'invalid-token' });
    const other = await ask('stu_1001', await tokenOf('no-reader', 'notify.read'));
    expect(await readProblem(other)).toMatchObject({ status: 403, code: 'insufficient-scope' });
  });
});

test('every example person has addresses that our own rules accept and that reach nobody', async () => {
  for (const student of await loadStudents(fixture)) {
    expect(student.email ?? student.phone, student.student_id).not.toBeNull();
    const { email = 'nobody@example.com', phone = '+15555550100' } = dropNulls(student);
    expect(parseEmailAddress(email).ok, email).toBe(true);
    expect(email).toMatch(/@example\.com$|\.test$/);
    expect(parsePhoneNumber(phone).ok, phone).toBe(true);
    expect(phone).toMatch(/^\+155555501\d\d$/);
    expect(() => new Intl.DateTimeFormat(student.locale, { timeZone: student.time_zone })).not.toThrow();
  }
});

function dropNulls({ email, phone }: Student): { email?: string; phone?: string } {
  return { ...(email === null ? {} : { email }), ...(phone === null ? {} : { phone }) };
}

function tokenOf(clientId: string, scope: string): Promise<string> {
  return fetchToken({ tokenUrl: issuer.tokenUrl, clientId, clientSecret: secret, scope });
}

function ask(id: string, token: string | undefined): Promise<Response> {
  return fetch(
    `${directory.url}/students/${id}`,
    token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } },
  );
}

async function readProblem(response: Response): Promise<unknown> {
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  return response.json();
}
