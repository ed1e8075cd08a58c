import { hostname } from 'node:os';
import { attemptMessage, endPoisonMessage } from '../deliver/attempt-message.ts';
import type { Desk } from '../deliver/desk.ts';
import { createDecisionNotes, notePermitAnswers } from '../deliver/note-decision.ts';
import { createHealthAnswers, healthLookMs } from '../deliver/provider-health.ts';
import { recordRehearsals } from '../deliver/rehearsals.ts';
import { dropSenderReport, reportEveryMs, writeSenderReport } from '../deliver/sender-reports.ts';
import { createTurns } from '../deliver/take-turns.ts';
import type { EnvironmentFlags } from '../domain/judge-environment.ts';
import type { ReleaseDigest } from '../domain/judge-rehearsal.ts';
import { channels } from '../domain/message.ts';
import type { ProviderSet } from '../providers/choose-provider.ts';
import { createOutbox } from '../providers/outbox.ts';
import type { ProviderHealth } from '../providers/provider.ts';
import { checkDurability } from '../store/durability.ts';
import { readMessageRecord } from '../store/message-record.ts';
import { parkRecord } from '../store/park-record.ts';
import { readStoreClock } from '../store/store-clock.ts';
import { buildCatalog } from './build-catalog.ts';
import type { Foundation } from './build-foundation.ts';
import { buildGate } from './build-gate.ts';
import { buildProofSpace, toProofDesk } from './build-proof-space.ts';
import { buildProviders } from './build-providers.ts';
import { readEnvironmentFlags } from './environment-flags.ts';
import { runHost } from './run-host.ts';
import { runTask } from './run-task.ts';
import { readRelease, watchGuard } from './watch-guard.ts';

const durabilityEveryMs = 10_000;
const spreadMsMax = 300_000;
const recordEveryMs = 2_000;
const healthMs = 6_000;

/** Starts the worker that delivers messages, one queue per channel. */
export async function startSender(foundation: Foundation): Promise<void> {
  const { configuration, redis, keys, log, metrics, now, monotonicNow, releases } = foundation;
  const { values } = configuration;
  const { catalog, renderer } = buildCatalog(configuration, now);
  const release = readRelease(foundation, { catalog, renderer });
  const gate = buildGate(foundation);
  const providers = buildProviders(configuration, 'send');
  releases.push('providers', (deadlineMs) => providers.close(deadlineMs));
  metrics.admitTypes(catalog.types());
  const notes = createDecisionNotes({ redis: redis.commands, keys, now });
  releases.push('decision notes', () => notes.flush());
  const desk: Desk = {
    readMessage: (id) => readMessageRecord(redis.commands, keys.of(id), id),
    parkMessage: (id) => parkRecord({ redis: redis.commands, keys }, 'messages', id),
    findTemplate: (type) => catalog.find(type),
    renderer,
    permits: notePermitAnswers(gate.permits, notes.note),
    noteDecision: notes.note,
    decisions: gate.decisions,
    watch: gate.watch,
    providers,
    turns: createTurns({ paceMs: 60_000 / (gate.limits.perMinuteByDomain ?? 60_000), spreadMsMax }),
    outbox: createOutbox(values.OUTBOX_DIR),
    noteRehearsal: recordEachRehearsal(foundation, release),
    senders: {
      mailFrom: configuration.mailFrom,
      ...(configuration.mailReplyTo === undefined ? {} : { mailReplyTo: configuration.mailReplyTo }),
      smsFrom: values.SMS_FROM,
    },
    environment: await watchEnvironment(foundation, release),
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
  const proofDesk = toProofDesk(foundation, buildProofSpace(foundation), desk);
  await gate.watch.start();
  for (let shard = 0; shard < keys.shards; shard += 1) {
    for (const channel of channels) {
      await runHost(foundation, {
        queue: channel,
        queuePrefix: keys.shard(shard).queuePrefix,
        connection: redis.createWorkerConnection(`send-${channel}`),
        concurrency: values.SEND_CONCURRENCY,
        handleJob: (...job) => attemptMessage(desk, ...job),
        handleProof: (...job) => attemptMessage(proofDesk, ...job),
        endPoison: (id) => endPoisonMessage(desk, id),
        watch: gate.watch,
        flags: ['consume', `consume:${channel}`],
      });
    }
  }
}

/** Puts on record which types are rehearsed with this release, together every few seconds. */
function recordEachRehearsal(foundation: Foundation, release: ReleaseDigest): (type: string) => void {
  const { redis, keys } = foundation;
  const types = new Set<string>();
  const record = async (): Promise<void> => {
    const noted = [...types];
    await recordRehearsals({ redis: redis.commands, keys }, release, noted);
    for (const type of noted) types.delete(type);
  };
  runTask(foundation, { name: 'rehearsals', everyMs: recordEveryMs, run: record, atEnd: record });
  return (type) => void types.add(type);
}

/** Says in the store what this sender knows of its providers, and checks them when somebody asks, so that every API can show it. */
function reportStandings(foundation: Foundation, providers: ProviderSet): void {
  const { redis, keys, monotonicNow, releases } = foundation;
  const store = { redis: redis.commands, keys };
  const sender = `${hostname()}:${process.pid}`;
  const checkHealth = createHealthCheck(foundation, providers);
  const answer = createHealthAnswers(store, sender, checkHealth.list);
  releases.ending.addEventListener('abort', () => checkHealth.abort());
  runTask(foundation, { name: 'provider checks', everyMs: healthLookMs, run: answer });
  const report = (): Promise<void> =>
    writeSenderReport(store, sender, providers.listStandings(monotonicNow()));
  // What stays is dropped by whoever reads it next.
  const atEnd = (): Promise<void> => dropSenderReport(store, sender);
  runTask(foundation, { name: 'provider report', everyMs: reportEveryMs, run: report, atEnd });
}

/** A sender that rehearses has built no provider; those that it only asks are built when somebody first does. */
function createHealthCheck(
  { configuration, releases }: Foundation,
  providers: ProviderSet,
): { readonly list: () => Promise<readonly ProviderHealth[]>; readonly abort: () => void } {
  let checked = configuration.values.APP_MODE === 'dry_run' ? undefined : providers;
  const life = new AbortController();
  const list = async (): Promise<readonly ProviderHealth[]> => {
    if (checked === undefined) {
      const built = buildProviders(configuration, 'check');
      checked = built;
      releases.push('checked providers', (deadlineMs) => built.close(deadlineMs));
    }
    return await checked.listHealth(AbortSignal.any([life.signal, AbortSignal.timeout(healthMs)]));
  };
  return { list, abort: () => life.abort() };
}

/** The environment's flags, with whether the production guard passes now. */
async function watchEnvironment(
  foundation: Foundation,
  release: ReleaseDigest,
): Promise<() => EnvironmentFlags> {
  const { configuration, redis, keys, metrics } = foundation;
  const { values } = configuration;
  const look = async (): Promise<void> => {
    const { durable } = await checkDurability(redis.commands, {
      attested: values.STORE_DURABILITY_ATTESTED,
      probeKey: `${keys.shard(0).store}:probe`,
    });
    metrics.setStoreDurable(durable);
  };
  runTask(foundation, { name: 'durability watch', everyMs: durabilityEveryMs, run: look });
  const isPassed = await watchGuard(foundation, { process: 'send-messages', release });
  return () => readEnvironmentFlags(configuration, isPassed());
}
