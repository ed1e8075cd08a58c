import { randomUUID } from 'node:crypto';
import { reconcile } from '../deliver/reconcile.ts';
import { type Channel, channelTable, collectAddresses } from '../domain/channel.ts';
import type { IncomingEvent } from '../domain/event.ts';
import { consumeFlags } from '../domain/flags.ts';
import type { ClientId } from '../domain/ids.ts';
import type { GateWatch } from '../gate/gate-watch.ts';
import { settleGate } from '../gate/settle-gate.ts';
import { createAcceptEvent } from '../ingest/accept-event.ts';
import { runTask } from '../runtime/run-task.ts';
import { createLease } from '../store/lease.ts';
import { openStore } from '../store/open-store.ts';
import { type ProofDeps, turnProofOfLife } from '../watchdog/proof-of-life.ts';
import type { Foundation } from './build-foundation.ts';
import { buildSyntheticProbe, type SyntheticProbe } from './build-synthetic-probe.ts';

const lookEveryMs = 500;
const leaseMs = 5_000;
const client = 'proof-of-life' as ClientId;

/** Starts sending a proof of life at every interval; of all guards, the one that holds the lease does. */
export function startProofOfLife(foundation: Foundation, watch: GateWatch): void {
  const { configuration, redis, keys } = foundation;
  const intervalMs = configuration.values.PROOF_OF_LIFE_SECONDS * 1_000;
  if (intervalMs === 0) return;
  const space = buildSyntheticProbe(foundation);
  const deps: ProofDeps = {
    redis: redis.commands,
    keys,
    space: space.keys,
    acceptProof: createAcceptProof(foundation, space),
    reconcile: () => reconcileProbe(foundation, space, intervalMs),
    isPaused: () => (watch.current() === undefined ? undefined : !watch.isOn(...consumeFlags)),
    intervalMs,
    log: foundation.log,
  };
  const lease = createLease(redis.commands, keys.central.lease('proof'), leaseMs);
  runTask(foundation, {
    name: 'proof of life',
    everyMs: lookEveryMs,
    run: () => turnProofOfLife(deps),
    lease,
  });
}

function createAcceptProof(foundation: Foundation, space: SyntheticProbe): ProofDeps['acceptProof'] {
  const { redis, now } = foundation;
  const accept = createAcceptEvent({
    redis: redis.commands,
    keys: space.keys,
    jobs: space.jobs,
    mode: 'testing',
    idempotencyMs: space.retentionMs,
    now,
  });
  const event = createProofEvent(space);
  return async () => {
    const { ENVIRONMENT: environment } = foundation.configuration.values;
    await openStore(redis.commands, space.keys, { nowMs: now(), environment });
    await settleGate({ redis: redis.commands, keys: space.keys });
    const requestId = randomUUID();
    const result = await accept({ client, idempotencyKey: requestId, event, requestId });
    return result.eventId;
  };
}

const proofAddresses: Readonly<Record<Channel, string>> = {
  email: 'proof-of-life@example.com',
  sms: '+15555550100',
};

function createProofEvent({ catalog }: SyntheticProbe): IncomingEvent {
  const [type = ''] = catalog.types();
  const addresses = collectAddresses((channel) => {
    const parsed = channelTable[channel].parseAddress(proofAddresses[channel]);
    if (!parsed.ok) throw new Error('the recipient of the proof of life is no recipient');
    return parsed.value;
  });
  return { type, recipient: { ...addresses, locale: 'en', timeZone: 'UTC' }, data: {} };
}

async function reconcileProbe(
  foundation: Foundation,
  space: SyntheticProbe,
  intervalMs: number,
): Promise<void> {
  const { redis } = foundation;
  const { keys, jobs, permits, decisions, retentionMs, log } = space;
  await reconcile({
    redis: redis.commands,
    keys,
    jobs,
    permits,
    decisions,
    findPolicy: () => 'resend-once',
    ageMs: intervalMs,
    retentionMs,
    walkMs: intervalMs,
    places: new Map(),
    log,
  });
}
