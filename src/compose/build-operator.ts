import {
  listEnvironmentSettings,
  readEnvironmentFlags,
  readTriggerModes,
} from '../config/environment-flags.ts';
import { hashAddress } from '../observe/address-hash.ts';
import type { OperatorDeps } from '../operator/operations.ts';
import { settleDeadEvent } from '../plan/settle-dead-event.ts';
import type { Renderer } from '../render/create-renderer.ts';
import { type Foundation, toFlagStore } from './build-foundation.ts';
import type { GateParts } from './build-gate.ts';

export interface OperatorParts {
  readonly gate: GateParts;
  readonly renderer: Renderer;
  readonly quarantine: OperatorDeps['quarantine'];
  /** Whether every line of the preflight holds. */
  readonly isPreflightPassed: () => boolean;
}

/** What the operations of the operators' API need, from the stages that do it. */
export function buildOperator(foundation: Foundation, parts: OperatorParts): OperatorDeps {
  const { configuration, keys, jobs, metrics, monotonicNow, reportError } = foundation;
  const { decisions, limits, retentionMs } = parts.gate;
  const store = toFlagStore(foundation);
  return {
    ...store,
    monotonicNow,
    jobs,
    reportError,
    decisions,
    limits,
    renderer: parts.renderer,
    quarantine: parts.quarantine,
    environment: () => readEnvironmentFlags(configuration, parts.isPreflightPassed()),
    settings: listEnvironmentSettings(configuration),
    triggerModes: readTriggerModes(configuration),
    hashAddress: (channel, address) =>
      hashAddress(configuration.values.ADDRESS_HASH_KEY ?? '', channel, address),
    settleEvent: (id, to, decision) =>
      settleDeadEvent({ redis: store.redis, keys, retentionMs }, id, to, decision),
    onStopped: (stopMs) => metrics.observeStop(stopMs),
  };
}
