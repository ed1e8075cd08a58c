import { z } from 'zod';
import { askProviders } from '../deliver/provider-health.ts';
import { type LimitUse, readDecisions, readLimitUses } from '../gate/diagnostics.ts';
import { readGate } from '../gate/flags.ts';
import { countHeld } from '../gate/holds.ts';
import type { Limits } from '../gate/limits.ts';
import { readSendStatus, type SendStatusDeps } from '../gate/send-status.ts';
import { read } from './operation.ts';
import { count, counts, instant, settingView, toIso, whenGiven } from './schemas.ts';
import { providerResponse, viewProvider } from './status.ts';

export interface DiagnosticsDeps extends SendStatusDeps {
  readonly limits: Limits;
}

const decisionsShown = 100;
const use = z.strictObject({
  name: z.string(),
  limit: z.number(),
  used: z.number(),
  window_ms: z.number().optional(),
});

/** Everything that decides whether messages leave, on one page. */
export const diagnostics = [
  read('/api/diagnostics', {
    operationId: 'getDiagnostics',
    summary: 'See why messages leave, or do not',
    response: z
      .strictObject({
        at: instant,
        epoch: z.int(),
        sending: z.boolean(),
        reason: z.string().optional(),
        inflight: count,
        flags: z.record(z.string(), settingView),
        held: counts,
        limits: z.array(use),
        caps: z.array(use),
        providers: z.array(providerResponse),
        decisions: z.array(
          z.strictObject({
            at: instant,
            message_id: z.string(),
            to: z.string(),
            type: z.string(),
            channel: z.string(),
            decision: z.string(),
            reason: z.string(),
          }),
        ),
      })
      .meta({ id: 'Diagnostics', title: 'Why messages leave, or do not' }),
    run: async (_request, deps: DiagnosticsDeps) => {
      const { redis, keys } = deps;
      const nowMs = deps.now();
      const [status, gate, held, decisions, providers] = await Promise.all([
        readSendStatus(deps),
        readGate(redis, keys),
        countHeld(deps),
        readDecisions(redis, keys, decisionsShown),
        askProviders(deps),
      ]);
      const { limits, caps } = await readLimitUses(deps, deps.limits, { run: gate?.run ?? '0', nowMs });
      return {
        at: toIso(nowMs),
        epoch: status.epoch,
        sending: status.isSending,
        ...whenGiven('reason', status.reason),
        inflight: status.inFlight,
        flags: status.flags,
        held,
        limits: limits.map(viewUse),
        caps: caps.map(viewUse),
        providers: providers.map(viewProvider),
        decisions,
      };
    },
  }),
];

function viewUse({ windowMs, ...rest }: LimitUse): z.output<typeof use> {
  return { ...rest, ...whenGiven('window_ms', windowMs) };
}
