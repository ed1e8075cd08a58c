import { hostname } from 'node:os';
import { fingerprintSettings } from '../config/fingerprint-settings.ts';
import { type GuardLine, judgeProductionGuard, type ProcessName } from '../config/production-guard.ts';
import { keepLive, readRehearsals } from '../deliver/rehearsals.ts';
import { judgeRehearsal, type RehearsalVerdict, type ReleaseDigest } from '../domain/judge-rehearsal.ts';
import type { Catalog } from '../plan/catalog.ts';
import type { Renderer } from '../render/create-renderer.ts';
import { fingerprintTemplates } from '../render/fingerprint-templates.ts';
import { runEvery } from '../runtime/run-every.ts';
import { checkDurability } from '../store/durability.ts';
import {
  dropGuardReport,
  type GuardReport,
  guardReportEveryMs,
  readGuardReports,
  writeGuardReport,
} from '../store/guard-reports.ts';
import type { Foundation } from './build-foundation.ts';

export interface GuardWatchOptions {
  readonly process: ProcessName;
  readonly release: ReleaseDigest;
}

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

/**
 * Judges the production guard again and again, in production mode only, and answers how to ask whether it passes: the lines of
 * this process, and those that the other running processes say of themselves, since each has secrets that the others have
 * not. Until the first judgement it does not pass.
 */
export async function watchGuard(foundation: Foundation, options: GuardWatchOptions): Promise<() => boolean> {
  const { configuration, redis, keys, log, releases, reportError } = foundation;
  if (configuration.values.APP_MODE !== 'production') return () => false;
  const store = { redis: redis.commands, keys };
  const name = `${options.process} on ${hostname()}:${process.pid}`;
  let told: string | undefined;
  const look = async (): Promise<void> => {
    const own = listFailing(await judgeLines(foundation, options));
    await writeGuardReport(store, { name, failing: own });
    const others = describeOthers(await readGuardReports(store), name);
    const failing = [...own, ...others];
    if (failing.length === 0 && options.process === 'send-messages') await keepLive(store);
    const now = failing.join('; ');
    if (now !== told && failing.length > 0)
      log.warn({ failing }, 'the production guard does not pass: nothing is sent to everyone (acc guard)');
    told = now;
  };
  const report = (error: unknown): void => reportError('judge production guard', error);
  await look().catch(report);
  const looking = runEvery(guardReportEveryMs, look, report);
  releases.push('production guard', async () => {
    await looking.stop();
    await dropGuardReport(store, name).catch(() => undefined);
  });
  return () => told === '';
}

async function judgeLines(
  { configuration, redis, keys }: Foundation,
  { process, release }: GuardWatchOptions,
): Promise<readonly GuardLine[]> {
  const store = { redis: redis.commands, keys };
  const [durability, record] = await Promise.all([
    checkDurability(store.redis, {
      attested: configuration.values.STORE_DURABILITY_ATTESTED,
      probeKey: `${keys.shard(0).store}:probe`,
    }),
    readRehearsals(store),
  ]);
  const rehearsal: RehearsalVerdict = judgeRehearsal(release, record, record.atMs);
  return judgeProductionGuard(configuration, { storeDurable: durability.durable, rehearsal, process });
}

function listFailing(lines: readonly GuardLine[]): string[] {
  return lines.filter(({ ok }) => !ok).map(({ check, repair }) => `${check}: ${repair}`);
}

function describeOthers(reports: readonly GuardReport[], ownName: string): string[] {
  return reports
    .filter(({ name }) => name !== ownName)
    .flatMap(({ name, failing }) => failing.map((check) => `${name}: ${check}`));
}
