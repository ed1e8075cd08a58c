import type { Job } from 'bullmq';

/** Deliveries that may kill or hang their worker before the job counts as poison. */
const fatalDeliveriesMax = 3;

/** Says that the dangerous part of a job is over: whatever ends the worker from now on is not this job's doing. */
export type ReportSurvival = () => Promise<void>;

/**
 * Runs `handle` for a job whose worker died with it: alone among its like, and with a durable mark for as long as the
 * dangerous part lasts. Returns `'poison'`, and runs nothing, when that has killed or hung its worker too often.
 */
export type RunSuspect = <T>(
  job: Job,
  handle: (reportSurvival: ReportSurvival) => Promise<T>,
) => Promise<T | 'poison'>;

/**
 * Finds the job that ends its workers among those that only were in the same hands. BullMQ counts every job of a dead
 * worker as stalled; so one that stalled is a suspect and no more. Suspects are handled one at a time in a process, and
 * each is marked in the store before and cleared after: a mark that outlives its process names the one that ended it.
 */
export function createSuspectRunner(): RunSuspect {
  let last = Promise.resolve();
  return async (job, handle) => {
    const turn = Promise.withResolvers<void>();
    const before = last;
    last = turn.promise;
    await before;
    try {
      return await runMarked(job, handle, turn.resolve);
    } finally {
      turn.resolve();
    }
  };
}

async function runMarked<T>(
  job: Job,
  handle: (reportSurvival: ReportSurvival) => Promise<T>,
  endTurn: () => void,
): Promise<T | 'poison'> {
  const marks = Number(job.data.marks ?? 0);
  // The delivery that made it a suspect had no mark.
  if (1 + marks >= fatalDeliveriesMax) return 'poison';
  const { marks: _, ...pointer } = job.data;
  await job.updateData({ ...pointer, marks: marks + 1 });
  let survived = false;
  const reportSurvival = async (): Promise<void> => {
    if (survived) return;
    survived = true;
    await job.updateData(pointer);
    endTurn();
  };
  try {
    return await handle(reportSurvival);
  } finally {
    await reportSurvival();
  }
}
