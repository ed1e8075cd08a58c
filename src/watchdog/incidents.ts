import { z } from 'zod';
import type { Bucket } from '../domain/fleet-counters.ts';
import type { SafeAction, TriggerMode, TriggerName } from '../domain/thresholds.ts';
import { type AuditDeps, type AuditOrder, actAudited } from '../gate/act-audited.ts';
import type { Store } from '../store/keys.ts';
import { callStore, loadScript } from '../store/scripts.ts';
import { readStored, UnreadableRecord } from '../store/unreadable-record.ts';

/** What fired, on what evidence, what was done about it, and who ended it. */
export interface Incident extends IncidentOpening {
  /** Absent while it is under way, and for an incident that is only observed. */
  readonly action?: { readonly at: string; readonly effects: readonly Effect[] };
  /** Absent while the trigger is latched. */
  readonly release?: { readonly at: string; readonly by: string; readonly reason: string };
}

export interface IncidentOpening {
  readonly id: string;
  readonly trigger: TriggerName;
  readonly mode: Exclude<TriggerMode, 'off'>;
  readonly openedAt: string;
  /** The trigger's rule in words. */
  readonly says: string;
  /** The figures at the opening, in words. */
  readonly detail: string;
  readonly value?: number;
  readonly line?: number;
  readonly samples: number;
  readonly samplesMin: number;
  /** The buckets that the verdict rests on. */
  readonly series: readonly Bucket[];
}

/** What an action of the watchdog did, measured. */
export interface Effect {
  readonly action: SafeAction;
  /** `gate-missing`: there is no gate, which already means stopped. */
  readonly state: 'quiesced' | 'stopping' | 'paused' | 'gate-missing';
  /** From the request to the store's acknowledgement. */
  readonly ms: number;
  readonly epoch?: number;
  readonly inFlightAtStop?: number;
  readonly inFlight?: number;
  readonly quiescedMs?: number;
}

/** Released incidents are kept this long; open ones do not expire. */
export const incidentKeptMs = 90 * 86_400_000;

const openScript = loadScript(new URL('./open-incident.lua', import.meta.url), {
  keys: ['watchdog', 'incidents', 'incident'],
  args: ['trigger', 'id', 'openedAt', 'record', 'releasedAt'],
});
const releaseScript = loadScript(new URL('./release-incident.lua', import.meta.url), {
  keys: ['watchdog', 'incident'],
  args: ['trigger', 'id', 'releasedAt', 'release', 'keptMs'],
});

/**
 * Latches the trigger with this incident. Not when another one of the same trigger is open, nor when it was judged
 * under an older release than the last (`releasedAtMs`, 0 for none): a watchdog that was frozen brings nothing back.
 */
export async function openIncident(
  { redis, keys }: Store,
  opening: IncidentOpening,
  releasedAtMs: number,
): Promise<'opened' | 'latched' | 'stale'> {
  const shard = keys.central;
  const [result] = (await openScript.run(
    redis,
    { ...shard, incident: shard.incident(opening.id) },
    {
      trigger: opening.trigger,
      id: opening.id,
      openedAt: Date.parse(opening.openedAt),
      record: JSON.stringify(opening),
      releasedAt: releasedAtMs,
    },
  )) as ('opened' | 'latched' | 'stale')[];
  return result ?? 'stale';
}

/** Writes down what was done, once. */
export async function noteAction(
  { redis, keys, now }: AuditDeps,
  id: string,
  effects: readonly Effect[],
): Promise<void> {
  const action = JSON.stringify({ at: new Date(now()).toISOString(), effects });
  await callStore('note action', () => redis.hsetnx(keys.central.incident(id), 'action', action));
}

export type IncidentReleaseResult =
  | { readonly kind: 'released'; readonly incident: Incident }
  | { readonly kind: 'not-open' }
  | { readonly kind: 'not-found' };

/**
 * Ends an incident by a person's decision; the audit chain takes the line first. It starts nothing: whatever the watchdog
 * stopped stays stopped until a person starts it.
 */
export async function releaseIncident(
  store: AuditDeps,
  id: string,
  order: AuditOrder,
): Promise<IncidentReleaseResult> {
  const incident = await readIncident(store, id);
  if (incident === undefined) return { kind: 'not-found' };
  if (incident.release !== undefined) return { kind: 'not-open' };
  const shard = store.keys.central;
  const action = { action: 'release incident', detail: { incident: id, trigger: incident.trigger } };
  const { code } = await actAudited(store, order, action, async () => {
    const releasedAt = store.now();
    const release = { at: new Date(releasedAt).toISOString(), by: order.actor, reason: order.reason };
    const [result = ''] = (await releaseScript.run(
      store.redis,
      { ...shard, incident: shard.incident(id) },
      {
        trigger: incident.trigger,
        id,
        releasedAt,
        release: JSON.stringify(release),
        keptMs: incidentKeptMs,
      },
    )) as string[];
    return { result: { code: result }, detail: { incident: id, answer: result } };
  });
  const released = code === 'released' ? await readIncident(store, id) : undefined;
  return released === undefined ? { kind: 'not-open' } : { kind: 'released', incident: released };
}

const opened = z.looseObject({ id: z.string() });

/** The incident, or `undefined` when there is none (or it has expired). Throws `UnreadableRecord`. */
export async function readIncident({ redis, keys }: Store, id: string): Promise<Incident | undefined> {
  return await callStore('read incident', async () => {
    const [record, action, release] = await redis.hmget(
      keys.central.incident(id),
      'record',
      'action',
      'release',
    );
    if (typeof record !== 'string') return undefined;
    const opening = readStored(record, opened);
    if (opening === undefined) throw new UnreadableRecord(id, 'a newer program wrote it, or it is damaged');
    return {
      ...opening,
      ...(typeof action === 'string' ? { action: JSON.parse(action) as Incident['action'] } : {}),
      ...(typeof release === 'string' ? { release: JSON.parse(release) as Incident['release'] } : {}),
    } as Incident;
  });
}

/**
 * The newest `count` incidents, newest first, without those that this program cannot read; ids whose record has expired
 * are taken out on the way.
 */
export async function listIncidents(store: Store, count: number): Promise<readonly Incident[]> {
  const { incidents } = store.keys.central;
  return await callStore('list incidents', async () => {
    const ids = await store.redis.zrange(incidents, '+inf', '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, count);
    const found = await Promise.all(
      ids.map(async (id) => [id, await readIncident(store, id).catch(toUnreadable)] as const),
    );
    const gone = found.filter(([, incident]) => incident === undefined).map(([id]) => id);
    if (gone.length > 0) await store.redis.zrem(incidents, ...gone);
    return found.flatMap(([, incident]) =>
      incident === undefined || incident === 'unreadable' ? [] : [incident],
    );
  });
}

function toUnreadable(error: unknown): 'unreadable' {
  if (error instanceof UnreadableRecord) return 'unreadable';
  throw error;
}
