import type { Redis } from 'ioredis';
import type { Log } from '../observe/log.ts';
import type { ShardKeys } from '../store/keys.ts';
import { type AuditHead, readAuditHead } from './audit-chain.ts';

/**
 * Builds a look at the audit chain that writes each new head to the log, which lies outside the store: with one of those
 * lines `acc audit verify --expect` finds a chain that was cut, rewritten or set back. A head that goes back between two
 * looks is an error at once.
 */
export function createAuditWatch(
  redis: Redis,
  keys: ShardKeys,
  log: Pick<Log, 'info' | 'error'>,
): () => Promise<void> {
  let last: AuditHead | undefined;
  return async () => {
    const head = await readAuditHead(redis, keys);
    const reported = last;
    if (reported?.head === head.head) return;
    last = head;
    const fields = { audit_head: head.head, audit_lines: head.count };
    if (reported !== undefined && head.count <= reported.count)
      log.error(
        { ...fields, audit_head_before: reported.head, audit_lines_before: reported.count },
        'the audit chain went back: lines were cut or rewritten, or the store is an older one',
      );
    else log.info(fields, 'the head of the audit chain');
  };
}
