import { readQueueStatus } from '../deliver/queue-status.ts';
import { readSendStatus, type SendStatus } from '../gate/send-status.ts';
import type { HttpServices } from '../http/services.ts';
import { createAcceptEvent } from '../ingest/accept-event.ts';
import { createLatencyRecorder } from '../observe/latency.ts';
import type { Catalog } from '../plan/catalog.ts';
import type { Renderer } from '../render/create-renderer.ts';
import type { Foundation } from './build-foundation.ts';
import type { GateParts } from './build-gate.ts';
import { buildGuardServices } from './build-guard-services.ts';
import type { Identity } from './build-identity.ts';
import { buildIntake } from './build-intake.ts';
import { buildOperatorServices } from './build-operator-services.ts';
import { createProviderCheck } from './build-provider-check.ts';
import { buildQuarantine, readIdempotencyMs } from './build-quarantine.ts';
import { buildRecordServices } from './build-record-services.ts';
import { createDependencyCheck } from './dependency-report.ts';
import { listEnvironmentSettings, readEnvironmentFlags } from './environment-flags.ts';
import { createProofJudge, exportProofAge } from './judge-proof.ts';
import { startWindowAdder } from './start-window-adder.ts';
import { writeRequestLine } from './write-request-line.ts';

/** What the HTTP services are built from. */
export interface HttpParts {
  readonly identity: Identity;
  readonly catalog: Catalog;
  readonly renderer: Renderer;
  readonly gate: GateParts;
  /** Whether every line of the production guard holds. */
  readonly isGuardPassed: () => boolean;
}

/** Everything that the HTTP routes need, from the stages that do it. */
export function buildHttpServices(foundation: Foundation, parts: HttpParts): HttpServices {
  const { configuration, redis, keys, jobs, metrics, now, monotonicNow } = foundation;
  const { values } = configuration;
  const { identity, catalog, gate } = parts;
  const checkProviders = createProviderCheck(foundation);
  const judgeProof = createProofJudge(foundation);
  exportProofAge(foundation, judgeProof);
  const dependencies = createDependencyCheck(foundation, identity.keySet, judgeProof);
  const latency = createLatencyRecorder({ nowMs: monotonicNow });
  const intake = buildIntake(foundation, gate);
  const acceptEvent = createAcceptEvent({
    redis: redis.commands,
    keys,
    jobs,
    mode: values.APP_MODE,
    idempotencyMs: readIdempotencyMs(foundation),
    now,
  });
  const store = { redis: redis.commands, keys, jobs, now };
  const readStatus = (): Promise<SendStatus> =>
    readSendStatus({
      ...store,
      environment: () => readEnvironmentFlags(configuration, parts.isGuardPassed()),
      settings: listEnvironmentSettings(configuration),
    });
  const addToWindows = startWindowAdder(foundation, latency);
  return {
    tokens: identity.tokens,
    catalog: { ...catalog, checkDrafts: (event) => parts.renderer.checkDrafts(event) },
    latency,
    ...intake,
    acceptEvent: async (request) => {
      intake.checkIntake();
      const answer = await acceptEvent(request);
      if (answer.kind === 'accepted')
        metrics.countEventAccepted({ type: request.event.type, client: request.client });
      return answer;
    },
    quarantine: buildQuarantine(foundation, identity, () => intake.checkIntake()),
    ...buildRecordServices(foundation, gate),
    readQueueStatus: () => readQueueStatus(store),
    readSendStatus: readStatus,
    operator: buildOperatorServices({ ...parts, foundation, checkProviders, readSendStatus: readStatus }),
    guard: buildGuardServices(foundation),
    checkProviders,
    checkDependencies: () => dependencies.check(),
    onRequestEnd: (line) => {
      writeRequestLine(foundation, line);
      addToWindows(line);
    },
  };
}
