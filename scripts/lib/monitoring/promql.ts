import { counterTable, gaugeTable, histogramTable } from '../../../src/observe/metric-table.ts';

/** What a set of rules is generated for. */
export interface RuleOptions {
  /** Labels that every series must have: `{ namespace: 'acc-production' }` where one Prometheus sees several of us. */
  readonly labels?: Readonly<Record<string, string>>;
  /** How long a span is made, in ms; it stays as it is by default. The test against a running service does not wait for days. */
  readonly squeeze?: (ms: number) => number;
  /** Fewest samples that a burn of up-time or depth rests on. They come by the clock: a squeezed window holds few. */
  readonly clockedSamplesMin?: number;
}

export type Labels = Readonly<Record<string, string>>;
export type Promql = ReturnType<typeof createPromql>;

const rows = { ...counterTable, ...histogramTable, ...gaugeTable };
export type MetricKey = keyof typeof rows;

/** Full name of a metric of the table; a rule cannot name one that is not there. */
export function nameMetric(key: MetricKey): string {
  return `acc_${rows[key].name}`;
}

/** A series that every API process shows, and no other process: where it is absent, there is no API. */
export const shownByApi = { metric: 'guardTokens', match: { verdict: 'good' } } as const;

/** Builds the pieces that all expressions are made of. */
export function createPromql({ labels: common = {}, squeeze = (ms) => ms }: RuleOptions) {
  const span = (ms: number): string => formatSpan(squeeze(ms));
  /** A label whose value begins with `=~` is matched as a pattern. */
  const select = (key: MetricKey, labels: Labels = {}, suffix = ''): string =>
    `${nameMetric(key)}${suffix}${formatLabels({ ...labels, ...common })}`;
  return {
    squeeze,
    span,
    select,
    /**
     * How much a counter grew in a span, over all processes. Whole spans on the grid of the scrapes are not
     * extrapolated (Prometheus 2: a range holds both of its edges), so that counts stay whole numbers.
     */
    grow: (key: MetricKey, labels: Labels, ms: number, suffix = ''): string =>
      `sum(increase(${select(key, labels, suffix)}[${span(ms)}]))`,
    /** The same for each value of a label. */
    growBy: (label: string, key: MetricKey, labels: Labels, ms: number): string =>
      `sum by (${label}) (increase(${select(key, labels)}[${span(ms)}]))`,
  };
}

/** `90000` → `1m30s`: the way Prometheus writes spans. */
export function formatSpan(ms: number): string {
  let rest = ms;
  let text = '';
  for (const [unit, size] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1_000],
    ['ms', 1],
  ] as const) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) text += `${count}${unit}`;
  }
  return text === '' ? '0s' : text;
}

export function formatLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) =>
    value.startsWith('=~') ? `${name}=~"${value.slice(2)}"` : `${name}="${value}"`,
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}
