import type { StateAlert } from './alert-kinds.ts';

/** Attempts that met a fault of our account, as a counter over time. */
function tryFaults(values: string, end: { atSteps: number; fires: boolean }) {
  const labels = { provider: 'smtp-1' };
  const series = [
    { metric: 'attempts', labels: { ...labels, channel: 'email', outcome: 'account-fault' }, values },
  ] as const;
  return { series, labels, ...end };
}

/** What only a person can mend at a provider. */
export const providerAlerts: readonly StateAlert[] = [
  {
    kind: 'free',
    name: 'ProviderRefusesAccount',
    severity: 'page',
    summary:
      '{{ $labels.provider }} refuses our account: login, quota, payment or a suspension. Messages wait, none is given up',
    expr: (promql) =>
      `${promql.growBy('provider', 'attempts', { outcome: 'account-fault' }, 5 * 60_000)} > 0.5`,
    tries: [
      tryFaults('0x30 1x10', { atSteps: 31, fires: true }),
      tryFaults('3x60', { atSteps: 50, fires: false }),
    ],
  },
];
