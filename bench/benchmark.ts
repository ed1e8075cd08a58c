/** One benchmark: what is measured, on both stacks in alternation, with everything that it needs started and stopped. */
export interface Benchmark {
  /** What `--only` names. */
  readonly name: string;
  readonly measure: (scale: Scale) => Promise<readonly Measurement[]>;
}

/** How much of everything: long enough to trust, or short enough to try. */
export interface Scale {
  /** Times that each side is measured, in turn; a warm-up before them is not counted. */
  readonly rounds: number;
  /** Length of a round under steady load. */
  readonly roundSeconds: number;
  /** Events or mails in a round that is counted instead of timed. */
  readonly roundEvents: number;
  readonly roundStops: number;
  /** Requests before the first round of an intake: V8 is not done with either stack much sooner. */
  readonly warmUpRequests: number;
}

export const fullScale: Scale = {
  rounds: 5,
  roundSeconds: 3,
  roundEvents: 1_000,
  roundStops: 40,
  warmUpRequests: 8_000,
};
export const quickScale: Scale = {
  rounds: 2,
  roundSeconds: 1,
  roundEvents: 200,
  roundStops: 10,
  warmUpRequests: 2_000,
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
}

/** A row of PRF-2. The ratio is ours ÷ theirs; `better` says on which side of the limit it has to be. */
export interface Target {
  readonly on: 'ratio' | 'ours';
  readonly limit: number;
}
