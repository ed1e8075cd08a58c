import type { Channel } from '../domain/channel.ts';
import { createGateWatch, type GateWatch } from '../gate/gate-watch.ts';
import type { Limits } from '../gate/limits.ts';
import { createMessageDecisions, type MessageDecisions } from '../gate/message-decisions.ts';
import { createPermits, type Permits } from '../gate/permits.ts';
import { createStoreKnowledge } from '../gate/store-knowledge.ts';
import { type Foundation, openOurStore } from './build-foundation.ts';

export interface GateParts {
  readonly watch: GateWatch;
  readonly permits: Permits;
  readonly decisions: MessageDecisions;
  readonly retentionMs: number;
  readonly limits: Limits;
}

/** The gate as every process sees it: the watch, the permits, and the decisions of people. */
export function buildGate(foundation: Foundation): GateParts {
  const { configuration, redis, keys, now, monotonicNow, metrics, log, shutdown } = foundation;
  const { values } = configuration;
  const retentionMs = values.RETENTION_HOURS * 3_600_000;
  const knowledge = createStoreKnowledge({
    redis: redis.commands,
    keys,
    witness: foundation.witness,
    openStore: () => openOurStore(foundation),
    monotonicNow,
    onWentBack: (detail) =>
      log.fatal({ detail }, 'the store has gone back in time: nothing is sent until a person adopts it'),
  });
  metrics.onCollect(() => {
    metrics.setStoreState(knowledge.state().kind, knowledge.witnessError());
    return Promise.resolve({});
  });
  const watch = createGateWatch({
    redis: redis.commands,
    hint: redis.createHintConnection(),
    keys,
    knowledge,
    now,
  });
  shutdown.push('gate watch', () => watch.stop());
  const limits = readLimits(foundation);
  return {
    watch,
    retentionMs,
    limits,
    permits: createPermits({
      redis: redis.commands,
      keys,
      limits,
      claimMs: values.PERMIT_DEADLINE_MS + values.ATTEMPT_TIMEOUT_SECONDS * 1_000 + 5_000,
      retentionMs,
      knowledge,
      now,
    }),
    decisions: createMessageDecisions({ redis: redis.commands, keys, retentionMs }),
  };
}

function readLimits(foundation: Foundation): Limits {
  const { configuration } = foundation;
  const { values } = configuration;
  const limited = values.RATE_LIMIT_ENABLED;
  return {
    ...(limited ? { perMinute: values.RATE_LIMIT_PER_MINUTE } : {}),
    perMinuteByChannel: limited
      ? ({
          email: values.RATE_LIMIT_EMAIL_PER_MINUTE,
          sms: values.RATE_LIMIT_SMS_PER_MINUTE,
        } satisfies Limits['perMinuteByChannel'] & Record<Channel, unknown>)
      : {},
    ...(limited ? optional('perMinuteByDomain', values.RATE_LIMIT_DOMAIN_PER_MINUTE) : {}),
    intervalMs: {
      transactional: values.MIN_MESSAGE_INTERVAL * 1_000,
      promotional: configuration.promotionalIntervalSeconds * 1_000,
    },
    recipientBackOffMs: values.RECIPIENT_BACKOFF_SECONDS * 1_000,
    ...optional('recipientDailyCap', values.RECIPIENT_DAILY_CAP),
    quietHours: configuration.quietHours,
    ...optional('perRun', values.MAX_SEND_PER_RUN),
    ...optional('perDay', values.MAX_SEND_PER_DAY),
    smsPrices: configuration.smsPrices,
    smsDailyBudget: values.SMS_DAILY_BUDGET,
    permitDeadlineMs: values.PERMIT_DEADLINE_MS,
  };
}

/** The member, when there is a value; an absent limit is absent and not undefined. */
function optional<Name extends string>(name: Name, value: number | undefined): Partial<Record<Name, number>> {
  return value === undefined ? {} : ({ [name]: value } as Partial<Record<Name, number>>);
}
