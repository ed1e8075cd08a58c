/** How `acc` ends, and what that means. Documented in `acc --help`. */
export const exitCodes = {
  done: 0,
  refused: 1,
  usage: 2,
  unreachable: 3,
  'not-allowed': 4,
  'in-progress': 5,
  configuration: 78,
} as const;
export type Ending = keyof typeof exitCodes;

export const exitMeanings: Readonly<Record<Ending, string>> = {
  done: 'done; a preview counts as done and says that nothing was changed',
  refused: 'refused or failed; the message says why',
  usage: 'the command is not complete or not right',
  unreachable: 'the service (for "stop": the store too) could not be reached',
  'not-allowed': 'no token, or one that does not allow this (401, 403)',
  'in-progress': 'stopping: nothing new leaves, but attempts under way have not ended yet',
  configuration: 'the configuration has faults',
};

/** What RFC 9457 says of a refusal; `code` decides. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly request_id?: string | undefined;
  readonly epoch?: number | undefined;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[] | undefined;
}

/** The command ends here: `message` says what happened and what to do now. */
export class CommandError extends Error {
  readonly ending: Ending;
  readonly problem: Problem | undefined;

  constructor(ending: Ending, message: string, problem?: Problem, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'CommandError';
    this.ending = ending;
    this.problem = problem;
  }
}
