/** One benchmark: what is measured, on both stacks in alternation, with everything that it needs started and stopped. */
export interface Benchmark {
  /** What `--only` names. */
  readonly name: string;
  readonly measure: (scale: Scale) => Promise<readonly Measurement[]>;
}

/** How much of everything: long enough to trust, or short enough to try. */
export interface Scale {
  readonly name: 'full' | 'quick';
  /** Times that each side is measured, in turn; a warm-up before them is not counted. */
  readonly rounds: number;
  /** Length of a round under steady load. */
  readonly roundSeconds: number;
  /** Events or mails in a round that is counted instead of timed. */
  readonly roundEvents: number;
  readonly roundStops: number;
  /** Senders, and workers of theirs, that are busy when they are stopped. */
  readonly stoppedSenders: number;
  /** Requests before the first round of an intake: V8 is not done with either stack much sooner. */
  readonly warmUpRequests: number;
}

export const fullScale: Scale = {
  name: 'full',
  rounds: 5,
  roundSeconds: 3,
  roundEvents: 1_000,
  roundStops: 40,
  stoppedSenders: 8,
  warmUpRequests: 8_000,
};
/** So small that the tests run it too: whether everything can be measured, and no more than that. */
export const quickScale: Scale = {
  name: 'quick',
  rounds: 1,
  roundSeconds: 0.25,
  roundEvents: 100,
  roundStops: 3,
  stoppedSenders: 2,
  warmUpRequests: 100,
};

/** One line of the result: a value for each round, of ours and of what it is held against. */
export interface Measurement {
  readonly what: string;
  readonly unit: string;
  readonly better: 'more' | 'less';
  readonly ours: readonly number[];
  /** What `theirs` is, where it is not the plain stack. */
  readonly against?: string;
  /** Round for round beside `ours`; absent where nothing compares. */
  readonly theirs?: readonly number[];
  readonly target?: Target;
  /** Where it is a point of a curve. */
  readonly point?: CurvePoint;
}

/** A row of PRF-2. The ratio is ours ÷ theirs; `better` says on which side of the limit it has to be. */
export interface Target {
  readonly on: 'ratio' | 'ours';
  readonly limit: number;
}

/** `ours` is measured at `at`, and `theirs` is the same service at `base`, in turn with it. */
export interface CurvePoint {
  readonly over: string;
  readonly at: number;
  readonly base: number;
}
