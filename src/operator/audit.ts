import { z } from 'zod';
import { readAudit } from '../gate/audit-chain.ts';
import { verifyAudit } from '../gate/verify-audit.ts';
import type { Store } from '../store/keys.ts';
import { read } from './operation.ts';
import { count, instant } from './schemas.ts';

/** Who did what and why, and whether the chain of those lines is whole. */
export const audit = [
  read('/api/audit', {
    operationId: 'getAudit',
    summary: 'See who did what and why, newest first',
    query: z.strictObject({ limit: z.coerce.number().int().min(1).max(1_000).default(50) }),
    response: z
      .strictObject({
        lines: z.array(
          z.strictObject({
            at: instant,
            actor: z.string(),
            action: z.string(),
            reason: z.string(),
            before: z.string().optional(),
            after: z.string().optional(),
            requestId: z.string().optional(),
            detail: z.record(z.string(), z.unknown()).optional(),
          }),
        ),
      })
      .meta({ id: 'Audit' }),
    run: async ({ query }, { redis, keys }: Store) => ({
      lines: await readAudit(redis, keys.central, query.limit),
    }),
  }),
  read('/api/audit/verify', {
    operationId: 'getAuditVerdict',
    summary: 'Check that no audit line was changed',
    query: z.strictObject({
      expect: z
        .string()
        .regex(
          /^(\d{1,15}\.)?[0-9a-f]{64}(\.[0-9a-f]{1,32}\.[0-9a-f]{32})?(:\d{1,15})?$/,
          'must be a whole head of the chain, as the log of the guard or a status note has it, perhaps with `:` and its count',
        )
        .transform((text) => {
          const [head = '', lines] = text.split(':');
          return { head, ...(lines === undefined ? {} : { count: Number(lines) }) };
        })
        .optional()
        .meta({ description: 'A head that was kept elsewhere, perhaps with `:` and its count' }),
    }),
    response: z
      .strictObject({
        ok: z.boolean(),
        lines: count.meta({ description: 'Lines in the store' }),
        first: count.meta({
          description: 'Number of the first of them; above 1 once older ones were trimmed',
        }),
        count: count.meta({ description: 'Lines that there ever were' }),
        head: z
          .string()
          .meta({ description: 'Hash of the last line: keep it elsewhere, and expect it later' }),
        sealed_up_to: count.meta({
          description:
            'The last line with a seal of our key; whoever can write to the store could have written what follows',
        }),
        unsealed: count.meta({
          description: 'Lines without a seal: of older versions, or of a stop at the store',
        }),
        foreign: count.meta({
          description: 'Lines sealed with another key, such as that of an earlier ADDRESS_HASH_KEY',
        }),
        entry: z
          .string()
          .optional()
          .meta({ description: 'The first line that does not follow from the one before' }),
        detail: z.string().optional(),
      })
      .meta({ id: 'AuditVerdict' }),
    run: async ({ query }, { redis, keys }: Store) => {
      const { sealedUpTo, ...verdict } = await verifyAudit(redis, keys.central, query.expect);
      return { ...verdict, sealed_up_to: sealedUpTo };
    },
  }),
];
