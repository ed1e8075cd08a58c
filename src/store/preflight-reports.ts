import { z } from 'zod';
import { defineReports } from './process-reports.ts';

/** How often a process reports its lines of the preflight. */
export const preflightReportEveryMs = 10_000;

/**
 * The lines of the preflight that each running process fails, by its name (`send-messages on host:17`). Each has
 * secrets that the others have not, so none can judge all lines alone.
 */
export const preflightReports = defineReports(
  'preflightReports',
  z.object({ at: z.number(), failing: z.array(z.string()) }),
  35_000,
  // What a newer program found could be a line that fails.
  (at) => ({ at, failing: ['its report is a newer program’s, and cannot be read by this one'] }),
);
export type PreflightReport = Awaited<ReturnType<typeof preflightReports.read>>[number];
