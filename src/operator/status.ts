import { z } from 'zod';
import { askProviders } from '../deliver/provider-health.ts';
import { type QueueStatusOptions, readQueueStatus } from '../deliver/queue-status.ts';
import { mapChannels, type QueueName } from '../domain/channel.ts';
import { readSendStatus, type SendStatus, type SendStatusDeps } from '../gate/send-status.ts';
import type { ProviderReport } from '../providers/provider-report.ts';
import { read } from './operation.ts';
import {
  channel,
  count,
  counts,
  exampledInstant as instant,
  settingView,
  toIso,
  whenGiven,
} from './schemas.ts';

export type StatusDeps = SendStatusDeps & QueueStatusOptions;

const queue = z.strictObject({ waiting: count, active: count, delayed: count, oldest_age_ms: z.number() });
const breaker = z.enum(['closed', 'open', 'half-open']);

export const providerResponse = z.strictObject({
  provider: z.string(),
  channel,
  ok: z.boolean(),
  status: z.enum(['ok', 'unreachable', 'unauthorized', 'error']),
  latency_ms: z.number(),
  detail: z.string(),
  breaker: breaker
    .optional()
    .meta({ description: 'The worst that any sender sees; absent while none reports' }),
  since: instant.optional().meta({
    description: 'Since when the first of the senders gets nothing through: its breaker opened then',
  }),
  blocked_until: instant.optional().meta({ description: 'The whole fleet leaves it alone until then' }),
  senders: z
    .array(
      z.strictObject({
        sender: z.string(),
        breaker,
        since: instant.optional(),
        blocked_until: instant.optional(),
      }),
    )
    .optional()
    .meta({ description: 'What each sender knows from sending' }),
});
const sendStatus = z
  .strictObject({
    sending: z.boolean(),
    dry_run: z.boolean().meta({ description: 'True while stopped or rehearsing: no provider is called' }),
    app_mode: z.string(),
    reason: z.string().optional(),
    epoch: z.int(),
    inflight: count,
    flags: z.record(z.string(), settingView),
  })
  .meta({ id: 'SendStatus' });

/** Whether messages leave now, how much waits, and how the providers are. */
export const status = [
  read('/api/queue/status', {
    operationId: 'getQueueStatus',
    scope: 'notify.read',
    summary: 'Depth of the queues, messages by state',
    response: z
      .strictObject({
        queues: z.strictObject({ events: queue, ...mapChannels(() => queue) }),
        messages: counts.meta({ description: 'Messages by state' }),
        held: counts.meta({ description: 'Held messages by reason' }),
        dead_letters: count,
        parked: z
          .strictObject({ events: count, messages: count })
          .meta({ description: 'Records that this program cannot read, put aside until one comes that can' }),
        consumers_paused: z.boolean(),
        ingestion_paused: z.boolean(),
      })
      .meta({ id: 'QueueStatus' }),
    responseText: 'The queues',
    run: async (_request, deps: StatusDeps) => {
      const found = await readQueueStatus(deps);
      const { queues } = found;
      const view = ({ oldestAgeMs, ...depth }: (typeof queues)[QueueName]) => ({
        ...depth,
        oldest_age_ms: oldestAgeMs,
      });
      return {
        queues: { events: view(queues.events), ...mapChannels((name) => view(queues[name])) },
        messages: found.messages,
        held: found.held,
        dead_letters: found.deadLetters,
        parked: found.parked,
        consumers_paused: found.areConsumersPaused,
        ingestion_paused: found.isIngestPaused,
      };
    },
  }),
  read('/api/send/status', {
    operationId: 'getSendStatus',
    scope: 'notify.read',
    summary: 'Do messages leave now?',
    response: sendStatus,
    responseText: 'The gate',
    run: async (_request, deps: StatusDeps) => viewSendStatus(await readSendStatus(deps)),
  }),
  read('/api/providers/health', {
    operationId: 'getProvidersHealth',
    scope: 'notify.read',
    summary: 'How the providers are, asked without sending',
    response: z
      .strictObject({
        ok: z.boolean().meta({
          description:
            'True when every provider is well; false when no sender runs, since they alone can ask',
        }),
        providers: z.array(providerResponse),
      })
      .meta({ id: 'ProvidersHealth' }),
    responseText: 'The providers',
    run: async (_request, deps: StatusDeps) => {
      const reports = await askProviders(deps);
      return {
        ok: reports.length > 0 && reports.every((report) => report.ok),
        providers: reports.map(viewProvider),
      };
    },
  }),
];

function viewSendStatus(found: SendStatus): z.output<typeof sendStatus> {
  return {
    sending: found.isSending,
    dry_run: !found.isSending,
    app_mode: found.mode,
    ...whenGiven('reason', found.reason),
    epoch: found.epoch,
    inflight: found.inFlight,
    flags: found.flags,
  };
}

export function viewProvider(report: ProviderReport): z.output<typeof providerResponse> {
  const { latencyMs, blockedUntil, since, senders, ...rest } = report;
  return {
    ...rest,
    ...viewTimes({ since, blockedUntil }),
    ...whenGiven(
      'senders',
      senders?.map(({ sender, breaker: state, ...times }) => ({
        sender,
        breaker: state,
        ...viewTimes(times),
      })),
    ),
    latency_ms: latencyMs,
  };
}

function viewTimes({
  since,
  blockedUntil,
}: {
  since?: number | undefined;
  blockedUntil?: number | undefined;
}) {
  return {
    ...(since === undefined ? {} : { since: toIso(since) }),
    ...(blockedUntil === undefined ? {} : { blocked_until: toIso(blockedUntil) }),
  };
}
