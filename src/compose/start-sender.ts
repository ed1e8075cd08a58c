import { hostname } from 'node:os';
import { readEnvironmentFlags } from '../config/environment-flags.ts';
import { attemptMessage, endPoisonMessage } from '../deliver/attempt-message.ts';
import { createDecisionNotes, notePermitResults } from '../deliver/note-decision.ts';
import { createHealthAnswers, healthLookMs } from '../deliver/provider-health.ts';
import { createRehearsalRecorder } from '../deliver/rehearsals.ts';
import type { SendDeps } from '../deliver/send-deps.ts';
import { reportEveryMs, senderReports } from '../deliver/sender-reports.ts';
import { createTurns } from '../deliver/take-turns.ts';
import { channels } from '../domain/channel.ts';
import type { EnvironmentFlags } from '../domain/judge-environment.ts';
import type { ReleaseDigest } from '../domain/judge-rehearsal.ts';
import type { ProviderSet } from '../providers/choose-provider.ts';
import { createOutbox } from '../providers/outbox.ts';
import type { ProviderHealth } from '../providers/provider.ts';
import { runTask } from '../runtime/run-task.ts';
import { readMessageRecord } from '../store/message-record.ts';
import { parkRecord } from '../store/park-record.ts';
import { readStoreClock } from '../store/store-clock.ts';
import { buildCatalog } from './build-catalog.ts';
import type { Foundation } from './build-foundation.ts';
import { buildGate } from './build-gate.ts';
import { buildProviders } from './build-providers.ts';
import { buildSyntheticProbe, toProbeDeps } from './build-synthetic-probe.ts';
import { checkStore } from './check-dependencies.ts';
import { runHosts } from './run-host.ts';
import { type PreflightOptions, readRelease, startPreflight } from './start-preflight.ts';

const durabilityEveryMs = 10_000;
const spreadMsMax = 300_000;
const recordEveryMs = 2_000;
const healthMs = 6_000;
/** While one message is being sent, another is rendered, asks for its permit or is written down. */
const messagesPerConnection = 2;

/** Starts the worker that delivers messages, one queue per channel. */
export async function startSender(foundation: Foundation): Promise<void> {
  const { configuration, redis, keys, log, metrics, now, monotonicNow, shutdown } = foundation;
  const { values } = configuration;
  const { catalog, renderer } = buildCatalog(configuration, now);
  const release = readRelease(foundation, { catalog, renderer });
  const gate = buildGate(foundation);
  const providers = buildProviders(configuration, 'send');
  shutdown.push('providers', (deadlineMs) => providers.close(deadlineMs));
  metrics.admitTypes(catalog.types());
  const notes = createDecisionNotes({ redis: redis.commands, keys, now });
  shutdown.push('decision notes', () => notes.flush());
  const deps: SendDeps = {
    readMessage: (id) => readMessageRecord(redis.commands, keys.of(id), id),
    parkMessage: (id) => parkRecord({ redis: redis.commands, keys }, 'messages', id),
    findTemplate: (type) => catalog.find(type),
    renderer,
    permits: notePermitResults(gate.permits, notes.note),
    noteDecision: notes.note,
    decisions: gate.decisions,
    watch: gate.watch,
    providers,
    turns: createTurns({ paceMs: 60_000 / (gate.limits.perMinuteByDomain ?? 60_000), spreadMsMax }),
    outbox: createOutbox(values.OUTBOX_DIR),
    noteRehearsal: recordRehearsalsOf(foundation, release),
    senders: {
      mailFrom: configuration.mailFrom,
      ...(configuration.mailReplyTo === undefined ? {} : { mailReplyTo: configuration.mailReplyTo }),
      smsFrom: values.SMS_FROM,
    },
    environment: await watchEnvironment(foundation, { release, brand: catalog.shared.brand }),
    recipients: configuration.recipients,
    retriesEnabled: values.RETRIES_ENABLED,
    permitDeadlineMs: values.PERMIT_DEADLINE_MS,
    attemptTimeoutMs: values.ATTEMPT_TIMEOUT_SECONDS * 1_000,
    metrics,
    log,
    now,
    monotonicNow,
    storeNow: () => readStoreClock(redis.commands),
    random: Math.random,
  };
  reportStandings(foundation, providers);
  const proofDeps = toProbeDeps(foundation, buildSyntheticProbe(foundation), deps);
  await gate.watch.start();
  for (const channel of channels) {
    await runHosts(foundation, {
      queue: channel,
      connection: redis.createWorkerConnection(`send-${channel}`),
      concurrency: messagesPerConnection * values.SEND_CONCURRENCY,
      handleJob: (...job) => attemptMessage(deps, ...job),
      handleProof: (...job) => attemptMessage(proofDeps, ...job),
      endPoison: (id) => endPoisonMessage(deps, id),
      watch: gate.watch,
      flags: ['consume', `consume:${channel}`],
    });
  }
}

/** Puts on record which types are rehearsed with this release, together every few seconds. */
function recordRehearsalsOf(foundation: Foundation, release: ReleaseDigest): (type: string) => void {
  const { redis, keys } = foundation;
  const { note, record } = createRehearsalRecorder({ redis: redis.commands, keys }, release);
  runTask(foundation, { name: 'rehearsals', everyMs: recordEveryMs, run: record, atEnd: record });
  return note;
}

/** Says in the store what this sender knows of its providers, and checks them when somebody asks, so that every API can show it. */
function reportStandings(foundation: Foundation, providers: ProviderSet): void {
  const { redis, keys, monotonicNow, shutdown } = foundation;
  const store = { redis: redis.commands, keys };
  const sender = `${hostname()}:${process.pid}`;
  const checkHealth = createHealthCheck(foundation, providers);
  const result = createHealthAnswers(store, sender, checkHealth.list);
  shutdown.ending.addEventListener('abort', () => checkHealth.abort());
  runTask(foundation, { name: 'provider checks', everyMs: healthLookMs, run: result });
  const report = (): Promise<void> =>
    senderReports.write(store, sender, { providers: providers.listStatuses(monotonicNow()) });
  // What stays is dropped by whoever reads it next.
  const atEnd = (): Promise<void> => senderReports.drop(store, sender);
  runTask(foundation, { name: 'provider report', everyMs: reportEveryMs, run: report, atEnd });
}

/** A sender that rehearses has built no provider; those that it only asks are built when somebody first does. */
function createHealthCheck(
  { configuration, shutdown }: Foundation,
  providers: ProviderSet,
): { readonly list: () => Promise<readonly ProviderHealth[]>; readonly abort: () => void } {
  let checked = configuration.values.APP_MODE === 'dry_run' ? undefined : providers;
  const life = new AbortController();
  const list = async (): Promise<readonly ProviderHealth[]> => {
    if (checked === undefined) {
      const built = buildProviders(configuration, 'check');
      checked = built;
      shutdown.push('checked providers', (deadlineMs) => built.close(deadlineMs));
    }
    return await checked.listHealth(AbortSignal.any([life.signal, AbortSignal.timeout(healthMs)]));
  };
  return { list, abort: () => life.abort() };
}

/** The environment's flags, with whether the preflight passes now. */
async function watchEnvironment(
  foundation: Foundation,
  facts: Pick<PreflightOptions, 'release' | 'brand'>,
): Promise<() => EnvironmentFlags> {
  const { configuration } = foundation;
  const look = (): Promise<unknown> => checkStore(foundation);
  runTask(foundation, { name: 'durability watch', everyMs: durabilityEveryMs, run: look });
  const isPassed = await startPreflight(foundation, { process: 'send-messages', ...facts });
  return () => readEnvironmentFlags(configuration, isPassed());
}
