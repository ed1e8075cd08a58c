import { expect, test } from 'vitest';
import { readResponse, startTestApp } from '../../../test/support/http-app.ts';
import type { DependencyReport } from '../services.ts';

const well = { ok: true, detail: 'ok' };
const sick = { ok: false, detail: 'no answer' };
const allWell: DependencyReport = { store: well, store_durable: well, issuer: well };

async function probe(path: string, report: DependencyReport, leave = false) {
  const app = await startTestApp({ checkDependencies: async () => report });
  if (leave) app.app.drain.leave();
  const answer = await app.get(path, '');
  const body = await readResponse(answer);
  await app.stop();
  return { status: answer.status, body };
}

test('an issuer outage stays ready', async () => {
  expect(await probe('/readyz', { ...allWell, issuer: sick })).toEqual({
    status: 200,
    body: { status: 'ready', draining: false },
  });
});

test.each(['store', 'store_durable'] as const)(
  'without %s it is not ready, and ?verbose tells why',
  async (name) => {
    const { status, body } = await probe('/readyz?verbose', { ...allWell, [name]: sick });
    expect(status).toBe(503);
    expect(body).toMatchObject({ status: 'not-ready', checks: { [name]: sick } });
  },
);

test('on its way out it is not ready but lives and serves', async () => {
  expect((await probe('/readyz', allWell, true)).status).toBe(503);
  expect((await probe('/livez', allWell, true)).status).toBe(200);
});

test('health is pass, warn or fail', async () => {
  const health = async (report: DependencyReport) => {
    const { status, body } = await probe('/health', report);
    return [status, body.status];
  };
  expect(await health(allWell)).toEqual([200, 'pass']);
  expect(await health({ ...allWell, issuer: sick })).toEqual([200, 'warn']);
  expect(await health({ ...allWell, store: sick })).toEqual([503, 'fail']);
});
