import { ServiceError } from '../domain/errors.ts';
import { parseInstant } from '../domain/instant.ts';
import { adoptStore, markSent } from '../gate/adopt-store.ts';
import {
  type FlagAnswer,
  type FlagName,
  type FlagState,
  flagNames,
  readGate,
  setFlag,
  valueAt,
} from '../gate/flags.ts';
import { countInFlight, stopSending, viewStop } from '../gate/stop-sending.ts';
import type { OperatorAnswer } from '../http/operator-answers.ts';
import type { SendOrder } from '../http/operator-requests.ts';
import type { Operator, OperatorServices, StaleEpoch } from '../http/operator-services.ts';
import { toFlagStore } from './build-foundation.ts';
import { listEnvironmentSettings } from './environment-flags.ts';
import type { OperatorParts } from './operator-parts.ts';

type ControlServices = Pick<
  OperatorServices,
  'readControl' | 'readSendStanding' | 'setSending' | 'setIngest' | 'setConsumers' | 'adoptStore' | 'markSent'
>;

/** The switches: reading them, and turning them with an audit line each. */
export function buildControlServices(parts: OperatorParts): ControlServices {
  const { foundation } = parts;
  const { configuration, keys, now } = foundation;
  const redis = foundation.redis.commands;
  const turn = (flag: FlagName, on: boolean, order: Turn, by: Operator): Promise<FlagAnswer> =>
    setFlag(toFlagStore(foundation), {
      flag,
      value: on ? 'on' : 'off',
      actor: by.clientId,
      reason: order.reason,
      requestId: by.requestId,
      ...(order.epoch === undefined ? {} : { seenEpoch: order.epoch }),
      ...(order.until === undefined ? {} : { until: parseInstant(order.until) ?? now() }),
    });
  return {
    readControl: async () => {
      const [gate, status] = await Promise.all([readGate(redis, keys), parts.readSendStatus()]);
      const { sending, reason } = status;
      const settings = listEnvironmentSettings(configuration);
      return {
        epoch: gate?.epoch ?? 0,
        lineage: gate?.mark.lineage ?? '',
        ...(gate?.wentBack === undefined ? {} : { went_back: gate.wentBack }),
        sending,
        ...(reason === undefined ? {} : { reason }),
        flags: Object.fromEntries(flagNames.map((name) => [name, viewFlag(gate?.flags[name], now())])),
        environment: Object.fromEntries(settings.map(({ name, value, origin }) => [name, { value, origin }])),
      };
    },
    readSendStanding: async (scope) => {
      const flag = toSendFlag(scope);
      const gate = await readGate(redis, keys);
      const inFlight = await countInFlight({ redis, keys }, flag);
      const stopped = inFlight === 0 ? 'quiesced' : 'stopping';
      const state = valueAt(gate?.flags[flag], now()) === 'on' ? 'started' : stopped;
      return { state, scope, epoch: gate?.epoch ?? 0, in_flight: inFlight };
    },
    setSending: async (order, by) =>
      order.enabled
        ? await startSending(parts, order, () => turn(toSendFlag(order.scope), true, order, by))
        : await stop(parts, order, by),
    ...buildAdoption(parts),
    setIngest: async (order, by) => {
      const answer = requireGate(await turn('ingest', !order.paused, order, by));
      return answer.kind === 'done' ? { paused: order.paused, epoch: answer.epoch } : answer;
    },
    setConsumers: async (order, by) => {
      const flag = order.queue === 'all' ? 'consume' : (`consume:${order.queue}` as const);
      const answer = requireGate(await turn(flag, !order.paused, order, by));
      const { paused, queue } = order;
      return answer.kind === 'done' ? { paused, queue, epoch: answer.epoch } : answer;
    },
  };
}

/** Going on with a store that went back in time. */
function buildAdoption(parts: OperatorParts): Pick<OperatorServices, 'adoptStore' | 'markSent'> {
  const store = toFlagStore(parts.foundation);
  return {
    adoptStore: async ({ lineage, reason }, { clientId, requestId }) => {
      const answer = await adoptStore(store, { actor: clientId, requestId, reason, lineage });
      if (answer.kind !== 'adopted') return answer;
      const { kind: _, wentBack, ...adopted } = answer;
      return { ...adopted, went_back: wentBack };
    },
    markSent: ({ attempts, reason }, { clientId, requestId }) =>
      markSent(
        { ...store, decisions: parts.gate.decisions },
        { actor: clientId, requestId, reason },
        attempts.map((one) => ({ messageId: one.message_id, providerRef: one.provider_ref })),
      ),
  };
}

interface Turn {
  readonly reason: string;
  readonly epoch?: number | undefined;
  readonly until?: string | undefined;
}

async function stop(
  parts: OperatorParts,
  order: SendOrder,
  by: Operator,
): Promise<OperatorAnswer<'SendControl'>> {
  const { monotonicNow, metrics } = parts.foundation;
  const report = await stopSending(
    { ...toFlagStore(parts.foundation), monotonicNow },
    {
      flag: toSendFlag(order.scope),
      actor: by.clientId,
      reason: order.reason,
      requestId: by.requestId,
      waitMs: order.wait_ms,
    },
  );
  metrics.observeStop(report.stopMs);
  return {
    ...viewStop(report),
    ...(await readSending(parts)),
  };
}

async function startSending(
  parts: OperatorParts,
  order: SendOrder,
  turnOn: () => Promise<FlagAnswer>,
): Promise<OperatorAnswer<'SendControl'> | StaleEpoch> {
  const { keys, monotonicNow, redis } = parts.foundation;
  const begun = monotonicNow();
  const answer = requireGate(await turnOn());
  if (answer.kind !== 'done') return answer;
  const stopMs = Math.round((monotonicNow() - begun) * 100) / 100;
  const inFlight = await countInFlight({ redis: redis.commands, keys }, toSendFlag(order.scope));
  return {
    state: 'started',
    epoch: answer.epoch,
    in_flight_at_stop: answer.inFlight,
    in_flight: inFlight,
    stop_ms: stopMs,
    ...(answer.witnessed === undefined ? {} : { witnessed: answer.witnessed }),
    ...(await readSending(parts)),
  };
}

/** Whether messages leave now. The switch has been turned already, so a store that cannot tell is no fault of that. */
async function readSending(parts: OperatorParts): Promise<{ sending: boolean; ceiling?: string }> {
  try {
    const { sending, reason, app_mode } = await parts.readSendStatus();
    if (sending) return { sending };
    return { sending, ceiling: reason ?? `APP_MODE is ${app_mode}: no provider is called` };
  } catch {
    return { sending: false, ceiling: 'not known: the store does not answer now' };
  }
}

function requireGate(answer: FlagAnswer): Exclude<FlagAnswer, { kind: 'gate-missing' }> {
  if (answer.kind !== 'gate-missing') return answer;
  throw new ServiceError(
    'state-conflict',
    'The gate is missing from the store, which means that everything is off. Run the service once to initialise it.',
  );
}

function toSendFlag(scope: SendOrder['scope']): Extract<FlagName, `send${string}`> {
  return scope === 'all' ? 'send' : `send:${scope}`;
}

function viewFlag(flag: FlagState | undefined, nowMs: number): OperatorAnswer<'Control'>['flags'][string] {
  const { until, change } = flag ?? {};
  return {
    value: valueAt(flag, nowMs),
    ...(until === undefined ? {} : { until: new Date(until).toISOString() }),
    ...(change === undefined
      ? {}
      : {
          changed: {
            at: change.at,
            actor: change.actor,
            reason: change.reason,
            ...(change.before === undefined ? {} : { before: change.before }),
            ...(change.after === undefined ? {} : { after: change.after }),
          },
        }),
  };
}
