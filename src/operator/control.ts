import { z } from 'zod';
import { ServiceError } from '../domain/errors.ts';
import {
  consumeFlagOf,
  consumeScopes,
  type FlagName,
  flagNames,
  sendFlagOf,
  sendScopes,
} from '../domain/flags.ts';
import { parseInstant } from '../domain/instant.ts';
import {
  type FlagResult,
  type FlagState,
  type FlagStore,
  readGate,
  setFlag,
  valueAt,
} from '../gate/flags.ts';
import { readSendStatus, type SendStatusDeps } from '../gate/send-status.ts';
import { countInFlight, type StopReport, stopSending } from '../gate/stop-sending.ts';
import { change, type Requester, read, toOrder } from './operation.ts';
import { count, instant, instantText, reason, seenEpoch, settingView, toIso, whenGiven } from './schemas.ts';

export interface ControlDeps extends FlagStore, SendStatusDeps {
  /** Ms, of a clock that only goes forward. */
  readonly monotonicNow: () => number;
  /** How long a stop took to be acknowledged, in ms. */
  readonly onStopped: (stopMs: number) => void;
}

const flagView = z.strictObject({
  value: z.enum(['on', 'off']),
  until: instant.optional(),
  changed: z
    .strictObject({
      at: instant,
      actor: z.string(),
      reason: z.string(),
      before: z.string().optional(),
      after: z.string().optional(),
    })
    .optional(),
});
const scope = z.enum(sendScopes).default('all');
const sendOrder = z
  .strictObject({
    enabled: z.boolean(),
    reason,
    scope,
    epoch: seenEpoch.optional(),
    until: instantText.optional().meta({ description: 'With `enabled: true`: turns off again by itself' }),
    wait_ms: z
      .int()
      .min(0)
      .max(10_000)
      .default(3_000)
      .meta({ description: 'How long to wait for quiescence' }),
  })
  .refine((order) => !order.enabled || order.epoch !== undefined, {
    path: ['epoch'],
    error: 'is needed to switch on: send the epoch that you saw',
  })
  .refine((order) => order.enabled || order.until === undefined, {
    path: ['until'],
    error: 'an expiry can only make things stricter: it goes with enabled: true',
  })
  .meta({
    id: 'SendOrder',
    title: 'Stop or start sending',
    examples: [{ enabled: false, reason: 'wrong template in production' }],
  });
const sendControl = z
  .strictObject({
    state: z.enum(['started', 'stopping', 'quiesced']),
    epoch: z.int(),
    in_flight_at_stop: count,
    in_flight_messages: z.array(z.string()).optional().meta({
      description:
        'Of a stop: the messages in flight when it was acknowledged, 100 at most. No other one leaves after it',
    }),
    in_flight: count,
    stop_ms: z.number().meta({ description: 'From the request to the acknowledgement: no permit after it' }),
    quiesced_ms: z.number().optional(),
    witnessed: z.boolean().optional().meta({
      description:
        'False: the witness does not know of the change, and a store put back in time would forget it',
    }),
    sending: z.boolean().meta({ description: 'Whether messages leave now, all things considered' }),
    ceiling: z.string().optional().meta({ description: 'Why nothing is sent all the same' }),
  })
  .meta({ id: 'SendControl', title: 'How a stop or a start went' });
const needsEpoch = { path: ['epoch'], error: 'is needed to go on: send the epoch that you saw' };
const pause = z
  .strictObject({ paused: z.boolean(), queue: z.string().optional(), epoch: z.int() })
  .meta({ id: 'Pause' });

/** The switches: reading them, and turning them with an audit line each. */
export const control = [
  read('/api/control', {
    operationId: 'getControl',
    scope: 'notify.read',
    summary: 'See every switch',
    response: z
      .strictObject({
        epoch: z.int(),
        lineage: z.string().meta({ description: 'Of the store: another one after it was adopted' }),
        went_back: z.string().optional().meta({
          description:
            'The store is behind what is known of it, or another one: nothing is sent until it is adopted',
        }),
        sending: z.boolean(),
        reason: z.string().optional().meta({ description: 'Why nothing is sent' }),
        flags: z.record(z.string(), flagView),
        environment: z.record(z.string(), settingView),
      })
      .meta({
        id: 'Control',
        title: 'The switches: what run time says, and the environment, which is the ceiling',
      }),
    run: async (_request, deps: ControlDeps) => {
      const [gate, status] = await Promise.all([readGate(deps.redis, deps.keys), readSendStatus(deps)]);
      return {
        epoch: gate?.epoch ?? 0,
        lineage: gate?.mark.lineage ?? '',
        ...whenGiven('went_back', gate?.wentBack),
        sending: status.isSending,
        ...whenGiven('reason', status.reason),
        flags: Object.fromEntries(flagNames.map((name) => [name, viewFlag(gate?.flags[name], deps.now())])),
        environment: Object.fromEntries(
          deps.settings.map(({ name, value, origin }) => [name, { value, origin }]),
        ),
      };
    },
  }),
  read('/api/control/send', {
    operationId: 'getControlSend',
    summary: 'See how a stop stands',
    query: z.strictObject({ scope }),
    response: z
      .strictObject({
        state: z.enum(['started', 'stopping', 'quiesced']),
        scope: z.string(),
        epoch: z.int(),
        in_flight: count,
      })
      .meta({ id: 'SendStanding' }),
    run: async ({ query }, deps: ControlDeps) => {
      const flag = sendFlagOf(query.scope);
      const gate = await readGate(deps.redis, deps.keys);
      const inFlight = await countInFlight(deps, flag);
      const stopped = inFlight === 0 ? 'quiesced' : 'stopping';
      const state = valueAt(gate?.flags[flag], deps.now()) === 'on' ? 'started' : stopped;
      return { state, scope: query.scope, epoch: gate?.epoch ?? 0, in_flight: inFlight } as const;
    },
  }),
  change('PUT /api/control/send', {
    operationId: 'putControlSend',
    summary: 'Stop or start sending',
    description:
      'Once a stop is answered, no message is let go anywhere: it is confirmed. What was let go before may still be under ' +
      'way, and is named beside it; `quiesced` says that nothing is. ' +
      'Starting needs the epoch that you saw; the environment stays the ceiling.',
    body: sendOrder,
    response: sendControl,
    problems: [409],
    run: async ({ body, by }, deps: ControlDeps) => ({
      ...(body.enabled ? await startSending(deps, body, by) : await stop(deps, body, by)),
      ...(await viewSending(deps)),
    }),
  }),
  change('PUT /api/control/ingest', {
    operationId: 'putControlIngest',
    summary: 'Pause or resume the intake',
    body: z
      .strictObject({ paused: z.boolean(), reason, epoch: seenEpoch.optional() })
      .refine((order) => order.paused || order.epoch !== undefined, needsEpoch)
      .meta({
        id: 'IngestOrder',
        title: 'Pause or resume intake',
        examples: [{ paused: true, reason: 'flood from one client' }],
      }),
    response: pause,
    problems: [409],
    run: async ({ body, by }, deps: ControlDeps) => {
      const { epoch } = await turn(deps, 'ingest', { ...body, enabled: !body.paused }, by);
      return { paused: body.paused, epoch };
    },
  }),
  change('PUT /api/control/consumers', {
    operationId: 'putControlConsumers',
    summary: 'Pause or resume workers',
    body: z
      .strictObject({
        paused: z.boolean(),
        queue: z.enum(consumeScopes).default('all'),
        reason,
        epoch: seenEpoch.optional(),
      })
      .refine((order) => order.paused || order.epoch !== undefined, needsEpoch)
      .meta({
        id: 'ConsumersOrder',
        title: 'Pause or resume workers',
        examples: [{ paused: true, queue: 'sms', reason: 'gateway works' }],
      }),
    response: pause,
    problems: [409],
    run: async ({ body, by }, deps: ControlDeps) => {
      const { paused, queue } = body;
      const flag = consumeFlagOf(queue);
      const { epoch } = await turn(deps, flag, { ...body, enabled: !paused }, by);
      return { paused, queue, epoch };
    },
  }),
];

type SendOrder = z.output<typeof sendOrder>;
type Turned = Extract<FlagResult, { kind: 'done' }>;

/** @throws ServiceError `state-conflict` when the caller saw an older epoch, or there is no gate */
async function turn(
  deps: ControlDeps,
  flag: FlagName,
  order: Pick<SendOrder, 'enabled' | 'reason' | 'epoch' | 'until'>,
  by: Requester,
): Promise<Turned> {
  const result = await setFlag(deps, {
    flag,
    value: order.enabled ? 'on' : 'off',
    ...toOrder(order, by),
    ...whenGiven('seenEpoch', order.epoch),
    ...(order.until === undefined ? {} : { until: parseInstant(order.until) ?? deps.now() }),
  });
  if (result.kind === 'done') return result;
  if (result.kind === 'stale-epoch')
    throw new ServiceError(
      'state-conflict',
      'the switches have changed since: read them again, then decide',
      {
        extra: { epoch: result.epoch },
      },
    );
  throw new ServiceError(
    'state-conflict',
    'The gate is missing from the store, which means that everything is off. Run the service once to initialise it.',
  );
}

async function stop(deps: ControlDeps, order: SendOrder, by: Requester) {
  const flag = sendFlagOf(order.scope);
  const report = await stopSending(deps, { flag, ...toOrder(order, by), waitMs: order.wait_ms });
  deps.onStopped(report.stopMs);
  return viewStop(report);
}

async function startSending(deps: ControlDeps, order: SendOrder, by: Requester) {
  if (order.until !== undefined && (parseInstant(order.until) ?? 0) <= deps.now()) {
    const faults = [{ pointer: '/until', detail: 'must be later than now' }];
    throw new ServiceError('invalid-request-data', 'the expiry has passed', { errors: faults });
  }
  const begun = deps.monotonicNow();
  const flag = sendFlagOf(order.scope);
  const { epoch, inFlight, witnessed } = await turn(deps, flag, order, by);
  return {
    state: 'started' as const,
    epoch,
    in_flight_at_stop: inFlight.count,
    in_flight: await countInFlight(deps, flag),
    stop_ms: Math.round((deps.monotonicNow() - begun) * 100) / 100,
    ...whenGiven('witnessed', witnessed),
  };
}

/** Whether messages leave now. The switch has been turned already, so a store that cannot tell is no error of that. */
async function viewSending(deps: ControlDeps): Promise<{ sending: boolean; ceiling?: string }> {
  try {
    const { isSending, reason: why, mode } = await readSendStatus(deps);
    if (isSending) return { sending: true };
    return { sending: false, ceiling: why ?? `APP_MODE is ${mode}: no provider is called` };
  } catch {
    return { sending: false, ceiling: 'not known: the store does not answer now' };
  }
}

export function viewFlag(flag: FlagState | undefined, nowMs: number): z.output<typeof flagView> {
  const { until, change: last } = flag ?? {};
  return {
    value: valueAt(flag, nowMs),
    ...(until === undefined ? {} : { until: toIso(until) }),
    ...(last === undefined
      ? {}
      : {
          changed: {
            at: last.at,
            actor: last.actor,
            reason: last.reason,
            ...whenGiven('before', last.before),
            ...whenGiven('after', last.after),
          },
        }),
  };
}

/** How a stop went, the same whether the service or the store was asked. */
export function viewStop(report: StopReport) {
  return {
    state: report.state,
    epoch: report.epoch,
    in_flight_at_stop: report.inFlightAtStop,
    in_flight_messages: [...report.messagesAtStop],
    in_flight: report.inFlight,
    stop_ms: report.stopMs,
    ...whenGiven('witnessed', report.witnessed),
    ...whenGiven('quiesced_ms', report.quiescedMs),
  };
}
