import { join } from 'node:path';
import { findProgramRoot } from '../config/program-root.ts';
import type { SendDeps } from '../deliver/send-deps.ts';
import { createOpenWatch } from '../gate/gate-watch.ts';
import { createMessageDecisions, type MessageDecisions } from '../gate/message-decisions.ts';
import { createPermits, type Permits } from '../gate/permits.ts';
import { createQuietLog, type Log } from '../observe/log.ts';
import { createMetrics } from '../observe/metrics.ts';
import { type Catalog, loadCatalog } from '../plan/catalog.ts';
import type { Planner } from '../plan/plan-event.ts';
import { createProviderSet } from '../providers/choose-provider.ts';
import { createNullProvider } from '../providers/null-provider.ts';
import { createJobAdder, type JobAdder } from '../queue/job-adder.ts';
import { createRenderer } from '../render/create-renderer.ts';
import { createKeys, type Keys } from '../store/keys.ts';
import { readMessageRecord } from '../store/message-record.ts';
import { parkRecord } from '../store/park-record.ts';
import type { Foundation } from './build-foundation.ts';

/**
 * Where the proof of life lives: records, gate, limits and counts below a prefix of their own, the program's own
 * template, and jobs in the queues of everybody. No real message is ever read or counted here, and no
 * provider of this space can deliver anything.
 */
export interface SyntheticProbe {
  readonly keys: Keys;
  readonly jobs: JobAdder;
  readonly catalog: Catalog;
  readonly permits: Permits;
  readonly decisions: MessageDecisions;
  readonly log: Log;
  readonly retentionMs: number;
}

/** What is left over (a guard died between two steps) goes away by itself. */
const retentionMs = 15 * 60_000;

/** Builds the space of the proof of life, as every process sees it. */
export function buildSyntheticProbe(foundation: Foundation): SyntheticProbe {
  const { configuration, redis, now, shutdown, reportError } = foundation;
  const { values } = configuration;
  const keys = createKeys(`${foundation.keys.prefix}:proof`, foundation.keys.shards);
  const jobs = createJobAdder({
    redis: redis.commands,
    keys: foundation.keys,
    isProof: true,
    onError: reportError,
  });
  shutdown.push('proof job adder', (deadlineMs) => jobs.close(deadlineMs));
  const templates = join(findProgramRoot(), 'templates');
  return {
    keys,
    jobs,
    catalog: loadCatalog(join(templates, '_proof'), join(templates, '_shared')),
    permits: createPermits({
      redis: redis.commands,
      keys,
      limits: {
        perMinuteByChannel: {},
        intervalMs: { transactional: 0, promotional: 0 },
        recipientBackOffMs: 0,
        quietHours: { fromHour: 0, toHour: 0 },
        smsPrices: new Map([['1', 0]]),
        smsDailyBudget: 0,
        permitDeadlineMs: values.PERMIT_DEADLINE_MS,
      },
      claimMs: values.PERMIT_DEADLINE_MS + 5_000,
      retentionMs,
      now,
    }),
    decisions: createMessageDecisions({ redis: redis.commands, keys, retentionMs }),
    log: createQuietLog(foundation.log),
    retentionMs,
  };
}

/** The planner's deps, moved into the space. */
export function toProbePlanner(space: SyntheticProbe, planner: Planner): Planner {
  const { keys, jobs, catalog, log } = space;
  return { ...planner, keys, jobs, catalog, log, retentionMs: space.retentionMs };
}

/**
 * The sender's deps, moved into the space. The environment reads as sending and the watch as open: what keeps a proof
 * from going anywhere is that only null providers are within reach.
 */
export function toProbeDeps(foundation: Foundation, space: SyntheticProbe, deps: SendDeps): SendDeps {
  const { configuration, redis, now } = foundation;
  const { catalog, keys } = space;
  const renderer = createRenderer({
    templates: catalog.templates,
    shared: catalog.shared,
    allowedLinkHosts: configuration.values.ALLOWED_LINK_HOSTS,
    allowLocalhostLinks: false,
    now,
  });
  return {
    ...deps,
    readMessage: (id) => readMessageRecord(redis.commands, keys.of(id), id),
    parkMessage: (id) => parkRecord({ redis: redis.commands, keys }, 'messages', id),
    findTemplate: (type) => catalog.find(type),
    renderer,
    permits: space.permits,
    decisions: space.decisions,
    noteDecision: () => undefined,
    watch: createOpenWatch(),
    providers: createProviderSet({
      providers: {
        email: [createNullProvider('null-email', 'email')],
        sms: [createNullProvider('null-sms', 'sms')],
      },
      breaker: { failuresInRowMax: 5, failureShareMax: 0.5, samplesMax: 20, openMs: 1_000, probeMs: 10_000 },
      slowDownMs: 1_000,
      healthTimeoutMs: 1_000,
    }),
    environment: () => ({
      emergencyStop: false,
      disableSend: false,
      mode: 'testing',
      promoSends: false,
      preflightPassed: true,
    }),
    recipients: { kind: 'everyone' },
    // Counted nowhere.
    metrics: createMetrics({ processMetrics: false }),
    log: space.log,
  };
}
