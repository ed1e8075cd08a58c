import { readDecisions, readLimitUses, readProviderBlocks } from '../gate/diagnostics.ts';
import { readGate } from '../gate/flags.ts';
import { countHeld } from '../gate/holds.ts';
import type { OperatorAnswer } from '../http/operator-answers.ts';
import type { OperatorParts } from './operator-parts.ts';

const decisionsShown = 100;
const healthMs = 3_000;

/** Everything that decides whether messages leave, on one page. */
export function buildDiagnostics(parts: OperatorParts): () => Promise<OperatorAnswer<'Diagnostics'>> {
  const { foundation, gate, providers } = parts;
  const { keys, now } = foundation;
  const store = { redis: foundation.redis.commands, keys };
  return async () => {
    const nowMs = now();
    const [status, state, held, decisions, health] = await Promise.all([
      parts.readSendStatus(),
      readGate(store.redis, keys),
      countHeld(store),
      readDecisions(store.redis, keys, decisionsShown),
      providers.listHealth(AbortSignal.timeout(healthMs), nowMs),
    ]);
    const uses = await readLimitUses(store, gate.limits, { run: state?.run ?? '0', nowMs });
    const names = health.map(({ provider }) => provider);
    const blocks = await readProviderBlocks(store.redis, keys, names);
    return {
      at: new Date(nowMs).toISOString(),
      epoch: status.epoch,
      sending: status.sending,
      ...(status.reason === undefined ? {} : { reason: status.reason }),
      inflight: status.inflight,
      flags: status.flags,
      held,
      ...uses,
      providers: health.map(({ latencyMs, blockedUntilMs: _here, ...report }) => {
        const until = blocks.get(report.provider) ?? 0;
        const block = until > nowMs ? { blocked_until: new Date(until).toISOString() } : {};
        return { ...report, latency_ms: latencyMs, ...block };
      }),
      decisions,
    };
  };
}
