import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedis } from '../../local/redis.ts';
import { buildCatalog } from '../../src/compose/build-catalog.ts';
import { buildFoundation, openFoundationStore } from '../../src/compose/build-foundation.ts';
import { buildGate } from '../../src/compose/build-gate.ts';
import { buildOperator } from '../../src/compose/build-http-services.ts';
import { readConfiguration } from '../../src/config/read-configuration.ts';
import type { OperatorDeps } from '../../src/operator/operations.ts';
import { readDepths } from '../../src/queue/count-jobs.ts';
import { startTestApp } from './http-app.ts';
import { createSeeds, hashKey } from './seed-messages.ts';
import { testShards } from './test-shards.ts';

export { seededAddresses } from './seed-messages.ts';

/** The operator's routes over a real, durable Redis, with the program's own wiring behind them. */
export async function startOperatorApi(environment: Readonly<Record<string, string>> = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'acc-operator-'));
  const server = await startRedis({ dir, port: 0 });
  const foundation = openFoundation(server.url, environment);
  await openFoundationStore(foundation, 10_000);
  const gate = buildGate(foundation);
  await gate.watch.start();
  const { keys, jobs } = foundation;
  const redis = foundation.redis.commands;
  const operator = buildOperator(foundation, {
    gate,
    renderer: buildCatalog(foundation.configuration, foundation.now).renderer,
    quarantine: noQuarantine,
    isPreflightPassed: () => true,
  });
  const app = await startTestApp({ perform: (operation, request) => operation.run(request, operator) });
  const seen: string[] = [];
  return {
    /** Of its Redis. */
    url: server.url,
    redis,
    keys,
    jobs,
    gate,
    /** Every response so far, as it was sent. */
    seen,
    ...createSeeds({ redis, keys, gate }),
    ask: async (method: string, path: string, body?: unknown, token = 'boss:admin') => {
      const answer = await fetch(`${app.url}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: body === undefined ? null : JSON.stringify(body),
      });
      const text = await answer.text();
      seen.push(text);
      return { status: answer.status, body: JSON.parse(text) };
    },
    readJobs: async () => (await readDepths({ redis, keys })).email,
    stop: async () => {
      await app.stop();
      await foundation.shutdown.run(2_000);
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

const noQuarantine = {} as OperatorDeps['quarantine'];

export type OperatorApi = Awaited<ReturnType<typeof startOperatorApi>>;

function openFoundation(redisUrl: string, environment: Readonly<Record<string, string>>) {
  const configuration = readConfiguration({
    REDIS_URL: redisUrl,
    AUTH_ISSUER: 'https://issuer.example.com',
    AUTH_JWKS_URL: 'https://issuer.example.com/jwks',
    AUTH_AUDIENCE: 'acc',
    ADDRESS_HASH_KEY: hashKey,
    DISABLE_SEND: 'false',
    APP_MODE: 'testing',
    ALLOWED_RECIPIENTS: '@example.com',
    LOG_LEVEL: 'error',
    SHARDS: String(testShards),
    ...environment,
  });
  return buildFoundation(configuration, 'test');
}
