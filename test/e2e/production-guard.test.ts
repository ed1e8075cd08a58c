import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ScriptedHttp, startScriptedHttp } from '../support/scripted-http.ts';
import { anEvent, type Service, startService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

/** Everything that real sends need. The tests take one thing away; the other lines are those of `production-guard.test.ts` in `src/config`. */
const production = {
  ENVIRONMENT: 'production',
  APP_MODE: 'production',
  APP_BASE_URL: 'https://acc.example.com',
  EXPECTED_BASE_URL: 'https://acc.example.com',
  DRY_RUN_VERIFIED: 'true',
  AUTH_ISSUER: 'https://issuer.example.com',
  AUTH_JWKS_URL: 'https://issuer.example.com/jwks',
  METRICS_PORT: '0',
  RATE_LIMIT_ENABLED: 'true',
  RATE_LIMIT_PER_MINUTE: '1000',
  SMTP_REQUIRE_TLS: 'true',
};
const accepted = {
  status: 201,
  body: JSON.stringify({ sid: 'SM00000000000000000000000000000001', status: 'queued' }),
};

let gateway: ScriptedHttp;
let service: Service;
beforeAll(async () => {
  gateway = await startScriptedHttp(() => accepted);
  service = await startService({
    processes: ['planner', 'api'],
    environment: {
      ADDRESS_HASH_KEY: '5b0c7f1e9a3d4826b7e0c1f2a3948d57',
      SMS_API_URL: String(gateway.baseUrl),
      SMS_ACCOUNT_SID: 'AC26b7e0',
      SMS_AUTH_TOKEN: '26b7e0c1f2a3',
    },
  });
});
afterAll(async () => {
  await service?.stop();
  await gateway?.close();
});

async function restartSender(changes: Readonly<Record<string, string>>): Promise<void> {
  await service.processes.get('sender')?.stop();
  await service.startProcess('sender', 'sender', { ...production, ...changes });
}

/** Where a text to somebody ends; its address is on no list, so only production may write to it. */
async function send(): Promise<unknown> {
  const id = await service.post(anEvent({ phone: '+15555550142' }));
  const [message] = await service.waitForMessages(id, ['sent', 'held', 'dead']);
  return { state: message?.state, reason: message?.reason };
}

test('with every line passed the sender sends', async () => {
  await restartSender({});
  expect(await send()).toEqual({ state: 'sent', reason: undefined });
  expect(gateway.requests).toHaveLength(1);
});

test.each([
  ['DRY_RUN_VERIFIED', ''],
  ['SMS_AUTH_TOKEN', 'changeme'],
])('with %s=%j it holds, and calls nobody', async (name, value) => {
  await restartSender({ [name]: value });
  const before = gateway.connections;
  expect(await send()).toEqual({ state: 'held', reason: 'guard' });
  expect(gateway.connections).toBe(before);
});

test('when the store is no longer durable it stops sending by itself', async () => {
  await restartSender({});
  expect(await send()).toMatchObject({ state: 'sent' });
  await service.redis.config('SET', 'appendfsync', 'everysec');
  const end = await waitFor('a message that is held', send, (one) => JSON.stringify(one).includes('held'), {
    deadlineMs: 20_000,
  });
  expect(end).toEqual({ state: 'held', reason: 'guard' });
});
