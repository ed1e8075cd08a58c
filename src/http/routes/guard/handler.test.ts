import { describe, expect, test } from 'vitest';
import { createGuardServices, someIncidentId } from '../../../../test/support/guard-services.ts';
import { startTestApp } from '../../../../test/support/http-app.ts';
import { guardAnswerSchemas } from '../../guard-answers.ts';
import type { GuardServices } from '../../guard-services.ts';

async function ask(
  path: string,
  {
    token = 'read',
    body,
    guard = {},
  }: { token?: string; body?: string; guard?: Partial<GuardServices> } = {},
) {
  const app = await startTestApp({ guard: createGuardServices(guard) });
  const answer =
    body === undefined
      ? await app.get(path, token)
      : await fetch(`${app.url}${path}`, {
          method: 'POST',
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          body,
        });
  const text = await answer.text();
  await app.stop();
  return { status: answer.status, body: JSON.parse(text) as Record<string, unknown> };
}

const releasePath = `/api/incidents/${someIncidentId}/release`;

describe('reading', () => {
  test.each([
    ['/api/triggers', 'Triggers'],
    ['/api/slo', 'Slos'],
    ['/api/incidents?limit=5', 'Incidents'],
    [`/api/incidents/${someIncidentId}`, 'Incident'],
  ] as const)('200: %s, for whoever may read', async (path, shape) => {
    const { status, body } = await ask(path);
    expect(status).toBe(200);
    expect(() => guardAnswerSchemas[shape].parse(body)).not.toThrow();
  });

  test('403: whoever may only send', async () => {
    expect((await ask('/api/triggers', { token: 'send' })).status).toBe(403);
  });

  test('404: an incident that is not there', async () => {
    expect((await ask('/api/incidents/inc-none')).status).toBe(404);
  });

  test('422: a limit that is none', async () => {
    expect((await ask('/api/incidents?limit=0')).body).toMatchObject({ errors: [{ pointer: '/limit' }] });
    for (const query of ['limit=1&limit=2', 'limit=1&limi%74=1', 'limit&limit'])
      expect((await ask(`/api/incidents?${query}`)).body).toMatchObject({
        errors: [{ pointer: '/limit', detail: 'is given more than once; give it once' }],
      });
  });
});

describe('releasing', () => {
  const body = JSON.stringify({ reason: 'rolled back' });

  test('200: by its name, with what is still stopped', async () => {
    const answer = await ask(releasePath, { token: 'boss:admin', body });
    expect(answer.status).toBe(200);
    expect(() => guardAnswerSchemas.IncidentReleased.parse(answer.body)).not.toThrow();
    expect(answer.body).toMatchObject({
      incident: { release: { by: 'boss', reason: 'rolled back' } },
      still_stopped: [{ flag: 'send' }],
    });
  });

  test('422: without a reason', async () => {
    for (const text of ['{}', '{"reason":"  "}'])
      expect((await ask(releasePath, { token: 'admin', body: text })).body).toMatchObject({
        status: 422,
        errors: [{ pointer: '/reason' }],
      });
  });

  test('403: by whoever may only read', async () => {
    expect((await ask(releasePath, { token: 'read', body })).status).toBe(403);
  });

  test('404: of what never was', async () => {
    const path = '/api/incidents/inc-none/release';
    expect((await ask(path, { token: 'admin', body })).status).toBe(404);
  });

  test('409: of what is released already', async () => {
    const guard = { releaseIncident: async () => 'not-open' as const };
    expect((await ask(releasePath, { token: 'admin', body, guard })).status).toBe(409);
  });
});
