import { burnAlertNames } from './burn-alerts.ts';
import { triggerAlerts } from './trigger-alerts.ts';

/**
 * Routes by severity: a page at once and again every hour, a ticket once a day, the watchdog to whoever listens for
 * its silence. What explains another alert silences it. The addresses are examples: put your own, from a secret.
 */
export const alertmanagerConfiguration = {
  route: {
    receiver: 'tickets',
    group_by: ['alertname', 'trigger', 'slo'],
    group_wait: '30s',
    group_interval: '5m',
    repeat_interval: '1d',
    routes: [
      {
        matchers: ['severity="watchdog"'],
        receiver: 'watchdog',
        group_wait: '0s',
        group_interval: '1m',
        repeat_interval: '5m',
      },
      { matchers: ['severity="page"'], receiver: 'pager', group_wait: '10s', repeat_interval: '1h' },
      { matchers: ['severity="ticket"'], receiver: 'tickets' },
    ],
  },
  inhibit_rules: [
    // Nothing can be said of a service that nobody sees.
    silence('alertname="FiguresAbsent"', 'alertname=~"ProofOfLifeOld|BudgetBurns.*"', ['service']),
    // What follows from a store that is away.
    silence(
      'alertname="StoreUnavailable"',
      'alertname=~"StoreNotDurable|GuardAbsent|FiguresIncomplete|ProofOfLifeOld"',
      ['service'],
    ),
    // The guard has acted: its own page says all that the trigger's says.
    silence('alertname="TriggerLatched"', `alertname=~"${Object.values(triggerAlerts).join('|')}"`, [
      'service',
      'trigger',
    ]),
    // The faster burn says what the slower ones would.
    ...burnAlertNames
      .slice(0, -1)
      .map((name, order) =>
        silence(`alertname="${name}"`, `alertname=~"${burnAlertNames.slice(order + 1).join('|')}"`, [
          'service',
          'slo',
        ]),
      ),
  ],
  receivers: ['pager', 'tickets', 'watchdog'].map((name) => ({
    name,
    webhook_configs: [{ url: `https://alerts.example.com/${name}`, send_resolved: name !== 'watchdog' }],
  })),
};

function silence(source: string, target: string, equal: readonly string[]) {
  return { source_matchers: [source], target_matchers: [target], equal };
}
