import { isLatencyBin, requestCounters } from '../domain/fleet-counters.ts';
import type { RequestLine } from '../http/services.ts';
import { createLabelBound } from '../observe/bound-label.ts';
import type { LatencyRecorder } from '../observe/latency.ts';
import type { Metrics } from '../observe/metrics.ts';
import { runTask } from '../runtime/run-task.ts';
import { type Count, createWindowAdder } from '../watchdog/add-to-windows.ts';
import { createFleetClock } from '../watchdog/fleet-clock.ts';
import type { Foundation } from './build-foundation.ts';

const flushEveryMs = 2_000;
/** Clients with a name of their own; the others are one. */
const namedClientsMax = 100;

/**
 * Starts adding what this process counts to the fleet's counters; the last counts are written at the end. Its own metrics
 * and the latency that the canary tells are counted with them, so that all three say the same.
 */
export function startWindowAdder(
  foundation: Foundation,
  latency: LatencyRecorder,
): (line: RequestLine) => void {
  const { redis, keys, metrics, now, monotonicNow } = foundation;
  const clock = createFleetClock({ redis: redis.commands, now, monotonicNow });
  const adder = createWindowAdder({
    redis: redis.commands,
    keys,
    now: clock.now,
    nameClient: createLabelBound(namedClientsMax),
    onCount: (count) => showCount(metrics, latency, count),
  });
  for (const counter of requestCounters) metrics.countFleet(counter, 0);
  const turn = async (): Promise<void> => {
    try {
      await clock.set();
    } finally {
      await adder.flush();
    }
  };
  runTask(foundation, {
    name: 'window adder',
    everyMs: flushEveryMs,
    run: turn,
    atEnd: () => adder.flush(),
  });
  return (line) => adder.countRequest(line);
}

function showCount(metrics: Metrics, latency: LatencyRecorder, { counter, request, client }: Count): void {
  if (!isLatencyBin(counter)) {
    if (client === undefined) metrics.countFleet(counter);
    else metrics.countClient(client, counter);
    return;
  }
  if (client !== undefined) {
    metrics.observeClientTiming(client, request.ms);
    return;
  }
  metrics.observeJudgedRequest(request.ms);
  latency.observe(request.ms);
}
