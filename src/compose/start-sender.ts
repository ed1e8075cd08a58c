import { hostname } from 'node:os';
import { attemptMessage, endPoisonMessage } from '../deliver/attempt-message.ts';
import type { Desk } from '../deliver/desk.ts';
import { createDecisionNotes, notePermitAnswers } from '../deliver/note-decision.ts';
import { dropSenderReport, reportEveryMs, writeSenderReport } from '../deliver/sender-reports.ts';
import { createTurns } from '../deliver/take-turns.ts';
import type { EnvironmentFlags } from '../domain/judge-environment.ts';
import { channels } from '../domain/message.ts';
import type { ProviderSet } from '../providers/choose-provider.ts';
import { createOutbox } from '../providers/outbox.ts';
import { runEvery } from '../runtime/run-every.ts';
import { checkDurability } from '../store/durability.ts';
import { readMessageRecord } from '../store/message-record.ts';
import { parkRecord } from '../store/park-record.ts';
import { buildCatalog } from './build-catalog.ts';
import type { Foundation } from './build-foundation.ts';
import { buildGate } from './build-gate.ts';
import { buildProofSpace, toProofDesk } from './build-proof-space.ts';
import { buildProviders } from './build-providers.ts';
import { readEnvironmentFlags } from './environment-flags.ts';
import { runHost } from './run-host.ts';

const durabilityEveryMs = 10_000;
const spreadMsMax = 300_000;

/** Starts the worker that delivers messages, one queue per channel. */
export async function startSender(foundation: Foundation): Promise<void> {
  const { configuration, redis, keys, log, metrics, now, monotonicNow, releases } = foundation;
  const { values } = configuration;
  const { catalog, renderer } = buildCatalog(configuration, now);
  const gate = buildGate(foundation);
  const providers = buildProviders(configuration, 'send');
  releases.push('providers', (deadlineMs) => providers.close(deadlineMs));
  metrics.admitTypes(catalog.types());
  const notes = createDecisionNotes({ redis: redis.commands, keys, now });
  releases.push('decision notes', () => notes.flush());
  const desk: Desk = {
    readMessage: (id) => readMessageRecord(redis.commands, keys.of(id), id),
    parkMessage: (id) => parkRecord({ redis: redis.commands, keys }, 'messages', id, now()),
    findTemplate: (type) => catalog.find(type),
    renderer,
    permits: notePermitAnswers(gate.permits, notes.note),
    noteDecision: notes.note,
    decisions: gate.decisions,
    watch: gate.watch,
    providers,
    turns: createTurns({ paceMs: 60_000 / (gate.limits.perMinuteByDomain ?? 60_000), spreadMsMax }),
    outbox: createOutbox(values.OUTBOX_DIR),
    senders: {
      mailFrom: configuration.mailFrom,
      ...(configuration.mailReplyTo === undefined ? {} : { mailReplyTo: configuration.mailReplyTo }),
      smsFrom: values.SMS_FROM,
    },
    environment: await watchEnvironment(foundation),
    recipients: configuration.recipients,
    retriesEnabled: values.RETRIES_ENABLED,
    permitDeadlineMs: values.PERMIT_DEADLINE_MS,
    attemptTimeoutMs: values.ATTEMPT_TIMEOUT_SECONDS * 1_000,
    metrics,
    log,
    now,
    monotonicNow,
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

/** Says in the store what this sender knows of its providers, so that every API can show it. */
function reportStandings(
  { redis, keys, now, releases, reportError }: Foundation,
  providers: ProviderSet,
): void {
  const store = { redis: redis.commands, keys };
  const sender = `${hostname()}:${process.pid}`;
  const report = (): Promise<void> => writeSenderReport(store, sender, providers.listStandings(now()));
  const reporting = runEvery(reportEveryMs, report, (error) => reportError('report providers', error));
  releases.push('provider report', async () => {
    await reporting.stop();
    // What stays is dropped by whoever reads it next.
    await dropSenderReport(store, sender).catch(() => undefined);
  });
}

/** The environment's flags; whether the production guard passes follows the store's durability as it changes. */
async function watchEnvironment(foundation: Foundation): Promise<() => EnvironmentFlags> {
  const { configuration, redis, keys, metrics, releases, reportError } = foundation;
  const { values } = configuration;
  let durable = false;
  const look = async (): Promise<void> => {
    const durability = await checkDurability(redis.commands, {
      attested: values.STORE_DURABILITY_ATTESTED,
      probeKey: `${keys.shard(0).store}:probe`,
    });
    durable = durability.durable;
    metrics.setStoreDurable(durable);
  };
  await look();
  const watching = runEvery(durabilityEveryMs, look, (error) => reportError('check durability', error));
  releases.push('durability watch', () => watching.stop());
  return () => readEnvironmentFlags(configuration, durable);
}
