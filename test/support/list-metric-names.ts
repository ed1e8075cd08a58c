import { counterTable, gaugeTable, histogramTable } from '../../src/observe/metric-table.ts';

/** Full names of all metrics of ours. */
export function listMetricNames(): readonly string[] {
  return [counterTable, histogramTable, gaugeTable].flatMap((table) =>
    Object.values(table).map((row) => `acc_${row.name}`),
  );
}
