import { expect, test } from 'vitest';
import { someEventId, someMessageId, startTestApp } from '../../../test/support/http-app.ts';
import { apiRoutes } from '../routes.ts';

test('a spent allowance refuses every route but those of operators: no flood stands between a person and the stop', async () => {
  const spent = { allowed: false, limit: 10, remaining: 0, windowSeconds: 6, resetSeconds: 2 };
  const app = await startTestApp({ clientLimit: { take: () => spent } });
  const limited: string[] = [];
  for (const { method, path } of apiRoutes) {
    const id = path.includes('messages') ? someMessageId : someEventId;
    const response = await fetch(`${app.url}${path.replace(/:\w+/, id)}`, {
      method,
      headers: { authorization: 'Bearer send+read+admin', 'content-type': 'application/json' },
      ...(method === 'GET' || method === 'DELETE' ? {} : { body: '{}' }),
    });
    if (response.status === 429) limited.push(`${method} ${path}`);
    await response.body?.cancel();
  }
  const expected = apiRoutes.filter(({ scope }) => scope !== 'notify.admin');
  expect(limited).toEqual(expected.map(({ method, path }) => `${method} ${path}`));
  expect(limited).not.toContain('PUT /api/control/send');
  await app.stop();
});
