import { type AuditHead, readAuditHead } from '../gate/audit-chain.ts';
import { auditBounds, trimAudit } from '../gate/trim-audit.ts';
import { createLease } from '../store/lease.ts';
import type { Foundation } from './build-foundation.ts';
import { runTask } from './run-task.ts';

const lookEveryMs = 1_000;
const trimEveryMs = 10 * 60_000;
const leaseMs = 30_000;

/**
 * Writes each new head of the audit chain to the log, which lies outside the store: with one of those lines
 * `acc audit verify --expect` finds a chain that was cut, rewritten or set back. A head that goes back under a running
 * guard is an error at once. Keeps the stream within its bounds too.
 */
export function startAuditWatch(foundation: Foundation): void {
  const { redis, keys, log, now } = foundation;
  const shard = keys.shard(0);
  let last: AuditHead | undefined;
  const look = async (): Promise<void> => {
    const head = await readAuditHead(redis.commands, shard);
    const told = last;
    if (told?.head === head.head) return;
    last = head;
    const fields = { audit_head: head.head, audit_lines: head.count };
    if (told !== undefined && head.count <= told.count)
      log.error(
        { ...fields, audit_head_before: told.head, audit_lines_before: told.count },
        'the audit chain went back: lines were cut or rewritten, or the store is an older one',
      );
    else log.info(fields, 'the head of the audit chain');
  };
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
