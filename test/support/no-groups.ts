import type { JobAdder } from '../../src/queue/job-adder.ts';

/** For a host whose jobs are no groups: it gives no pointer a job of its own. */
export const noGroups: Pick<JobAdder, 'addOwnJob'> = {
  addOwnJob: () => Promise.reject(new Error('there is no group here')),
};
