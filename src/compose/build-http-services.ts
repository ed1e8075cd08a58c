import {
  listEnvironmentSettings,
  readEnvironmentFlags,
  readTriggerModes,
} from '../config/environment-flags.ts';
import type { ProofVerdict } from '../domain/proof-of-life.ts';
import { checkIngest } from '../gate/gate-watch.ts';
import { logRequest } from '../http/log-request.ts';
import type { HttpServices } from '../http/services.ts';
import { createAcceptEvent } from '../ingest/accept-event.ts';
import { type ClientLimit, createClientLimit } from '../ingest/limit-clients.ts';
import { createCapacityWatch } from '../ingest/watch-capacity.ts';
import { hashAddress } from '../observe/address-hash.ts';
import { createLatencyRecorder } from '../observe/latency.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { OperatorDeps } from '../operator/operations.ts';
import type { Catalog } from '../plan/catalog.ts';
import { settleDeadEvent } from '../plan/finish-event.ts';
import type { Renderer } from '../render/create-renderer.ts';
import { runTask } from '../runtime/run-task.ts';
import { createProofJudge } from '../watchdog/proof-of-life.ts';
import { type Foundation, toFlagStore } from './build-foundation.ts';
import type { GateParts } from './build-gate.ts';
import type { Identity } from './build-identity.ts';
import { buildQuarantine, readIdempotencyMs } from './build-quarantine.ts';
import { createDependencyCheck } from './check-dependencies.ts';
import { startWindowAdder } from './start-window-adder.ts';

/** What the HTTP services are built from. */
export interface HttpParts {
  readonly identity: Identity;
  readonly catalog: Catalog;
  readonly renderer: Renderer;
  readonly gate: GateParts;
  /** Whether every line of the preflight holds. */
  readonly isPreflightPassed: () => boolean;
}

/** Everything that the HTTP routes need, from the stages that do it. */
export function buildHttpServices(foundation: Foundation, parts: HttpParts) {
  const { configuration, redis, keys, jobs, metrics, now, monotonicNow } = foundation;
  const { identity, catalog, gate, renderer } = parts;
  const judgeProof = createProofJudge({
    redis: redis.commands,
    keys,
    intervalMs: configuration.values.PROOF_OF_LIFE_SECONDS * 1_000,
    monotonicNow,
  });
  exportProofAge(metrics, judgeProof);
  const latency = createLatencyRecorder({ nowMs: monotonicNow });
  const intake = buildIntake(foundation, gate);
  const acceptEvent = createAcceptEvent({
    redis: redis.commands,
    keys,
    jobs,
    mode: configuration.values.APP_MODE,
    idempotencyMs: readIdempotencyMs(foundation),
    now,
  });
  const { quarantine, quarantineEvent } = buildQuarantine(foundation, identity);
  const operator = buildOperator(foundation, { ...parts, quarantine });
  const addToWindows = startWindowAdder(foundation, latency);
  const services: HttpServices = {
    tokens: identity.tokens,
    catalog: {
      ...catalog,
      directoryIdField: configuration.values.DIRECTORY_ID_FIELD,
      checkDrafts: (event) => renderer.checkDrafts(event),
    },
    latency,
    ...intake,
    acceptEvent: async (request) => {
      intake.checkIntake();
      const result = await acceptEvent(request);
      if (result.kind === 'accepted')
        metrics.countEventAccepted({ type: request.event.type, client: request.client });
      return result;
    },
    ...(quarantineEvent === undefined
      ? {}
      : {
          quarantineEvent: async (unjudged) => {
            intake.checkIntake();
            return await quarantineEvent(unjudged);
          },
        }),
    perform: (operation, request) => operation.run(request, operator),
    checkDependencies: createDependencyCheck(foundation, identity.keySet, judgeProof),
    onRequestEnd: (line) => {
      logRequest(foundation, line);
      addToWindows(line);
    },
  };
  return { services, operator };
}

/** Read at each scrape; absent when it cannot be read, which an alert can see. */
function exportProofAge(metrics: Metrics, judgeProof: () => Promise<ProofVerdict | undefined>): void {
  metrics.onCollect(async () => {
    metrics.setProofOfLifeAge(undefined);
    metrics.setProofOfLifeAge((await judgeProof())?.ageMs);
    return {};
  });
}

interface Intake {
  /** Throws `store-unavailable`, `ingestion-paused` or `over-capacity` (503) while no event is to be taken. */
  checkIntake(): void;
  readonly clientLimit: ClientLimit;
}

const capacityEveryMs = 1_000;

/** Whether events are taken at all now, and how many of each client. Neither question costs a round trip. */
function buildIntake(foundation: Foundation, gate: GateParts): Intake {
  const { configuration, redis, keys, log, now, monotonicNow, reportError } = foundation;
  const { values } = configuration;
  const capacity = createCapacityWatch({
    redis: redis.commands,
    keys,
    budget: { memoryShareMax: values.STORE_MEMORY_SHARE_MAX, backlogMax: values.BACKLOG_MAX },
    onChange: (verdict) => log.warn({ ...verdict }, 'intake capacity changed'),
  });
  // Without a response the last verdict stands; that the store is away is told by the gate.
  runTask(foundation, { name: 'capacity watch', everyMs: capacityEveryMs, run: () => capacity.look() });
  return {
    checkIntake: () => {
      checkIngest(gate.watch, now());
      capacity.check();
    },
    clientLimit: createClientLimit({
      redis: redis.commands,
      keys,
      ratePerMinute: values.CLIENT_RATE_PER_MINUTE,
      burst: values.CLIENT_BURST,
      burden: () => capacity.burden(),
      now: monotonicNow,
      onError: (error) => reportError('client limit', error),
    }),
  };
}

interface OperatorParts {
  readonly gate: GateParts;
  readonly renderer: Renderer;
  readonly quarantine: OperatorDeps['quarantine'];
  /** Whether every line of the preflight holds. */
  readonly isPreflightPassed: () => boolean;
}

/** What the operations of the operators' API need, from the stages that do it. */
export function buildOperator(foundation: Foundation, parts: OperatorParts): OperatorDeps {
  const { configuration, keys, jobs, metrics, monotonicNow, reportError } = foundation;
  const { decisions, limits, retentionMs } = parts.gate;
  const store = toFlagStore(foundation);
  const { watch } = parts.gate;
  return {
    ...store,
    lastSeen: () => watch.current(),
    monotonicNow,
    jobs,
    reportError,
    decisions,
    limits,
    renderer: parts.renderer,
    quarantine: parts.quarantine,
    environment: () => readEnvironmentFlags(configuration, parts.isPreflightPassed()),
    settings: listEnvironmentSettings(configuration),
    triggerModes: readTriggerModes(configuration),
    hashAddress: (channel, address) =>
      hashAddress(configuration.values.ADDRESS_HASH_KEY ?? '', channel, address),
    settleEvent: (id, to, decision) =>
      settleDeadEvent({ redis: store.redis, keys, retentionMs }, id, to, decision),
    onStopped: (stopMs) => metrics.observeStop(stopMs),
  };
}
