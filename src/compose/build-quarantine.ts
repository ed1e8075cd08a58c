import { createJudge, type JudgeReport } from '../identity/judge-quarantine.ts';
import { createQuarantine, type QuarantineBounds } from '../identity/quarantine.ts';
import { createTokenSeal } from '../identity/seal-token.ts';
import type { QuarantineDeps } from '../operator/quarantine.ts';
import { readStoreClock } from '../store/store-clock.ts';
import type { Foundation } from './build-foundation.ts';
import type { Identity } from './build-identity.ts';

const hourMs = 3_600_000;

/**
 * How long an idempotency key is remembered: as long as promised, and by as much longer as an event may wait in
 * quarantine, since it is compared when it is judged and not when it comes in.
 */
export function readIdempotencyMs({ configuration }: Foundation): number {
  const { IDEMPOTENCY_HOURS, QUARANTINE_KEYS, QUARANTINE_AGE_HOURS_MAX } = configuration.values;
  return (IDEMPOTENCY_HOURS + (QUARANTINE_KEYS === undefined ? 0 : QUARANTINE_AGE_HOURS_MAX)) * hourMs;
}

/** The quarantine for the operators' API, and the intake of events that cannot be verified now; absent when it is off. */
export function buildQuarantine(
  foundation: Foundation,
  identity: Identity,
): {
  readonly quarantine: QuarantineDeps['quarantine'];
  readonly quarantineEvent?: ReturnType<typeof createQuarantine>;
} {
  const { configuration, redis, keys, now } = foundation;
  const { values } = configuration;
  const seal = createTokenSeal(values.QUARANTINE_KEYS ?? []);
  const bounds = readBounds(foundation);
  const deps = {
    redis: redis.commands,
    keys,
    now,
    storeNow: () => readStoreClock(redis.commands),
    idempotencyMs: readIdempotencyMs(foundation),
    retentionMs: values.RETENTION_HOURS * hourMs,
  };
  const judge = buildJudge(foundation, identity);
  return {
    quarantine: {
      ...deps,
      bounds,
      isOn: seal !== undefined,
      keyHealth: () => identity.keySet.health(),
      judge,
    },
    ...(seal === undefined
      ? {}
      : { quarantineEvent: createQuarantine({ ...deps, seal, bounds, mode: values.APP_MODE }) }),
  };
}

type Judge = (limit: number) => Promise<JudgeReport>;

/** Rounds of the judge in this process, with its log and its counts. */
export function buildJudge(foundation: Foundation, { tokens, keySet }: Identity): Judge {
  const { configuration, redis, keys, jobs, metrics, log, errors } = foundation;
  const { values } = configuration;
  const judge = createJudge({
    redis: redis.commands,
    keys,
    seal: createTokenSeal(values.QUARANTINE_KEYS ?? []),
    tokens,
    keySet,
    storeNow: () => readStoreClock(redis.commands),
    ageMsMax: values.QUARANTINE_AGE_HOURS_MAX * hourMs,
    idempotencyMs: readIdempotencyMs(foundation),
    retentionMs: values.RETENTION_HOURS * hourMs,
    clockToleranceMs: values.AUTH_CLOCK_TOLERANCE_SECONDS * 1_000,
    onAccepted: ({ id, type, client }) => {
      jobs.addEventJob(id);
      metrics.countEventAccepted({ type, client });
    },
    onTokenError: (reason) => metrics.countTokenFailure(reason),
    onUnreadable: (id, what) =>
      errors.error(
        `unreadable ${what}`,
        { event_id: id },
        what === 'token'
          ? 'a quarantined token does not open: is its key in QUARANTINE_KEYS?'
          : 'a newer program wrote this record: it stays in quarantine until such a program judges it',
      ),
  });
  return async (limit) => {
    const report = await judge(limit);
    const ended = Object.entries(report.rejected);
    if (report.accepted > 0) metrics.countQuarantineEnd('accepted', report.accepted);
    for (const [reason, count] of ended) metrics.countQuarantineEnd(reason, count);
    if (report.accepted > 0 || ended.length > 0) log.info({ ...report }, 'quarantined events were judged');
    return report;
  };
}

function readBounds({ configuration }: Foundation): QuarantineBounds {
  const { values } = configuration;
  return {
    eventsMax: values.QUARANTINE_EVENTS_MAX,
    bytesMax: values.QUARANTINE_BYTES_MAX,
    ageMsMax: values.QUARANTINE_AGE_HOURS_MAX * hourMs,
    perSourcePerMinute: values.QUARANTINE_PER_SOURCE_PER_MINUTE,
  };
}
