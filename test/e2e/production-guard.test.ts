import { afterAll, beforeAll, expect, test } from 'vitest';
import type { GateParts } from '../../src/compose/build-gate.ts';
import { hashAddress } from '../../src/observe/address-hash.ts';
import { type ScriptedHttp, startScriptedHttp } from '../support/scripted-http.ts';
import { createSeeds } from '../support/seed-messages.ts';
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
const hashKey = '5b0c7f1e9a3d4826b7e0c1f2a3948d57';
const to = '+15555550142';
const accepted = {
  status: 201,
  body: JSON.stringify({ sid: 'SM00000000000000000000000000000001', status: 'queued' }),
};

let gateway: ScriptedHttp;
let service: Service;
let seeds: ReturnType<typeof createSeeds>;
beforeAll(async () => {
  gateway = await startScriptedHttp(() => accepted);
  service = await startService({
    processes: ['guard'],
    environment: {
      ...production,
      ADDRESS_HASH_KEY: hashKey,
      SMS_API_URL: String(gateway.baseUrl),
      SMS_ACCOUNT_SID: 'AC26b7e0',
      SMS_AUTH_TOKEN: '26b7e0c1f2a3',
    },
  });
  // No part of the gate is needed for messages that only wait.
  seeds = createSeeds({ redis: service.redis, keys: service.keys, gate: {} as GateParts });
});
afterAll(async () => {
  await service?.stop();
  await gateway?.close();
});

async function restartSender(changes: Readonly<Record<string, string>>): Promise<void> {
  await service.processes.get('sender')?.stop();
  await service.startProcess('sender', 'sender', changes);
}

/**
 * Where a text to somebody ends; its address is on no list, so only production may write to it. It is put into the
 * store as the planner would: an API of production wants an issuer with https.
 */
async function send(): Promise<unknown> {
  const { type, data } = anEvent();
  const id = await seeds.seedMessage({
    type: String(type),
    data: JSON.stringify(data),
    channel: 'sms',
    mode: 'production',
    to,
    toHash: hashAddress(hashKey, 'sms', to),
  });
  const ends: readonly string[] = ['sent', 'held', 'dead'];
  const { state, reason } = await waitFor(
    id,
    () => seeds.read(id),
    (message) => ends.includes(message.state),
  );
  return { state, reason };
}

test('with every line passed the sender sends', async () => {
  await restartSender({});
  expect(await send()).toEqual({ state: 'sent', reason: '' });
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
