import type { Configuration } from '../config/derive-configuration.ts';
import { createOwnToken, type OwnToken } from '../identity/own-token.ts';
import { hashAddress } from '../observe/address-hash.ts';
import type { Directory } from '../plan/directory.ts';
import { createFileDirectory } from '../plan/directory-file.ts';
import { createHttpDirectory } from '../plan/directory-http.ts';
import { endPoisonEvent, type Planner, planEvent } from '../plan/plan-event.ts';
import { buildCatalog } from './build-catalog.ts';
import type { Foundation } from './build-foundation.ts';
import { buildGate } from './build-gate.ts';
import { buildSyntheticProbe, toProbePlanner } from './build-synthetic-probe.ts';
import { runHosts } from './run-host.ts';
import { readRelease, startPreflight } from './start-preflight.ts';

/** Starts the worker that turns events into messages. */
export async function startPlanner(foundation: Foundation): Promise<void> {
  const { configuration, redis, keys, jobs, log, now, monotonicNow, shutdown } = foundation;
  const { values } = configuration;
  const { catalog, renderer } = buildCatalog(configuration, now);
  const { directory, ownToken } = buildDirectory(configuration, { now, monotonicNow });
  const gate = buildGate(foundation);
  const life = new AbortController();
  shutdown.push('own token', () => life.abort());
  ownToken?.start(life.signal);
  const planner: Planner = {
    redis: redis.commands,
    keys,
    jobs,
    catalog,
    directory,
    directoryIdField: configuration.values.DIRECTORY_ID_FIELD,
    hashAddress: (channel, address) => hashAddress(values.ADDRESS_HASH_KEY ?? '', channel, address),
    retentionMs: gate.retentionMs,
    directoryHorizonMs: 24 * 3_600_000,
    log,
    now,
    random: Math.random,
  };
  await startPreflight(foundation, {
    process: 'plan-events',
    release: readRelease(foundation, { catalog, renderer }),
    brand: catalog.shared.brand,
  });
  const proofPlanner = toProbePlanner(buildSyntheticProbe(foundation), planner);
  await gate.watch.start();
  await runHosts(foundation, {
    queue: 'events',
    connection: redis.createWorkerConnection('plan-events'),
    concurrency: values.PLAN_CONCURRENCY,
    handleJob: (...job) => planEvent(planner, ...job),
    handleProof: (...job) => planEvent(proofPlanner, ...job),
    endPoison: (id) => endPoisonEvent(planner, id),
    watch: gate.watch,
    flags: ['consume', 'consume:events'],
  });
}

/** The directory that is configured: over HTTP with our own token, from a file, or none, which refuses look-ups. */
function buildDirectory(
  configuration: Configuration,
  clock: { now: () => number; monotonicNow: () => number },
): { readonly directory: Directory; readonly ownToken?: OwnToken } {
  const { values } = configuration;
  const allowHttp = values.ENVIRONMENT === 'local';
  const idField = values.DIRECTORY_ID_FIELD;
  if (values.DIRECTORY_URL !== undefined) {
    const ownToken = createOwnToken({
      tokenUrl: values.M2M_TOKEN_URL ?? '',
      clientId: values.M2M_CLIENT_ID ?? '',
      clientSecret: values.M2M_CLIENT_SECRET ?? '',
      scope: values.M2M_SCOPE,
      ...(values.M2M_AUDIENCE === undefined ? {} : { audience: values.M2M_AUDIENCE }),
      allowHttp,
      now: clock.monotonicNow,
      random: Math.random,
    });
    const directory = createHttpDirectory({
      baseUrl: values.DIRECTORY_URL,
      idField,
      allowHttp,
      readToken: ownToken.readToken,
      now: clock.monotonicNow,
    });
    return { directory, ownToken };
  }
  if (values.DIRECTORY_FILE !== undefined) {
    return {
      directory: createFileDirectory({ path: values.DIRECTORY_FILE, idField }),
    };
  }
  const detail = 'no directory is configured: set DIRECTORY_URL or DIRECTORY_FILE';
  return { directory: { lookUpRecipient: () => Promise.resolve({ kind: 'unreachable', detail }) } };
}
