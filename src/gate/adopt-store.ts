import { ServiceError } from '../domain/errors.ts';
import { parseMessageId, shardOf } from '../domain/ids.ts';
import { eraOf } from '../domain/store-mark.ts';
import { countMembers } from '../store/count-members.ts';
import { createLineage } from '../store/open-store.ts';
import { callStore, toStoreError } from '../store/scripts.ts';
import type { Witness } from '../store/witness.ts';
import { type AuditDeps, type AuditOrder, actAudited } from './act-audited.ts';
import { changeGate, type FlagStore, type GateState, readGate } from './flags.ts';
import type { MessageDecisions } from './message-decisions.ts';

export interface AdoptionReport {
  readonly kind: 'adopted';
  readonly lineage: string;
  readonly from: string;
  readonly epoch: number;
  /** What was found when the store was seen to be behind. */
  readonly wentBack: string;
  /** Messages and events that were open: they are held as `restored` as soon as their turn comes. */
  readonly open: number;
}

export type AdoptionResult =
  | AdoptionReport
  /** The store is not behind anything that is known of it: there is nothing to adopt. */
  | { readonly kind: 'not-behind' }
  | { readonly kind: 'other-lineage'; readonly lineage: string };

/**
 * Goes on with a store that has gone back in time, because a person says so: it gets a new lineage, in which sending is
 * stopped, and whatever an earlier one left open is held as `restored`, since it may have been sent unseen. The witness
 * learns of it first, so that a process that dies in between leaves the store refused and not trusted.
 *
 * @throws ServiceError `state-conflict` when the witness cannot be read or written, `store-unavailable`
 */
export async function adoptStore(
  store: Omit<FlagStore, 'witness'> & { readonly witness?: Witness },
  order: AuditOrder & { readonly lineage: string },
): Promise<AdoptionResult> {
  const { redis, keys, witness } = store;
  const gate = (await readGate(redis, keys)) ?? (await makeGate(store));
  const { wentBack, mark, marks } = gate;
  if (wentBack === undefined) return { kind: 'not-behind' };
  if (mark.lineage !== order.lineage) return { kind: 'other-lineage', lineage: mark.lineage };
  const witnessed = await askWitness(() => witness?.read());
  const known = [...marks, ...(witnessed === undefined ? [] : [witnessed])];
  const to = createLineage(Math.max(...known.map(({ lineage }) => eraOf(lineage))) + 1);
  const epochAbove = Math.max(...known.map(({ epoch }) => epoch));
  await askWitness(() => witness?.raise({ lineage: to, epoch: epochAbove + 1, changes: mark.changes }));
  const { actor, reason, requestId } = order;
  const result = await changeGate(store, {
    flag: 'send',
    value: 'off',
    actor,
    reason,
    ...(requestId === undefined ? {} : { requestId }),
    adoption: { from: mark.lineage, to, epochAbove },
  });
  if (result.kind !== 'done') return { kind: 'other-lineage', lineage: mark.lineage };
  return {
    kind: 'adopted',
    lineage: to,
    from: mark.lineage,
    epoch: result.epoch,
    wentBack,
    open: await countMembers(redis, keys, ({ eventsOpen, messagesOpen }) => [eventsOpen, messagesOpen]),
  };
}

/** One attempt that a worker's log says was accepted by the provider. */
export interface LoggedAttempt {
  readonly messageId: string;
  readonly providerRef?: string | undefined;
}

/**
 * Marks as sent what the logs of the workers say was sent, and the store has forgotten. What has ended already stays as
 * it is.
 */
export async function markSent(
  deps: AuditDeps & { readonly decisions: MessageDecisions },
  order: AuditOrder,
  attempts: readonly LoggedAttempt[],
): Promise<{ readonly marked: number; readonly known: number; readonly missing: number }> {
  const action = { action: 'mark as sent by the logs', detail: { attempts: attempts.length } };
  return await actAudited(deps, order, action, async () => {
    const result = { marked: 0, known: 0, missing: 0 };
    for (const { messageId, providerRef } of attempts) {
      const id = parseMessageId(messageId);
      if (id === undefined || shardOf(id) >= deps.keys.shards) {
        result.missing += 1;
        continue;
      }
      const { kind, state } = await deps.decisions.end(id, {
        to: 'sent',
        from: ['queued', 'retrying', 'held', 'unknown', 'dead'],
        reason: 'in-the-log',
        by: order.actor,
        fields: { draft: '', ...(providerRef === undefined ? {} : { providerRef }) },
      });
      if (kind === 'done') result.marked += 1;
      else if (state === 'gone') result.missing += 1;
      else result.known += 1;
    }
    return { result, detail: result };
  });
}

/** A store that has lost its gate gets one in which everything is off. */
async function makeGate({ redis, keys }: FlagStore): Promise<GateState> {
  await callStore('make gate', () =>
    redis.hset(keys.central.gate, {
      lineage: createLineage(1),
      epoch: '1',
      wentBack: 'the store had lost its gate',
    }),
  );
  const gate = await readGate(redis, keys);
  if (gate === undefined) throw toStoreError('make gate', new Error('it is not there'));
  return gate;
}

async function askWitness<T>(ask: () => Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await ask();
  } catch (cause) {
    throw new ServiceError(
      'state-conflict',
      'The witness does not answer, and an adoption that it does not know of would be refused again. Bring it back, or name another one in WITNESS_URL and restart every process.',
      { cause },
    );
  }
}
