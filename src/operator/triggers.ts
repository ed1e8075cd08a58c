import { z } from 'zod';
import type { BurnState } from '../domain/slo-rules.ts';
import {
  burnWindowsMs,
  type SloName,
  sloNames,
  sloTable,
  type TriggerMode,
  type TriggerName,
  triggerModes,
  triggerNames,
  triggerTable,
} from '../domain/thresholds.ts';
import type { Store } from '../store/keys.ts';
import { readStoreClock } from '../store/store-clock.ts';
import type { Incident } from '../watchdog/incidents.ts';
import { readWatchdog, type WatchdogRecord } from '../watchdog/read-watchdog.ts';
import type { ReportedSlo } from '../watchdog/report-slos.ts';
import { read } from './operation.ts';
import { count, instant, whenGiven } from './schemas.ts';

export interface TriggerDeps extends Store {
  /** As this process's environment says; the guard's own is told once it has judged. */
  readonly triggerModes: Readonly<Record<TriggerName, TriggerMode>>;
}

const watched = z
  .boolean()
  .meta({ description: 'False: no guard has judged of late. This is old, and nothing is being watched.' });
/** What a trigger was judged on. */
export const triggerEvidence = {
  unit: z.enum(['share', 'jobs']),
  value: z.number().optional(),
  line: z.number().optional(),
  samples: count,
  samples_min: count,
};
const triggerItem = z.strictObject({
  trigger: z.enum(triggerNames),
  mode: z.enum(triggerModes),
  verdict: z.enum(['pass', 'fail', 'no-data']).meta({
    description: '`no-data` is no verdict: neither healthy nor a reason to act',
  }),
  latched: z.boolean(),
  incident: z.string().optional().meta({ description: 'Of a latched trigger' }),
  rule: z.string(),
  actions: z.array(z.string()),
  ...triggerEvidence,
  detail: z.string(),
});
const burnRates = z.strictObject(
  Object.fromEntries(Object.keys(burnWindowsMs).map((window) => [window, z.number().optional()])),
);
const sloItem = z.strictObject({
  slo: z.enum(sloNames),
  target: z.string(),
  measures: z.string(),
  verdict: z.enum(['met', 'missed', 'no-data']),
  measured: z.number().meta({ description: 'A part of one' }).optional(),
  bad: count,
  total: count,
  since: instant.optional().meta({ description: 'Where the measuring of this one begins' }),
  budget_left: z.number().optional().meta({ description: '1 untouched, 0 spent, below 0 overspent' }),
  burn_rates: burnRates.meta({ description: '1 spends the budget exactly in its 30 days' }),
  alerts: z.array(
    z.strictObject({
      severity: z.enum(['page', 'ticket']),
      burn_rate: z.number(),
      windows: z.array(z.string()),
      firing: z.boolean(),
    }),
  ),
});

/** How the rollback triggers and the service level objectives stand. Any process can tell, with or without a guard. */
export const triggers = [
  read('/api/triggers', {
    operationId: 'getTriggers',
    scope: 'notify.read',
    summary: 'See how the rollback triggers stand',
    response: z
      .strictObject({ watched, judged_at: instant.optional(), triggers: z.array(triggerItem) })
      .meta({ id: 'Triggers', title: 'The rollback triggers' }),
    run: async (_request, deps: TriggerDeps) => {
      const standing = await readStanding(deps);
      return {
        ...viewFreshness(standing),
        triggers: triggerNames.map((name) => viewTrigger(name, standing, deps.triggerModes[name])),
      };
    },
  }),
  read('/api/slo', {
    operationId: 'getSlo',
    scope: 'notify.read',
    summary: 'See the service level objectives and what is left of their budgets',
    response: z
      .strictObject({
        watched,
        judged_at: instant.optional(),
        since: instant.optional().meta({ description: 'Where the measuring begins: 30 days back at most' }),
        slos: z.array(sloItem),
      })
      .meta({ id: 'Slos', title: 'The objectives and their error budgets' }),
    run: async (_request, deps: TriggerDeps) => {
      const standing = await readStanding(deps);
      return {
        ...viewFreshness(standing),
        ...whenGiven('since', standing.slos?.since),
        slos: sloNames.map((name) => viewSlo(name, standing)),
      };
    },
  }),
];

/** By the store's clock, as the guard judges: this process's own may be wrong. */
async function readStanding({ redis, keys }: Store): Promise<WatchdogRecord> {
  return await readWatchdog(redis, keys, await readStoreClock(redis));
}

function viewFreshness({ isFresh, judgement }: WatchdogRecord) {
  return { watched: isFresh, ...whenGiven('judged_at', judgement?.at) };
}

/** An old verdict is none. The guard's own environment decides the mode; `ownMode` only before it has ever judged. */
export function viewTrigger(
  name: TriggerName,
  { judgement, latches, isFresh }: WatchdogRecord,
  ownMode: TriggerMode,
): z.output<typeof triggerItem> {
  const found = judgement?.triggers[name];
  const incident = latches.get(name);
  const { says, actions } = triggerTable[name];
  return {
    trigger: name,
    verdict: isFresh && found !== undefined ? found.verdict : 'no-data',
    latched: incident !== undefined,
    ...whenGiven('incident', incident),
    rule: says,
    actions: [...actions],
    ...viewTriggerEvidence(name, found ?? { samples: 0, samplesMin: 0 }),
    detail: found?.detail ?? 'no guard has judged yet',
    mode: judgement?.modes[name] ?? ownMode,
  };
}

/** Shares as parts of one, depths as they are. */
export function viewTriggerEvidence(
  name: TriggerName,
  evidence: Pick<Incident, 'samples' | 'samplesMin' | 'value' | 'line'>,
) {
  const unit = triggerTable[name].kind === 'depth' ? ('jobs' as const) : ('share' as const);
  const scale = (value: number): number => (unit === 'jobs' ? value : value / 10_000);
  return {
    unit,
    ...(evidence.value === undefined ? {} : { value: scale(evidence.value) }),
    ...(evidence.line === undefined ? {} : { line: scale(evidence.line) }),
    samples: evidence.samples,
    samples_min: evidence.samplesMin,
  };
}

const noEvidence: Omit<ReportedSlo, 'since'> & Partial<Pick<ReportedSlo, 'since'>> = {
  verdict: 'no-data',
  bad: 0,
  total: 0,
  burnRates: {},
  alerts: [],
};

export function viewSlo(name: SloName, { slos }: WatchdogRecord): z.output<typeof sloItem> {
  const { target, measures } = sloTable[name];
  const {
    verdict,
    measured,
    bad,
    total,
    since,
    budgetLeft,
    burnRates: rates,
    alerts,
  } = slos?.slos[name] ?? noEvidence;
  return {
    slo: name,
    target,
    measures,
    verdict,
    ...whenGiven('measured', measured),
    bad,
    total,
    ...whenGiven('since', since),
    ...whenGiven('budget_left', budgetLeft),
    burn_rates: { ...rates },
    alerts: alerts.map(viewAlert),
  };
}

function viewAlert({ severity, burnTenths, long, short, isFiring }: BurnState) {
  return { severity, burn_rate: burnTenths / 10, windows: [long, short], firing: isFiring };
}
