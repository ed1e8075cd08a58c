import { auditBounds, trimAudit } from '../gate/trim-audit.ts';
import { createAuditWatch } from '../gate/watch-audit.ts';
import { runTask } from '../runtime/run-task.ts';
import { createLease } from '../store/lease.ts';
import type { Foundation } from './build-foundation.ts';

const lookEveryMs = 1_000;
const trimEveryMs = 10 * 60_000;
const leaseMs = 30_000;

/** Watches the audit chain, and keeps its stream within its bounds. */
export function startAuditWatch(foundation: Foundation): void {
  const { redis, keys, log, now } = foundation;
  const shard = keys.shard(0);
  const look = createAuditWatch(redis.commands, shard, log);
  runTask(foundation, { name: 'audit watch', everyMs: lookEveryMs, run: look });
  const lease = createLease(redis.commands, shard.lease('audit'), leaseMs);
  const onTrimmed = ({ text, hash }: { readonly text: string; readonly hash: string }): void =>
    log.info({ audit_line: text, audit_hash: hash }, 'an audit line leaves the store; this is its copy');
  const trim = async (): Promise<void> => {
    while ((await trimAudit(redis.commands, shard, { bounds: auditBounds, nowMs: now(), onTrimmed })) > 0)
      if (!(await lease.hold())) return;
  };
  runTask(foundation, { name: 'trim audit', everyMs: trimEveryMs, run: trim, lease });
}
