import type { ApiContext } from '../../context.ts';
import type { Exchange } from '../../exchange.ts';
import { auditQuerySchema, auditVerdictQuerySchema } from '../../operator-requests.ts';
import { parseQuery } from '../../parse-input.ts';
import { type Reply, replyJson } from '../../route.ts';

/** Who did what and why, newest first. */
export async function getAudit(exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  const { limit } = parseQuery(exchange, auditQuerySchema);
  return replyJson(200, { lines: await services.operator.readAudit(limit) });
}

/** Whether the chain of audit lines is whole. 200 also when it is not: the answer is the verdict. */
export async function getAuditVerdict(exchange: Exchange, { services }: ApiContext): Promise<Reply> {
  const { expect } = parseQuery(exchange, auditVerdictQuerySchema);
  return replyJson(200, await services.operator.verifyAudit(expect));
}
