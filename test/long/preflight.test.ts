import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findRoot } from '../../local/root.ts';
import type { GateParts } from '../../src/compose/build-gate.ts';
import { readRehearsals } from '../../src/deliver/rehearsals.ts';
import { hashAddress } from '../../src/observe/address-hash.ts';
import { type ScriptedHttp, startScriptedHttp } from '../support/scripted-http.ts';
import { createSeeds } from '../support/seed-messages.ts';
import { anEvent, type Service, startService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

/** Everything that real sends need of a sender. The tests take one thing away; the other lines are those of `preflight.test.ts` in `src/config`. */
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
  SMTP_URL: 'smtps://user:9a3d48@127.0.0.1:1',
  SMTP_REQUIRE_TLS: 'true',
  MAIL_FROM: 'Scholar Desk <hello@desk.scholar.org>',
  SMS_FROM: 'Desk',
};
const hashKey = '5b0c7f1e9a3d4826b7e0c1f2a3948d57';
const to = '+15555550142';
const accepted = {
  status: 201,
  body: JSON.stringify({ sid: 'SM00000000000000000000000000000001', status: 'queued' }),
};

let templates = '';
let gateway: ScriptedHttp;
let service: Service;
let seeds: ReturnType<typeof createSeeds>;
beforeAll(async () => {
  templates = await mkdtemp(join(tmpdir(), 'templates-'));
  await cp(join(findRoot(), 'templates'), templates, { recursive: true });
  const brandFile = join(templates, '_shared/brand.yaml');
  await writeFile(brandFile, (await readFile(brandFile, 'utf8')).replace(/example/gi, 'laurel'));
  gateway = await startScriptedHttp(() => accepted);
  service = await startService({
    processes: [],
    environment: {
      ...production,
      ADDRESS_HASH_KEY: hashKey,
      TEMPLATES_DIR: templates,
      SMS_API_URL: String(gateway.baseUrl),
      SMS_ACCOUNT_SID: 'AC26b7e0',
      SMS_AUTH_TOKEN: '26b7e0c1f2a3',
    },
  });
  // Seals what comes in while the issuer is down; without it the guard fails a line of its own.
  const keys = `one:${randomBytes(32).toString('base64')}`;
  await service.startProcess('guard', 'guard', senderEnvironment({ QUARANTINE_KEYS: keys }));
  // No part of the gate is needed for messages that only wait.
  seeds = createSeeds({ redis: service.redis, keys: service.keys, gate: {} as GateParts });
});
afterAll(async () => {
  await service?.stop();
  await gateway?.close();
  await rm(templates, { recursive: true, force: true });
});

/** The environment of a sender; its store has a password, which this Redis takes without asking for one. */
function senderEnvironment(changes: Readonly<Record<string, string>>): Record<string, string> {
  const { port } = new URL(service.redisUrl);
  return { ...production, REDIS_URL: `redis://default:4fQ0b8@127.0.0.1:${port}`, ...changes };
}

async function restartSender(changes: Readonly<Record<string, string>>): Promise<void> {
  await service.processes.get('sender')?.stop();
  await service.startProcess('sender', 'sender', senderEnvironment(changes));
}

/**
 * Where a text to somebody ends; its address is on no list, so only production may write to it. It is put into the
 * store as the planner would: an API of production wants an issuer with https.
 */
async function send(mode = 'production'): Promise<unknown> {
  const { type, data } = anEvent();
  const id = await seeds.seedMessage({
    type: String(type),
    data: JSON.stringify(data),
    channel: 'sms',
    mode,
    to,
    toHash: hashAddress(hashKey, 'sms', to),
  });
  const ends: readonly string[] = ['sent', 'held', 'dead', 'rehearsed'];
  const { state, reason } = await waitFor(
    id,
    () => seeds.read(id),
    (message) => ends.includes(message.state),
  );
  return { state, reason };
}

/** What `acc guard` says in the place of this sender. */
async function runPreflight(changes: Readonly<Record<string, string>> = {}): Promise<string> {
  const env = {
    PATH: process.env['PATH'],
    ...service.environment,
    ...senderEnvironment(changes),
    METRICS_PORT: '9090',
  };
  const program = join(findRoot(), 'dist/src/cli/main.js');
  const argv = [program, 'guard', '--for', 'send-messages'];
  return await promisify(execFile)(process.execPath, argv, { env }).then(
    ({ stdout }) => `0 ${stdout}`,
    ({ code, stdout }: { code: number; stdout: string }) => `${code} ${stdout}`,
  );
}

test('what was never rehearsed is held, whatever a person has set', async () => {
  await restartSender({});
  expect(await send()).toEqual({ state: 'held', reason: 'guard' });
  expect(await runPreflight()).toMatch(
    /^1 [^]*FAIL {2}what goes live was rehearsed \(no rehearsal is on record\)/,
  );
});

test('a rehearsal is put on record by the sender that made it', async () => {
  await restartSender({ APP_MODE: 'dry_run', DRY_RUN_VERIFIED: '' });
  expect(await send('dry_run')).toEqual({ state: 'rehearsed', reason: 'would-send' });
  const { rehearsals } = await waitFor(
    'the record',
    () => readRehearsals(service),
    (record) => record.rehearsals.length > 0,
  );
  expect(rehearsals).toMatchObject([{ type: 'new_match_found' }]);
});

test('with other settings than those that were rehearsed it holds, and says so', async () => {
  await restartSender({ MAIL_FROM: 'Other <other@desk.scholar.org>' });
  expect(await send()).toEqual({ state: 'held', reason: 'guard' });
  const told = service.processes
    .get('sender')
    ?.lastLines()
    .find((line) => line.includes('preflight does not pass'));
  expect(told).toContain('with other settings');
});

test('with every line passed the sender sends, and acc guard says the same', async () => {
  await restartSender({});
  // The other processes look again every few seconds, and learn then that there was a rehearsal.
  const end = await waitFor('a message that is sent', send, (one) => JSON.stringify(one).includes('sent'));
  expect(end).toEqual({ state: 'sent', reason: '' });
  expect(gateway.requests).toHaveLength(1);
  expect(await runPreflight()).toMatch(/^0 [^]*rehearsed 0 h ago: new_match_found[^]*The preflight passes\./);
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

test('while another process fails a line that only it can judge, the sender holds', async () => {
  await service.startProcess('planner', 'planner', senderEnvironment({}));
  await restartSender({});
  expect(await send()).toEqual({ state: 'held', reason: 'guard' });
  const said = await runPreflight();
  expect(said).toMatch(
    /FAIL {2}every running process passes its own lines: plan-events on .*: recipients can be/,
  );
  await service.processes.get('planner')?.stop();
});

test('when the store is no longer durable it stops sending by itself', async () => {
  await restartSender({});
  await waitFor('a message that is sent', send, (one) => JSON.stringify(one).includes('sent'));
  await service.redis.config('SET', 'appendfsync', 'everysec');
  const end = await waitFor('a message that is held', send, (one) => JSON.stringify(one).includes('held'), {
    deadlineMs: 20_000,
  });
  expect(end).toEqual({ state: 'held', reason: 'guard' });
});
