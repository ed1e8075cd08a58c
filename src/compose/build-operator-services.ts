import {
  type DeadLetterDesk,
  discardDeadLetters,
  listDeadLetters,
  replayDeadLetters,
} from '../deliver/dead-letters.ts';
import { listUnknowns, resolveUnknown } from '../deliver/unknowns.ts';
import { readAudit } from '../gate/audit-chain.ts';
import { addSuppressions, listSuppressions, removeSuppression } from '../gate/suppressions.ts';
import { type AuditVerdict, verifyAudit } from '../gate/verify-audit.ts';
import type { OperatorAnswer } from '../http/operator-answers.ts';
import type { OperatorServices } from '../http/operator-services.ts';
import { hashAddress } from '../observe/address-hash.ts';
import { settleDeadEvent } from '../plan/settle-dead-event.ts';
import { buildControlServices } from './build-control-services.ts';
import { buildDiagnostics } from './build-diagnostics.ts';
import { buildMessageServices } from './build-message-services.ts';
import { toAsk, toDeadOrder, toOrder, viewBulk } from './operator-orders.ts';
import type { OperatorParts } from './operator-parts.ts';

/** The operator's side of the gate, from the stages that do it. */
export function buildOperatorServices(parts: OperatorParts): OperatorServices {
  const { foundation, gate } = parts;
  const { configuration, keys, jobs, now, reportError } = foundation;
  const redis = foundation.redis.commands;
  const settleEvent: DeadLetterDesk['settleEvent'] = (id, to, decision) =>
    settleDeadEvent({ redis, keys, retentionMs: gate.retentionMs }, id, to, decision);
  const desk = { redis, keys, jobs, now, reportError, decisions: gate.decisions, settleEvent };
  const addresses = {
    redis,
    keys,
    now,
    hashAddress: (channel: 'email' | 'sms', address: string): string =>
      hashAddress(configuration.values.ADDRESS_HASH_KEY ?? '', channel, address),
  };
  return {
    ...buildControlServices(parts),
    ...buildMessageServices(parts, { ...desk, hashAddress: addresses.hashAddress }),
    listDeadLetters: (query) => listDeadLetters(desk, toAsk(query)),
    replayDeadLetters: async (order, by) => {
      const report = await replayDeadLetters(desk, toDeadOrder(order, by));
      return { ...viewBulk(report, order.preview), replayed: report.done, failed: report.failed };
    },
    discardDeadLetters: async (order, by) => {
      const report = await discardDeadLetters(desk, toDeadOrder(order, by));
      return { ...viewBulk(report, order.preview), discarded: report.done, failed: report.failed };
    },
    listUnknowns: (query) => listUnknowns(desk, toAsk(query)),
    resolveUnknown: (id, order, by) => resolveUnknown(desk, toOrder(order, by), id, order.resolution),
    listSuppressions: (query) => listSuppressions(addresses, query),
    addSuppressions: (order, by) => addSuppressions(addresses, toOrder(order, by), order.entries),
    removeSuppression: (order, by) => removeSuppression(addresses, toOrder(order, by), order),
    readAudit: (limit) => readAudit(redis, keys.shard(0), limit),
    verifyAudit: async (expected) => viewVerdict(await verifyAudit(redis, keys.shard(0), expected)),
    readDiagnostics: buildDiagnostics(parts),
  };
}

function viewVerdict({ sealedUpTo, ...verdict }: AuditVerdict): OperatorAnswer<'AuditVerdict'> {
  return { ...verdict, sealed_up_to: sealedUpTo };
}
