import { viewMessage } from '../deliver/message-view.ts';
import { readQueueStatus } from '../deliver/queue-status.ts';
import { shardOf } from '../domain/ids.ts';
import { readSendStatus, type SendStatus } from '../gate/send-status.ts';
import type { HttpServices, RequestLine } from '../http/services.ts';
import { createAcceptEvent } from '../ingest/accept-event.ts';
import { createLatencyRecorder } from '../observe/latency.ts';
import type { Catalog } from '../plan/catalog.ts';
import { viewEvent } from '../plan/event-view.ts';
import { readEventRecord } from '../store/event-record.ts';
import { type MessageRecord, readMessageRecord } from '../store/message-record.ts';
import type { Foundation } from './build-foundation.ts';
import type { GateParts } from './build-gate.ts';
import { buildGuardServices } from './build-guard-services.ts';
import type { Identity } from './build-identity.ts';
import { buildIntake } from './build-intake.ts';
import { buildOperatorServices } from './build-operator-services.ts';
import { buildProviders } from './build-providers.ts';
import { buildQuarantine, readIdempotencyMs } from './build-quarantine.ts';
import { createDependencyCheck } from './dependency-report.ts';
import { listEnvironmentSettings, readEnvironmentFlags } from './environment-flags.ts';
import { startWindowAdder } from './start-window-adder.ts';

/** Everything that the HTTP routes need, from the stages that do it. */
export function buildHttpServices(
  foundation: Foundation,
  parts: { identity: Identity; catalog: Catalog; gate: GateParts },
): HttpServices {
  const { configuration, redis, keys, jobs, metrics, now, monotonicNow, releases } = foundation;
  const { values } = configuration;
  const { identity, catalog, gate } = parts;
  const providers = buildProviders(configuration);
  releases.push('providers', (deadlineMs) => providers.close(deadlineMs));
  const dependencies = createDependencyCheck(foundation, identity.keySet);
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
      environment: () => readEnvironmentFlags(configuration, dependencies.isStoreDurable()),
      settings: listEnvironmentSettings(configuration),
    });
  const addToWindows = startWindowAdder(foundation);
  return {
    tokens: identity.tokens,
    catalog,
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
    readEvent: async (id, owner) => {
      if (shardOf(id) >= keys.shards) return undefined;
      const event = await readEventRecord(redis.commands, keys, id);
      if (event === undefined || (owner !== 'any' && event.client !== owner)) return undefined;
      const messages = await Promise.all(
        event.messages.map((message) => readMessageRecord(redis.commands, keys.of(message), message)),
      );
      return viewEvent(
        event,
        messages.filter((message): message is MessageRecord => message !== undefined),
      );
    },
    readMessage: async (id, owner) => {
      if (shardOf(id) >= keys.shards) return undefined;
      const message = await readMessageRecord(redis.commands, keys.of(id), id);
      return message === undefined || (owner !== 'any' && message.client !== owner)
        ? undefined
        : viewMessage(message);
    },
    cancelMessage: async (id, owner, by) => {
      if (shardOf(id) >= keys.shards) return { kind: 'not-found' };
      const message = await readMessageRecord(redis.commands, keys.of(id), id);
      if (message === undefined || (owner !== 'any' && message.client !== owner))
        return { kind: 'not-found' };
      const answer = await gate.decisions.end(id, {
        to: 'cancelled',
        from: ['queued', 'retrying', 'held'],
        reason: 'cancelled',
        by,
      });
      if (answer.kind === 'done' || answer.state === 'cancelled') return { kind: 'cancelled' };
      const current = await readMessageRecord(redis.commands, keys.of(id), id);
      return current === undefined ? { kind: 'not-found' } : { kind: 'too-late', state: current.state };
    },
    readQueueStatus: () => readQueueStatus(store),
    readSendStatus: readStatus,
    operator: buildOperatorServices({ foundation, gate, providers, readSendStatus: readStatus }),
    guard: buildGuardServices(foundation),
    checkProviders: () => providers.listHealth(AbortSignal.timeout(6_000), now()),
    checkDependencies: () => dependencies.check(),
    onRequestEnd: (line) => {
      writeRequestLine(foundation, line);
      addToWindows(line);
    },
  };
}

function writeRequestLine(foundation: Foundation, line: RequestLine): void {
  const { log, metrics } = foundation;
  metrics.observeRequest({
    route: line.route,
    method: line.method,
    status: line.status,
    seconds: line.ms / 1_000,
  });
  if (line.tokenFault !== undefined) metrics.countTokenFailure(line.tokenFault);
  else if (line.isUnjudged === true) metrics.countKeysUnavailable();
  else if (line.clientId !== undefined) metrics.countTokenVerified();
  const fields = {
    request_id: line.requestId,
    method: line.method,
    route: line.route,
    status: line.status,
    ms: Math.round(line.ms * 100) / 100,
    client: line.clientId,
    code: line.code,
    token_fault: line.tokenFault,
    aborted: line.aborted ? true : undefined,
  };
  if (line.status >= 500 && line.code === 'internal-error')
    log.error({ ...fields, err: line.error }, 'request failed');
  else if (line.status >= 500)
    foundation.errors.error(
      `request ${line.code ?? ''}`,
      { ...fields, err: line.error },
      'request not served',
    );
  else log.debug(fields, 'request');
}
