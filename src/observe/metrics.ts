import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Channel } from '../domain/channel.ts';
import type { CounterName, LatencyBin } from '../domain/fleet-counters.ts';
import type { AmbiguityPolicy, HoldReason } from '../domain/message.ts';
import type { AttemptPhase, OutcomeKind } from '../domain/outcome.ts';
import { apiP95TriggerMs } from '../domain/thresholds.ts';
import { createLabelBound, otherLabel } from './bound-label.ts';
import { createCollector, showIfKnown } from './collected-gauges.ts';
import { type Counters, type Gauges, type Histograms, registerMetrics } from './register-metrics.ts';

interface MetricsOptions {
  readonly version?: string;
  /** Longest time that one scrape waits for the collectors, in ms; 1000 by default. */
  readonly collectTimeoutMs?: number;
  /** Processor, memory, event loop and handles of this process, without our prefix; on by default. */
  readonly processMetrics?: boolean;
}

/** The gate as this process sees it. */
export interface SendState {
  readonly sending: boolean;
  readonly dryRun: boolean;
  readonly ingestionPaused: boolean;
  readonly consumersPaused: boolean;
  readonly epoch: number;
  readonly inFlight: number;
}

const triggerVerdicts = ['pass', 'fail', 'no-data'] as const;
export type TriggerVerdict = (typeof triggerVerdicts)[number];

/** The backlog of the queues, as the active guard sees it. */
export interface Backlog {
  readonly jobs: number;
  /** As the depth trigger judges it. */
  readonly judged: number;
  readonly isHeld: boolean;
}

export interface ObservedRequest {
  /** The pattern of the route table (`/api/events/:id`), never the path that was asked for. */
  readonly route: string;
  readonly method: string;
  readonly status: number;
  /** Absent when no response was sent, because the client left. */
  readonly seconds?: number;
}

export type Metrics = ReturnType<typeof createMetrics>;

/**
 * Counts and measures by meaning, in a registry of its own, so that many copies live in one process. The number
 * of time series is bounded: the first 100 clients have a name and all others are `other`, and so are event
 * types that were not admitted.
 */
export function createMetrics(options: MetricsOptions = {}) {
  const registry = new Registry();
  const { counters, gauges, histograms } = registerMetrics(registry);
  if (options.processMetrics ?? true) collectDefaultMetrics({ register: registry });
  gauges.build.set({ version: options.version ?? 'unknown' }, 1);
  const types = new Set<string>();
  const typeLabel = (type: string) => (types.has(type) ? type : otherLabel);
  const collector = createCollector(
    gauges,
    () => counters.collectFailures.inc(),
    options.collectTimeoutMs ?? 1000,
  );
  return {
    /** Gives these event types (those of the catalog) a label of their own. */
    admitTypes(admitted: readonly string[]): void {
      for (const type of admitted) types.add(type);
    },
    /** Adds a reader of the store that runs at each scrape. */
    onCollect: collector.onCollect,
    ...requestMetrics(counters, histograms),
    ...guardMetrics(counters, histograms),
    ...eventMetrics(counters, histograms, typeLabel),
    ...messageMetrics(counters, histograms),
    ...stateMetrics(gauges, histograms),
    /** The exposition text. A collector that fails is left out and counted; the scrape itself still succeeds. */
    async render(): Promise<{ contentType: string; body: string }> {
      await collector.collect();
      return { contentType: registry.contentType, body: await registry.metrics() };
    },
  };
}

function requestMetrics(counters: Counters, histograms: Histograms) {
  const routeLabel = createLabelBound(100);
  const methodLabel = createLabelBound(10);
  const reasonLabel = createLabelBound(50);
  return {
    observeRequest(request: ObservedRequest): void {
      const route = routeLabel(request.route);
      const method = methodLabel(request.method);
      counters.requests.inc({ route, method, status: String(request.status) });
      if (request.seconds !== undefined)
        histograms.requestSeconds.observe({ route, method }, request.seconds);
    },
    countConnectionClosed: (why: string, count = 1) => counters.connectionsClosed.inc({ why }, count),
    countTokenVerified: () => counters.tokensVerified.inc(),
    /** A token judged bad. One that could not be judged is counted by `countKeysUnavailable` and not here. */
    countTokenFailure: (reason: string) => counters.tokenFailures.inc({ reason: reasonLabel(reason) }),
    countKeysUnavailable: () => counters.keysUnavailable.inc(),
    /** `end`: `accepted`, or the reason of the rejection. */
    countQuarantineEnd: (end: string, count = 1) =>
      counters.quarantineEnds.inc({ end: reasonLabel(end) }, count),
  };
}

function eventMetrics(counters: Counters, histograms: Histograms, typeLabel: (type: string) => string) {
  const clientLabel = createLabelBound(100);
  return {
    countEventAccepted: ({ type, client }: { type: string; client: string }) =>
      counters.eventsAccepted.inc({ type: typeLabel(type), client: clientLabel(client) }),
    observeRender: (type: string, channel: Channel, seconds: number) =>
      histograms.renderSeconds.observe({ type: typeLabel(type), channel }, seconds),
  };
}

function messageMetrics(counters: Counters, histograms: Histograms) {
  const reasonLabel = createLabelBound(50);
  return {
    countAttempt: (attempt: { provider: string; channel: Channel; outcome: OutcomeKind }) =>
      counters.attempts.inc(attempt),
    observeAttempt: (seconds: number) => histograms.attemptSeconds.observe(seconds),
    countHold: (reason: HoldReason) => counters.holds.inc({ reason }),
    countDeadLetter: (reason: string) => counters.deadLetters.inc({ reason: reasonLabel(reason) }),
    countUnknown: (phase: AttemptPhase, policy: AmbiguityPolicy) => counters.unknowns.inc({ phase, policy }),
  };
}

function stateMetrics(gauges: Gauges, histograms: Histograms) {
  return {
    setSendState(state: SendState): void {
      gauges.sending.set(Number(state.sending));
      gauges.dryRun.set(Number(state.dryRun));
      gauges.ingestionPaused.set(Number(state.ingestionPaused));
      gauges.consumersPaused.set(Number(state.consumersPaused));
      gauges.gateEpoch.set(state.epoch);
      gauges.attemptsInFlight.set(state.inFlight);
    },
    /** Time from the request of a stop to its confirmation, in ms. */
    observeStop: (ms: number) => histograms.stopSeconds.observe(ms / 1000),
    /** How far this process trusts the store; `witnessError` is undefined where there is no witness. */
    setStoreState: (state: 'confirmed' | 'unconfirmed' | 'went-back', witnessError?: string) => {
      gauges.storeWentBack.set(Number(state === 'went-back'));
      if (witnessError !== undefined) gauges.witnessOk.set(Number(witnessError === ''));
    },
    setStoreWritable: (writable: boolean) => gauges.storeWritable.set(Number(writable)),
    /** Undefined: not known, and not shown. */
    setStoreDurable: (durable: boolean | undefined) =>
      showIfKnown(gauges.storeDurable, durable === undefined ? undefined : Number(durable)),
    /** Undefined: not known, and not shown. */
    setProofOfLifeAge: (ageMs: number | undefined) =>
      showIfKnown(gauges.proofOfLifeAge, ageMs === undefined ? undefined : ageMs / 1000),
    setTrigger(trigger: string, verdict: TriggerVerdict, latched: boolean): void {
      for (const one of triggerVerdicts)
        gauges.triggerVerdict.set({ trigger, verdict: one }, Number(one === verdict));
      gauges.triggerLatched.set({ trigger }, Number(latched));
    },
    setQueueBaseline: (jobs: number) => gauges.queueBaseline.set(jobs),
    /** Undefined: not known, and not shown. */
    setBacklog(backlog: Backlog | undefined): void {
      showIfKnown(gauges.queueBacklog, backlog?.jobs);
      showIfKnown(gauges.queueBacklogJudged, backlog?.judged);
      showIfKnown(gauges.queueHeldBack, backlog && Number(backlog.isHeld));
    },
    /** A guard that stands by shows no verdicts: its old ones would outlive those of the active one. */
    forgetFleet(): void {
      for (const gauge of [gauges.triggerVerdict, gauges.triggerLatched, gauges.sloBudget]) gauge.reset();
      const { queueBacklog, queueBacklogJudged, queueHeldBack, queueBaseline } = gauges;
      for (const gauge of [queueBacklog, queueBacklogJudged, queueHeldBack, queueBaseline]) gauge.remove();
    },
    /** `remaining`: 1 untouched, 0 spent, below 0 overspent. How far says nothing without its span, so it ends at -1. */
    setErrorBudget: (slo: string, remaining: number) =>
      gauges.sloBudget.set({ slo }, Math.max(-1, remaining)),
  };
}

/** All counters but those of latencies, which are a histogram here. */
type PlainCounter = Exclude<CounterName, LatencyBin>;

/** The counters of what triggers and objectives are judged by: the same as in the fleet's buckets. */
function guardMetrics(counters: Counters, histograms: Histograms) {
  const show = createCounterWriter(counters);
  const named = new Set<string>();
  return {
    /** What triggers and budgets are judged by. A `count` of 0 shows a counter before its first increase, so that the increase is seen. */
    countFleet: (counter: PlainCounter, count = 1): void => {
      counters.guardFigures.inc({ figure: counter }, count);
      show(counter, count);
    },
    /** A request that the p95 trigger judges. */
    observeJudgedRequest: (ms: number) => histograms.guardRequestSeconds.observe(ms / 1000),
    /** The part of one client in a counter. All counters of a client exist from its first request on. */
    countClient: (client: string, counter: PlainCounter): void => {
      if (!named.has(client)) showClient(counters, client);
      named.add(client);
      if (counter === 'requests') counters.guardClientRequests.inc({ client });
      if (counter === 'errors') counters.guardClientFailures.inc({ client });
      const verdict = tokenVerdicts[counter];
      if (verdict !== undefined) counters.guardClientTokens.inc({ client, verdict });
    },
    observeClientTiming: (client: string, ms: number): void =>
      counters.guardClientTimings.inc({ client, pace: ms > apiP95TriggerMs ? 'over' : 'within' }),
  };
}

const tokenVerdicts: Readonly<Partial<Record<CounterName, string>>> = {
  'tokens-good': 'good',
  'tokens-bad': 'bad',
  'tokens-repeated': 'repeated',
  'tokens-garbage': 'garbage',
};
const reasonsLeftOut: Readonly<Partial<Record<CounterName, string>>> = {
  strangers: 'stranger',
  unjudged: 'unjudged',
  'set-aside': 'refused',
  aborted: 'aborted',
};

function createCounterWriter(counters: Counters): (counter: PlainCounter, count: number) => void {
  const plain: Readonly<Partial<Record<PlainCounter, (count: number) => void>>> = {
    requests: (count) => counters.guardRequests.inc(count),
    errors: (count) => counters.guardFailures.inc(count),
    outages: (count) => counters.guardOutages.inc(count),
    sent: (count) => counters.messagesEnded.inc({ end: 'sent' }, count),
    dead: (count) => counters.messagesEnded.inc({ end: 'dead' }, count),
    'depth-judged': (count) => counters.depthSamples.inc(count),
    'depth-over': (count) => counters.depthSamplesOver.inc(count),
  };
  return (counter, count) => {
    plain[counter]?.(count);
    const verdict = tokenVerdicts[counter];
    if (verdict !== undefined) counters.guardTokens.inc({ verdict }, count);
    const why = reasonsLeftOut[counter];
    if (why !== undefined) counters.guardLeftOut.inc({ why }, count);
  };
}

function showClient(counters: Counters, client: string): void {
  counters.guardClientRequests.inc({ client }, 0);
  counters.guardClientFailures.inc({ client }, 0);
  for (const pace of ['within', 'over']) counters.guardClientTimings.inc({ client, pace }, 0);
  for (const verdict of ['good', 'bad', 'repeated']) counters.guardClientTokens.inc({ client, verdict }, 0);
}
