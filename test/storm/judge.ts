import { findBreaches } from '../faults/invariants.ts';
import type { StoreRestore } from './restore-store.ts';
import type { ClosedTime } from './sending-switch.ts';
import { textsPerMinute, type World } from './world.ts';

const minuteMs = 60_000;

/** REL-1 over a store that has come to rest, as sentences about what is broken; empty when it holds. */
export async function judge(world: World, restores: readonly StoreRestore[]): Promise<readonly string[]> {
  const { providers, traffic, sending, service } = world;
  const ofRecords = await findBreaches(service, {
    acknowledged: [...traffic.acknowledged.keys()],
    received: providers.listMails(),
    texts: providers.texts.filter(({ taken }) => taken),
    mayEndDead: ({ reason }) => reason === 'poison',
    copiesMax: ({ type }) => (type === 'receipt' ? 2 : 1),
  });
  return [
    ...traffic.breaches,
    ...ofRecords,
    ...findCopies(providers.listCopies(), restores),
    ...findAfterStop(sending.closedTimes, providers.listBeginnings()),
    ...findOverLimit(
      providers.texts.map(({ atMs }) => atMs),
      restores,
    ),
  ];
}

/**
 * By address, not by message id: an event that was planned or posted twice would show here. What
 * arrived in the life that a restore has undone is not known to the store any more, and its event may be posted again.
 */
function findCopies(
  copies: ReturnType<World['providers']['listCopies']>,
  restores: readonly StoreRestore[],
): string[] {
  return [...copies].flatMap(([to, atMs]) => {
    const known = atMs.filter((at) => !restores.some(({ fromMs, untilMs }) => at > fromMs && at < untilMs));
    const copiesMax = to.startsWith('resend-') ? 2 : 1;
    return known.length > copiesMax ? [`${to} was written to ${known.length} times`] : [];
  });
}

function findAfterStop(closedTimes: readonly ClosedTime[], beganAtMs: readonly number[]): string[] {
  return closedTimes.flatMap(({ from, until }) =>
    beganAtMs
      .filter((at) => at > from && at < until)
      .map((at) => `a message began ${Math.round(at - from)} ms after a confirmed stop`),
  );
}

/** A restored store has forgotten the last seconds of its windows. */
function findOverLimit(atMs: readonly number[], restores: readonly StoreRestore[]): string[] {
  const sorted = atMs.toSorted((one, other) => one - other);
  return sorted.flatMap((start, index) => {
    const end = sorted[index + textsPerMinute] ?? Number.POSITIVE_INFINITY;
    const excused = restores.some(({ fromMs, untilMs }) => fromMs < end && untilMs > start);
    return end - start < minuteMs && !excused
      ? [`more than ${textsPerMinute} texts within ${Math.round(end - start)} ms`]
      : [];
  });
}
