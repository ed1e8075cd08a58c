import type { Store } from '../store/keys.ts';
import {
  dropPreflightReport,
  type PreflightReport,
  readPreflightReports,
  writePreflightReport,
} from '../store/preflight-reports.ts';
import { keepLive } from './rehearsals.ts';

export interface PreflightDeps extends Store {
  /** `send-messages on host:17`. */
  readonly name: string;
  /** The senders keep on record that production is live. */
  readonly isSender: boolean;
  /** The lines of the production guard that this process fails now. */
  readonly listFailing: () => Promise<readonly string[]>;
  /** Called when the failing lines are others than before. */
  readonly onFailing: (failing: readonly string[]) => void;
}

export interface PreflightWatch {
  /** False until the first look, and while a line fails here or in another running process. */
  readonly isPassed: () => boolean;
  readonly look: () => Promise<void>;
  /** Takes back what this process said. */
  readonly drop: () => Promise<void>;
}

/**
 * Judges the production guard again and again: the lines of this process, and those that the other running processes say of
 * themselves, since each has secrets that the others have not.
 */
export function createPreflightWatch(deps: PreflightDeps): PreflightWatch {
  const { name } = deps;
  let told: string | undefined;
  return {
    isPassed: () => told === '',
    look: async () => {
      const own = await deps.listFailing();
      await writePreflightReport(deps, { name, failing: own });
      const failing = [...own, ...describeOthers(await readPreflightReports(deps), name)];
      if (failing.length === 0 && deps.isSender) await keepLive(deps);
      const now = failing.join('; ');
      if (now !== told && failing.length > 0) deps.onFailing(failing);
      told = now;
    },
    drop: () => dropPreflightReport(deps, name),
  };
}

function describeOthers(reports: readonly PreflightReport[], ownName: string): string[] {
  return reports
    .filter(({ name }) => name !== ownName)
    .flatMap(({ name, failing }) => failing.map((check) => `${name}: ${check}`));
}
