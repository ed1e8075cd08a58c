import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

import { counterTable, gaugeTable, histogramTable, type MetricRow } from './metric-table.ts';

type LabelOf<Row> = Row extends { readonly labels: readonly (infer Label extends string)[] } ? Label : never;

export type Counters = {
  readonly [K in keyof typeof counterTable]: Counter<LabelOf<(typeof counterTable)[K]>>;
};
export type Gauges = { readonly [K in keyof typeof gaugeTable]: Gauge<LabelOf<(typeof gaugeTable)[K]>> };
export type Histograms = {
  readonly [K in keyof typeof histogramTable]: Histogram<LabelOf<(typeof histogramTable)[K]>>;
};

/** Creates every metric of the table in `registry`, each with the labels of its row and no others. */
export function registerMetrics(registry: Registry) {
  const common = ({ name, help, labels = [] }: MetricRow) => ({
    name: `acc_${name}`,
    help,
    labelNames: labels,
    registers: [registry],
  });
  return {
    // The casts give back what walking a table loses: which labels belong to which row.
    counters: mapRows(counterTable, (row) => new Counter(common(row))) as Counters,
    gauges: mapRows(gaugeTable, (row) => createAbsentGauge(common(row))) as Gauges,
    histograms: mapRows(
      histogramTable,
      (row) => new Histogram({ ...common(row), buckets: [...row.buckets] }),
    ) as Histograms,
  };
}

/** A gauge that shows nothing until it is set: an unset 0 would claim "not durable", or "age 0, all is well". */
function createAbsentGauge(configuration: ConstructorParameters<typeof Gauge>[0]): Gauge {
  const gauge = new Gauge(configuration);
  if (configuration.labelNames?.length === 0) gauge.remove();
  return gauge;
}

function mapRows<Row, Result>(table: Readonly<Record<string, Row>>, build: (row: Row) => Result) {
  return Object.fromEntries(Object.entries(table).map(([key, row]) => [key, build(row)]));
}
