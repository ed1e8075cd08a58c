import type { Labels, MetricKey, Promql } from './promql.ts';
import type { AlertText } from './rule-group.ts';

/** A gauge beyond a line for a while. */
export interface LineAlert extends AlertText {
  readonly kind: 'line';
  readonly metric: MetricKey;
  readonly match?: Labels;
  /** One alert for each value of this label. */
  readonly by?: string;
  /** Which of the processes decides. */
  readonly take: 'max' | 'min';
  readonly comparison: '>' | '<';
  /** `ms`: a span; the metric is in seconds. */
  readonly line: number | { readonly ms: number };
  /** No alert while this gauge is over 0. */
  readonly unless?: MetricKey;
  readonly forMs: number;
}

/** A counter that grew at all. */
export interface GrowthAlert extends AlertText {
  readonly kind: 'growth';
  readonly metric: MetricKey;
  readonly windowMs: number;
}

/** A series that nobody exports. */
export interface AbsentAlert extends AlertText {
  readonly kind: 'absent';
  readonly metric: MetricKey;
  readonly match?: Labels;
  readonly forMs: number;
}

/** Whatever fits none of these, with what it is tried on: a sample every ten seconds. */
export interface FreeAlert extends AlertText {
  readonly kind: 'free';
  readonly expr: (promql: Promql) => string;
  readonly tries: readonly {
    readonly series: readonly {
      readonly metric: MetricKey;
      readonly labels: Labels;
      readonly values: string;
    }[];
    readonly atSteps: number;
    readonly fires: boolean;
    /** Labels of the alert that come from the series. */
    readonly labels?: Labels;
  }[];
}

export type StateAlert = LineAlert | GrowthAlert | AbsentAlert | FreeAlert;
