import { readDecisions, readLimitUses } from '../gate/diagnostics.ts';
import { readGate } from '../gate/flags.ts';
import { countHeld } from '../gate/holds.ts';
import type { OperatorAnswer } from '../http/operator-answers.ts';
import type { OperatorParts } from './operator-parts.ts';

const decisionsShown = 100;

/** Everything that decides whether messages leave, on one page. */
export function buildDiagnostics(parts: OperatorParts): () => Promise<OperatorAnswer<'Diagnostics'>> {
  const { foundation, gate } = parts;
  const { keys, now } = foundation;
  const store = { redis: foundation.redis.commands, keys };
  return async () => {
    const nowMs = now();
    const [status, state, held, decisions, health] = await Promise.all([
      parts.readSendStatus(),
      readGate(store.redis, keys),
      countHeld(store),
      readDecisions(store.redis, keys, decisionsShown),
      parts.checkProviders(),
    ]);
    const uses = await readLimitUses(store, gate.limits, { run: state?.run ?? '0', nowMs });
    return {
      at: new Date(nowMs).toISOString(),
      epoch: status.epoch,
      sending: status.sending,
      ...(status.reason === undefined ? {} : { reason: status.reason }),
      inflight: status.inflight,
      flags: status.flags,
      held,
      ...uses,
      providers: health.map(({ latencyMs, ...report }) => ({ ...report, latency_ms: latencyMs })),
      decisions,
    };
  };
}
