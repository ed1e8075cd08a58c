import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TestApp } from '../../test/support/http-app.ts';
import { someEventId, someMessageId, startTestApp } from '../../test/support/http-app.ts';
import { apiRoutes } from './routes.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.stop());

/** Who may what, written down a second time on purpose. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  postEvent: ['send'],
  postEventBatch: ['send'],
  getEvent: ['read', 'admin'],
  getMessage: ['read', 'admin'],
  cancelMessage: ['send'],
  getQueueStatus: ['read', 'admin'],
  getSendStatus: ['read', 'admin'],
  getProvidersHealth: ['read', 'admin'],
  getControl: ['read', 'admin'],
  getControlSend: ['admin'],
  putControlSend: ['admin'],
  putControlIngest: ['admin'],
  putControlConsumers: ['admin'],
  getHeldList: ['admin'],
  getHeldMessage: ['admin'],
  postHeldRelease: ['admin'],
  postHeldDiscard: ['admin'],
  getDeadLetters: ['admin'],
  postDeadLettersReplay: ['admin'],
  postDeadLettersDiscard: ['admin'],
  getUnknowns: ['admin'],
  postUnknown: ['admin'],
  getSuppressions: ['admin'],
  postSuppressions: ['admin'],
  postSuppressionsRemove: ['admin'],
  getQuarantine: ['admin'],
  postQuarantineJudge: ['admin'],
  postQuarantineDiscard: ['admin'],
  getAudit: ['admin'],
  getAuditVerdict: ['admin'],
  getMessages: ['admin'],
  getMessageDraft: ['admin'],
  postMessagesCancel: ['admin'],
  postAdoption: ['admin'],
  postLoggedAttempts: ['admin'],
  getDiagnostics: ['admin'],
  getTriggers: ['read', 'admin'],
  getSlo: ['read', 'admin'],
  getIncidents: ['read', 'admin'],
  getIncident: ['read', 'admin'],
  getStatusNotes: ['read', 'admin'],
  postIncidentRelease: ['admin'],
};
const cells = apiRoutes.flatMap((route) =>
  ['send', 'read', 'admin'].map((scope) => [route.operationId, scope, route] as const),
);

test('every api route is in the matrix and names a scope', () => {
  expect(apiRoutes.map((route) => route.operationId).toSorted()).toEqual(Object.keys(allowed).toSorted());
  expect(apiRoutes.every((route) => route.scope !== undefined && route.path.startsWith('/api/'))).toBe(true);
});

describe.each(cells)('%s with notify.%s', (operationId, scope, route) => {
  const isAllowed = allowed[operationId]?.includes(scope) === true;
  test(`is ${isAllowed ? 'let in' : 'refused with 403 and the scope it needs'}`, async () => {
    const id = route.path.includes('events') ? someEventId : someMessageId;
    const answer = await fetch(app.url + route.path.replace(':id', id), {
      method: route.method,
      headers: { authorization: `bearer ${scope}`, 'content-type': 'application/json' },
      body: route.body === undefined ? null : '{}',
    });
    const challenge = `Bearer realm="auto_com_center", error="insufficient_scope", scope="${route.scope ?? ''}"`;
    expect(answer.status === 403).toBe(!isAllowed);
    expect(answer.headers.get('www-authenticate')).toBe(isAllowed ? null : challenge);
    expect((await answer.text()).includes('insufficient-scope')).toBe(!isAllowed);
  });
});

test('another scheme and an empty one are no token at all', async () => {
  for (const authorization of ['Basic dXNlcjpwYXNz', 'Bearer', 'Bearer   ']) {
    const answer = await fetch(`${app.url}/api/queue/status`, { headers: { authorization } });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).not.toContain('error');
  }
});

test('a token in the query is no token', async () => {
  expect((await fetch(`${app.url}/api/queue/status?access_token=read`)).status).toBe(401);
});

test('the body of a stranger is never read', async () => {
  const answer = await app.post('/api/events', 'not json', { token: '' });
  expect(answer.status).toBe(401);
});

test('the log line tells why a token failed, and never counts one that could not be judged', async () => {
  await app.get('/api/queue/status', '');
  await app.get('/api/queue/status', 'forged');
  await app.get('/api/queue/status', 'unjudged');
  await expect
    .poll(() => app.lines.slice(-3).map((line) => [line.status, line.tokenFault]))
    .toEqual([
      [401, 'missing'],
      [401, 'bad-signature'],
      [503, undefined],
    ]);
});
