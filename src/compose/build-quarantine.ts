import { actAudited } from '../gate/act-audited.ts';
import type { Operator } from '../http/operator-services.ts';
import type { QuarantineServices } from '../http/quarantine-services.ts';
import { createJudge, type JudgeReport } from '../identity/judge-quarantine.ts';
import { createQuarantine, type QuarantineBounds } from '../identity/quarantine.ts';
import {
  discardQuarantined,
  listQuarantined,
  type QuarantineDesk,
  type QuarantineFigures,
  readQuarantineFigures,
} from '../identity/quarantine-desk.ts';
import { createTokenSeal } from '../identity/seal-token.ts';
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

/** The intake of events that nobody can judge now, and the operator's view of it. `checkIntake` throws when none is taken. */
export function buildQuarantine(
  foundation: Foundation,
  identity: Identity,
  checkIntake: () => void,
): QuarantineServices {
  const { configuration, redis, keys, now } = foundation;
  const { values } = configuration;
  const seal = createTokenSeal(values.QUARANTINE_KEYS ?? []);
  const bounds = readBounds(foundation);
  const desk = {
    redis: redis.commands,
    keys,
    now,
    storeNow: () => readStoreClock(redis.commands),
    idempotencyMs: readIdempotencyMs(foundation),
    retentionMs: values.RETENTION_HOURS * hourMs,
  };
  const intake =
    seal === undefined
      ? {}
      : {
          takeEvent: checkFirst(
            checkIntake,
            createQuarantine({ ...desk, seal, bounds, mode: values.APP_MODE }),
          ),
        };
  return {
    ...intake,
    ...buildDeeds(desk, buildJudge(foundation, identity)),
    list: async (query) => {
      const [page, figures] = await Promise.all([listQuarantined(desk, query), readQuarantineFigures(desk)]);
      const { ok, detail } = identity.keySet.health();
      const state = { on: seal !== undefined, keys: { ok, detail } };
      return { ...viewFigures(figures, bounds), ...state, ...page, items: [...page.items] };
    },
  };
}

/** What people do to the quarantine, each with its lines in the audit. */
function buildDeeds(desk: QuarantineDesk, judge: Judge): Pick<QuarantineServices, 'judge' | 'discard'> {
  return {
    judge: async ({ limit, reason }, by) => {
      const deed = { action: 'judge quarantine', detail: { limit } };
      return await actAudited(desk, toOrder(reason, by), deed, async () => {
        const report = await judge(limit);
        const answer = { ...report, left: (await readQuarantineFigures(desk)).events };
        return { answer, detail: answer };
      });
    },
    discard: async (order, by) => {
      const run = async () => ({ preview: order.preview, ...(await discardQuarantined(desk, order)) });
      if (order.preview) return await run();
      const deed = { action: 'discard quarantine', detail: { filter: order.filter, limit: order.limit } };
      return await actAudited(desk, toOrder(order.reason, by), deed, async () => {
        const answer = await run();
        return { answer, detail: { matched: answer.matched, discarded: answer.discarded } };
      });
    },
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
    onTokenFault: (reason) => metrics.countTokenFailure(reason),
    onUnreadable: (id) =>
      errors.error(
        'unreadable token',
        { event_id: id },
        'a quarantined token does not open: is its key in QUARANTINE_KEYS?',
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

function checkFirst<T, R>(check: () => void, take: (given: T) => Promise<R>): (given: T) => Promise<R> {
  return async (given) => {
    check();
    return await take(given);
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

function viewFigures(figures: QuarantineFigures, bounds: QuarantineBounds) {
  return {
    counts: {
      events: figures.events,
      bytes: figures.bytes,
      oldest_age_seconds: Math.floor(figures.oldestAgeMs / 1_000),
    },
    bounds: {
      events: bounds.eventsMax,
      bytes: bounds.bytesMax,
      age_seconds: bounds.ageMsMax / 1_000,
      per_source_per_minute: bounds.perSourcePerMinute,
    },
  };
}

function toOrder(reason: string, { clientId, requestId }: Operator) {
  return { actor: clientId, reason, requestId };
}
