import { type FlagName, flagNames } from '../domain/flags.ts';
import type { EnvironmentFlags } from '../domain/judge-environment.ts';
import type { Store } from '../store/keys.ts';
import type { MessageSummary } from '../store/message-summary.ts';
import { type GateState, readGate, valueAt } from './flags.ts';
import { countInFlight } from './stop-sending.ts';

/** Whether messages leave now, and if not, why. */
export interface SendStatus {
  /** False while stopped, and while rehearsing. */
  readonly isSending: boolean;
  readonly mode: EnvironmentFlags['mode'];
  /** Why nothing is sent; absent while rehearsing alone. */
  readonly reason?: string;
  readonly epoch: number;
  readonly inFlight: number;
  readonly flags: Record<string, { value: unknown; origin: string }>;
}

/** A setting of the environment that takes part in the gate, with its value and where that came from. */
export type EnvironmentSetting = {
  readonly name: string;
  readonly value: unknown;
  readonly origin: 'environment' | 'default';
};

export interface SendStatusDeps extends Store {
  readonly environment: () => EnvironmentFlags;
  readonly settings: readonly EnvironmentSetting[];
  readonly now: () => number;
}

/**
 * Whether messages leave now, and every flag with its value and where that comes from. Throws when the store cannot be read: the status is never a guess.
 */
export async function readSendStatus(options: SendStatusDeps): Promise<SendStatus> {
  const environment = options.environment();
  const [gate, inFlight] = await Promise.all([readGate(options.redis, options.keys), countInFlight(options)]);
  const reason = findStop(environment, gate, options.now());
  const rehearsing = environment.mode === 'dry_run';
  const shown = (name: FlagName): [string, { value: unknown; origin: string }] => {
    const flag = gate?.flags[name];
    const origin =
      flag?.change === undefined
        ? 'run time (initial)'
        : `run time, set by ${flag.change.actor} at ${flag.change.at}: ${flag.change.reason}`;
    return [name, { value: valueAt(flag, options.now()), origin }];
  };
  return {
    isSending: reason === undefined && !rehearsing,
    mode: environment.mode,
    ...(reason === undefined ? {} : { reason }),
    epoch: gate?.epoch ?? 0,
    inFlight,
    flags: Object.fromEntries([
      ...options.settings.map(({ name, value, origin }): [string, { value: unknown; origin: string }] => [
        name,
        { value, origin },
      ]),
      ...flagNames.map(shown),
    ]),
  };
}

/** Why a message would be held again at once, were it released now: sending is stopped, or it is of another mode. */
export function findHold(
  { reason, mode, flags }: SendStatus,
  { channel, category, mode: plannedIn }: Pick<MessageSummary, 'channel' | 'category' | 'mode'>,
): string | undefined {
  const names: readonly FlagName[] = [`send:${channel}`, `send:${category}`];
  if (reason !== undefined || names.some((name) => flags[name]?.value === 'off')) return 'stopped';
  return plannedIn === 'dry_run' || plannedIn === mode ? undefined : 'other_mode';
}

function findStop(
  environment: EnvironmentFlags,
  gate: GateState | undefined,
  nowMs: number,
): string | undefined {
  if (environment.emergencyStop) return 'EMERGENCY_STOP is set in the environment';
  if (environment.disableSend) return 'DISABLE_SEND is not "false" in the environment';
  if (gate === undefined) return 'the gate is missing from the store, which means stopped';
  if (gate.wentBack !== undefined)
    return `store-went-back: ${gate.wentBack}. When you know why: acc adopt "why" --lineage ${gate.mark.lineage}`;
  if (valueAt(gate.flags.send, nowMs) === 'off')
    return gate.flags.send.change?.reason ?? 'stopped at run time';
  if (environment.mode === 'production' && !environment.preflightPassed)
    return 'the preflight does not pass (acc preflight)';
  return undefined;
}
