import type { BurnStanding } from '../domain/slo-rules.ts';
import {
  type SloName,
  sloNames,
  sloTable,
  type TriggerName,
  triggerNames,
  triggerTable,
} from '../domain/thresholds.ts';
import { type FlagName, readGate, valueAt } from '../gate/flags.ts';
import {
  type Effect,
  type Incident,
  listIncidents,
  readIncident,
  releaseIncident,
} from '../guard/incidents.ts';
import { type GuardStanding, readGuard } from '../guard/read-guard.ts';
import type { ReportedSlo } from '../guard/report-slos.ts';
import type { GuardAnswer } from '../http/guard-answers.ts';
import type { GuardServices } from '../http/guard-services.ts';
import { readStoreClock } from '../store/store-clock.ts';
import type { Foundation } from './build-foundation.ts';
import { buildNoteServices } from './build-note-services.ts';
import { readTriggerModes } from './guard-modes.ts';

/** What the guard wrote down, as the routes tell it. Any process can tell it, with or without a guard. */
export function buildGuardServices(foundation: Foundation): GuardServices {
  const { configuration, keys } = foundation;
  const store = { redis: foundation.redis.commands, keys };
  const modes = readTriggerModes(configuration);
  // By the store's clock, as the guard judges: this process's own may be wrong.
  const readStanding = async (): Promise<GuardStanding> =>
    await readGuard(store.redis, keys, await readStoreClock(store.redis));
  return {
    readTriggers: async () => {
      const standing = await readStanding();
      return {
        ...viewFreshness(standing),
        triggers: triggerNames.map((name) => ({
          ...viewTrigger(name, standing),
          // The guard's own environment decides; this process's only before it has ever judged.
          mode: standing.judgement?.modes[name] ?? modes[name],
        })),
      };
    },
    readSlos: async () => {
      const standing = await readStanding();
      const { slos } = standing;
      return {
        ...viewFreshness(standing),
        ...(slos === undefined ? {} : { since: slos.since }),
        slos: sloNames.map((name) => viewSlo(name, standing)),
      };
    },
    listIncidents: async (limit) => ({
      incidents: (await listIncidents(store, limit)).map(viewBrief),
    }),
    readIncident: async (id) => {
      const incident = await readIncident(store, id);
      return incident === undefined ? undefined : viewIncident(incident);
    },
    ...buildNoteServices(foundation),
    releaseIncident: async (id, { reason }, { clientId, requestId }) => {
      const releasedAtMs = await readStoreClock(store.redis);
      const order = { actor: clientId, reason, requestId };
      const answer = await releaseIncident({ ...store, now: () => releasedAtMs }, id, order);
      if (answer.kind !== 'released') return answer.kind;
      return { incident: viewIncident(answer.incident), ...(await describeStops(foundation)) };
    },
  };
}

function viewFreshness({ isFresh, judgement }: GuardStanding) {
  return { watched: isFresh, ...(judgement === undefined ? {} : { judged_at: judgement.at }) };
}

function viewTrigger(name: TriggerName, { judgement, latches, isFresh }: GuardStanding) {
  const found = judgement?.triggers[name];
  const incident = latches.get(name);
  const { says, actions } = triggerTable[name];
  return {
    trigger: name,
    // An old verdict is none.
    verdict: isFresh && found !== undefined ? found.verdict : ('no-data' as const),
    latched: incident !== undefined,
    ...(incident === undefined ? {} : { incident }),
    rule: says,
    actions: [...actions],
    ...viewFigures(name, found ?? { samples: 0, samplesMin: 0 }),
    detail: found?.detail ?? 'no guard has judged yet',
  };
}

/** Shares as parts of one, depths as they are. */
function viewFigures(
  name: TriggerName,
  figures: Pick<Incident, 'samples' | 'samplesMin' | 'value' | 'line'>,
) {
  const unit = triggerTable[name].kind === 'depth' ? ('jobs' as const) : ('share' as const);
  const scale = (figure: number): number => (unit === 'jobs' ? figure : figure / 10_000);
  return {
    unit,
    ...(figures.value === undefined ? {} : { value: scale(figures.value) }),
    ...(figures.line === undefined ? {} : { line: scale(figures.line) }),
    samples: figures.samples,
    samples_min: figures.samplesMin,
  };
}

const noFigures: Omit<ReportedSlo, 'since'> & Partial<Pick<ReportedSlo, 'since'>> = {
  verdict: 'no-data',
  bad: 0,
  total: 0,
  burnRates: {},
  alerts: [],
};

function viewSlo(name: SloName, { slos }: GuardStanding): GuardAnswer<'Slos'>['slos'][number] {
  const { target, measures } = sloTable[name];
  const { verdict, measured, bad, total, since, budgetLeft, burnRates, alerts } =
    slos?.slos[name] ?? noFigures;
  return {
    slo: name,
    target,
    measures,
    verdict,
    ...(measured === undefined ? {} : { measured }),
    bad,
    total,
    ...(since === undefined ? {} : { since }),
    ...(budgetLeft === undefined ? {} : { budget_left: budgetLeft }),
    burn_rates: { ...burnRates },
    alerts: alerts.map(viewAlert),
  };
}

function viewAlert({ severity, burnTenths, long, short, isFiring }: BurnStanding) {
  return { severity, burn_rate: burnTenths / 10, windows: [long, short], firing: isFiring };
}

function viewBrief(incident: Incident): GuardAnswer<'Incidents'>['incidents'][number] {
  const { id, trigger, mode, openedAt, says, detail, action, release } = incident;
  return {
    id,
    trigger,
    mode,
    state: release === undefined ? 'open' : 'released',
    opened_at: openedAt,
    rule: says,
    detail,
    actions: (action?.effects ?? []).map(viewEffect),
    ...(action === undefined ? {} : { acted_at: action.at }),
    ...(release === undefined ? {} : { release }),
  };
}

function viewIncident(incident: Incident): GuardAnswer<'Incident'> {
  return {
    ...viewBrief(incident),
    ...viewFigures(incident.trigger, incident),
    series: incident.series.map(({ startMs, figures }) => ({
      at: new Date(startMs).toISOString(),
      figures: { ...figures } as Record<string, number>,
    })),
  };
}

function viewEffect(effect: Effect) {
  const { action, state, ms, epoch, inFlightAtStop, inFlight, quiescedMs } = effect;
  return {
    action,
    state,
    ms,
    ...(epoch === undefined ? {} : { epoch }),
    ...(inFlightAtStop === undefined ? {} : { in_flight_at_stop: inFlightAtStop }),
    ...(inFlight === undefined ? {} : { in_flight: inFlight }),
    ...(quiescedMs === undefined ? {} : { quiesced_ms: quiescedMs }),
  };
}

/** The switches that the guard can turn off, and how a person turns each of them on again. */
const startCommands: readonly (readonly [FlagName, string])[] = [
  ['send', 'acc start "why" --epoch'],
  ['consume', 'acc resume consumers "why" --epoch'],
  ['ingest', 'acc resume ingest "why" --epoch'],
];

async function describeStops({
  redis,
  keys,
  now,
}: Foundation): Promise<Pick<GuardAnswer<'IncidentReleased'>, 'still_stopped' | 'epoch' | 'go_on_with'>> {
  const gate = await readGate(redis.commands, keys);
  const off = startCommands.filter(([flag]) => valueAt(gate?.flags[flag], now()) === 'off');
  return {
    still_stopped: off.map(([flag]) => {
      const change = gate?.flags[flag].change;
      return {
        flag,
        ...(change === undefined ? {} : { since: change.at }),
        by: change?.actor ?? '',
        reason: change?.reason ?? 'the gate is missing from the store',
      };
    }),
    epoch: gate?.epoch ?? 0,
    go_on_with: off.map(([, command]) => `${command} ${gate?.epoch ?? 0}`),
  };
}
