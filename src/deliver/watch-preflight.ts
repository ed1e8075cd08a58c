import type { Store } from '../store/keys.ts';
import { preflightReports } from '../store/preflight-reports.ts';
import { keepLive } from './rehearsals.ts';

export interface PreflightDeps extends Store {
  /** `send-messages on host:17`. */
  readonly name: string;
  /** The senders keep on record that production is live. */
  readonly isSender: boolean;
  /** The lines of the preflight that this process fails now. */
  readonly listFailing: () => Promise<string[]>;
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
 * Judges the preflight again and again: the lines of this process, and those that the other running processes say of
 * themselves, since each has secrets that the others have not.
 */
export function createPreflightWatch(deps: PreflightDeps): PreflightWatch {
  const { name } = deps;
  let reported: string | undefined;
  return {
    isPassed: () => reported === '',
    look: async () => {
      const own = await deps.listFailing();
      await preflightReports.write(deps, name, { failing: own });
      const others = (await preflightReports.read(deps)).filter((report) => report.name !== name);
      const theirs = others.flatMap((report) => report.failing.map((check) => `${report.name}: ${check}`));
      const failing = [...own, ...theirs];
      if (failing.length === 0 && deps.isSender) await keepLive(deps);
      const now = failing.join('; ');
      if (now !== reported && failing.length > 0) deps.onFailing(failing);
      reported = now;
    },
    drop: () => preflightReports.drop(deps, name),
  };
}
