import type { FigureName, LatencyBin } from '../domain/figures.ts';
import { apiP95TriggerMs } from '../domain/thresholds.ts';
import type { Counters, Histograms } from './register-metrics.ts';

/** A figure that is counted; latencies have a histogram. */
export type CountedFigure = Exclude<FigureName, LatencyBin>;

/** The counters of what triggers and objectives are judged by: the same figures as in the fleet's buckets. */
export function guardMetrics(counters: Counters, histograms: Histograms) {
  const show = createFigureWriter(counters);
  const named = new Set<string>();
  return {
    /** What triggers and budgets are judged by. 0 shows a figure before it has grown, so that no growth is missed. */
    countFigure: (figure: CountedFigure, count = 1): void => {
      counters.guardFigures.inc({ figure }, count);
      show(figure, count);
    },
    /** A request that the p95 trigger judges. */
    observeJudgedRequest: (ms: number) => histograms.guardRequestSeconds.observe(ms / 1000),
    /** The part of one client in a figure. All of its counters are there from its first sight on. */
    countClientFigure: (client: string, figure: CountedFigure): void => {
      if (!named.has(client)) showClient(counters, client);
      named.add(client);
      if (figure === 'requests') counters.guardClientRequests.inc({ client });
      if (figure === 'errors') counters.guardClientFailures.inc({ client });
      const verdict = tokenVerdicts[figure];
      if (verdict !== undefined) counters.guardClientTokens.inc({ client, verdict });
    },
    observeClientTiming: (client: string, ms: number): void =>
      counters.guardClientTimings.inc({ client, pace: ms > apiP95TriggerMs ? 'over' : 'within' }),
  };
}

const tokenVerdicts: Readonly<Partial<Record<FigureName, string>>> = {
  'tokens-good': 'good',
  'tokens-bad': 'bad',
  'tokens-repeated': 'repeated',
  'tokens-garbage': 'garbage',
};
const reasonsLeftOut: Readonly<Partial<Record<FigureName, string>>> = {
  strangers: 'stranger',
  unjudged: 'unjudged',
  'set-aside': 'refused',
  aborted: 'aborted',
};

function createFigureWriter(counters: Counters): (figure: CountedFigure, count: number) => void {
  const plain: Readonly<Partial<Record<CountedFigure, (count: number) => void>>> = {
    requests: (count) => counters.guardRequests.inc(count),
    errors: (count) => counters.guardFailures.inc(count),
    outages: (count) => counters.guardOutages.inc(count),
    sent: (count) => counters.messagesEnded.inc({ end: 'sent' }, count),
    dead: (count) => counters.messagesEnded.inc({ end: 'dead' }, count),
    'depth-judged': (count) => counters.depthSamples.inc(count),
    'depth-over': (count) => counters.depthSamplesOver.inc(count),
  };
  return (figure, count) => {
    plain[figure]?.(count);
    const verdict = tokenVerdicts[figure];
    if (verdict !== undefined) counters.guardTokens.inc({ verdict }, count);
    const why = reasonsLeftOut[figure];
    if (why !== undefined) counters.guardLeftOut.inc({ why }, count);
  };
}

function showClient(counters: Counters, client: string): void {
  counters.guardClientRequests.inc({ client }, 0);
  counters.guardClientFailures.inc({ client }, 0);
  for (const pace of ['within', 'over']) counters.guardClientTimings.inc({ client, pace }, 0);
  for (const verdict of ['good', 'bad', 'repeated']) counters.guardClientTokens.inc({ client, verdict }, 0);
}
