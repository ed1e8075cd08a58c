import { hostname } from 'node:os';
import { fingerprintSettings } from '../config/fingerprint-settings.ts';
import { judgePreflight, type PreflightFacts, type ProcessName } from '../config/preflight.ts';
import { readRehearsals } from '../deliver/rehearsals.ts';
import { createPreflightWatch } from '../deliver/watch-preflight.ts';
import { judgeRehearsal, type ReleaseDigest } from '../domain/judge-rehearsal.ts';
import type { Catalog } from '../plan/catalog.ts';
import { fingerprintTemplates, type Renderer } from '../render/create-renderer.ts';
import { runEvery } from '../runtime/run-every.ts';
import { preflightReportEveryMs } from '../store/preflight-reports.ts';
import type { Foundation } from './build-foundation.ts';
import { checkStore } from './check-dependencies.ts';

/** What would go live with this process. */
export function readRelease(
  { configuration }: Pick<Foundation, 'configuration'>,
  { catalog, renderer }: { readonly catalog: Pick<Catalog, 'types'>; readonly renderer: Renderer },
): ReleaseDigest {
  return {
    templates: fingerprintTemplates(renderer, catalog.types()),
    settings: fingerprintSettings(configuration.values),
  };
}

export interface PreflightOptions {
  readonly process: ProcessName;
  readonly release: ReleaseDigest;
  readonly brand: PreflightFacts['brand'];
}

/** Starts judging the preflight, in production mode only, and answers how to ask whether it passes. */
export async function startPreflight(
  foundation: Foundation,
  { process: own, release, brand }: PreflightOptions,
): Promise<() => boolean> {
  const { configuration, redis, keys, log, shutdown, reportError } = foundation;
  if (configuration.values.APP_MODE !== 'production') return () => false;
  const store = { redis: redis.commands, keys };
  const watch = createPreflightWatch({
    ...store,
    name: `${own} on ${hostname()}:${process.pid}`,
    isSender: own === 'send-messages',
    listFailing: async () => {
      const [{ durable }, record] = await Promise.all([checkStore(foundation), readRehearsals(store)]);
      const rehearsal = judgeRehearsal(release, record, record.atMs);
      return judgePreflight(configuration, { storeDurable: durable, rehearsal, brand, process: own })
        .filter(({ ok }) => !ok)
        .map(({ check, repair }) => `${check}: ${repair}`);
    },
    onFailing: (failing) =>
      log.warn({ failing }, 'the preflight does not pass: nothing is sent to everyone (acc preflight)'),
  });
  const report = (error: unknown): void => reportError('judge preflight', error);
  await watch.look().catch(report);
  const looking = runEvery(preflightReportEveryMs, watch.look, report);
  shutdown.push('preflight', async () => {
    await looking.stop();
    await watch.drop().catch(() => undefined);
  });
  return watch.isPassed;
}
