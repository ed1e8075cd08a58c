import { isLatencyBin, requestFigures } from '../domain/figures.ts';
import { createWindowAdder } from '../guard/add-to-windows.ts';
import { createFleetClock } from '../guard/fleet-clock.ts';
import type { RequestLine } from '../http/services.ts';
import { runEvery } from '../runtime/run-every.ts';
import type { Foundation } from './build-foundation.ts';

const flushEveryMs = 2_000;

/** Starts adding what this process counts to the fleet's figures; the last counts are written at the end. */
export function startWindowAdder(foundation: Foundation): (line: RequestLine) => void {
  const { redis, keys, metrics, now, monotonicNow, releases, reportError } = foundation;
  const clock = createFleetClock({ redis: redis.commands, now, monotonicNow });
  const adder = createWindowAdder({
    redis: redis.commands,
    keys,
    now: clock.now,
    onCount: (figure, { ms }) => {
      if (isLatencyBin(figure)) metrics.observeJudgedRequest(ms);
      else metrics.countFigure(figure);
    },
  });
  for (const figure of requestFigures) metrics.countFigure(figure, 0);
  const turn = async (): Promise<void> => {
    try {
      await clock.set();
    } finally {
      await adder.flush();
    }
  };
  const flushing = runEvery(flushEveryMs, turn, (error) => reportError('add to windows', error));
  releases.push('window adder', async () => {
    await flushing.stop();
    await adder.flush();
  });
  return ({ route, status, ms, code, tokenFault, clientId }) =>
    adder.countRequest({
      route,
      status,
      ms,
      ...(code === undefined ? {} : { code }),
      ...(tokenFault === undefined ? {} : { tokenFault }),
      isVerified: clientId !== undefined,
    });
}
