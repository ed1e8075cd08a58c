import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Issuer, startIssuer } from '../../local/issuer.ts';
import { findRoot } from '../../local/root.ts';
import { type CuttableProxy, startCuttableProxy } from '../support/cuttable-proxy.ts';
import { type CuttableRedis, startCuttableRedis } from '../support/preload/cuttable-redis.ts';
import { createSteppedClock, type SteppedClock } from '../support/preload/stepped-clock.ts';
import { type Service, startService } from '../support/service.ts';
import { createServiceClient, issuerClients } from '../support/service-client.ts';
import { type Providers, startProviders } from './providers.ts';
import { createSendingSwitch, type SendingSwitch } from './sending-switch.ts';
import { type ProcessSpec, type Supervisor, startSupervisor } from './supervisor.ts';
import { createTraffic, type Traffic } from './traffic.ts';

/** All that a storm goes over: real processes, a real store, and around them what can be broken. */
export interface World {
  readonly redis: CuttableRedis;
  /** Between the service and its store. */
  readonly wire: CuttableProxy;
  readonly service: Service;
  readonly processes: Supervisor;
  readonly providers: Providers;
  readonly clocks: { readonly api: SteppedClock; readonly workers: SteppedClock };
  readonly sending: SendingSwitch;
  readonly traffic: Traffic;
  /** The issuer goes, `act` happens, and it is back on the same port. */
  withoutIssuer(act: () => Promise<void>): Promise<void>;
  rotateKeys(): Promise<void>;
  close(): Promise<void>;
}

/** Texts in any minute. The storm posts about as many, and more after every stop. */
export const textsPerMinute = 60;

const settings = {
  ATTEMPT_TIMEOUT_SECONDS: '1',
  SEND_CONCURRENCY: '4',
  QUARANTINE_KEYS: `test:${Buffer.alloc(32, 7).toString('base64')}`,
  QUARANTINE_PER_SOURCE_PER_MINUTE: '100000',
  ALLOWED_RECIPIENTS: '@example.com,+155555*',
  SMS_DAILY_BUDGET: '100000',
  RATE_LIMIT_ENABLED: 'true',
  RATE_LIMIT_PER_MINUTE: '1000000',
  RATE_LIMIT_SMS_PER_MINUTE: String(textsPerMinute),
} as const;

export async function openWorld(shards: number): Promise<World> {
  const dir = await mkdtemp(join(tmpdir(), 'storm-'));
  const redis = await startCuttableRedis({ dir: join(dir, 'store') });
  const wire = await startCuttableProxy(redis.port);
  const openIssuer = (port: number): Promise<Issuer> =>
    startIssuer({ port, clients: issuerClients, keysDir: dir });
  let issuer = await openIssuer(0);
  const providers = await startProviders();
  const clocks = {
    api: await createSteppedClock(dir, 'api'),
    workers: await createSteppedClock(dir, 'workers'),
  };
  const service = await startService({
    redisUrl: redis.url,
    environment: {
      ...settings,
      SHARDS: String(shards),
      ...providers.environment,
      REDIS_URL: `redis://127.0.0.1:${wire.port}`,
      AUTH_ISSUER: issuer.url,
      AUTH_JWKS_URL: issuer.jwksUrl,
    },
    processes: [],
  });
  const client = createServiceClient(service.url, issuer);
  const ours = { ...service, ...client };
  const processes = await startSupervisor(service, listProcesses(clocks));
  return {
    redis,
    wire,
    service: ours,
    processes,
    providers,
    clocks,
    sending: createSendingSwitch(ours),
    traffic: createTraffic(ours, client),
    withoutIssuer: async (act) => {
      await issuer.stop();
      await act();
      issuer = await openIssuer(Number(new URL(issuer.url).port));
    },
    rotateKeys: () => issuer.rotateKeys(),
    close: async () => {
      processes.close();
      await service.stop();
      await Promise.all([providers.close(), issuer.stop(), clocks.api.close(), clocks.workers.close()]);
      await wire.close();
      await redis.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Two senders, one with a clock of its own; and workers that die of a poison (test/support/preload/poison.mjs). */
function listProcesses({ api, workers }: World['clocks']): readonly ProcessSpec[] {
  const preload = `--import=${pathToFileURL(`${findRoot()}/test/support/preload/poison.mjs`).href}`;
  const poisoned = (kind: 'planner' | 'sender') => ({ NODE_OPTIONS: preload, POISON: kind });
  return [
    { name: 'api', kind: 'api', environment: api.environment },
    { name: 'planner', kind: 'planner', environment: { ...workers.environment, ...poisoned('planner') } },
    { name: 'guard', kind: 'guard', environment: workers.environment },
    { name: 'sender', kind: 'sender', environment: poisoned('sender') },
    { name: 'sender-2', kind: 'sender', environment: { ...workers.environment, ...poisoned('sender') } },
  ];
}
