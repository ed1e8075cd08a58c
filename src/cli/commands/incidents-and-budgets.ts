import type { z } from 'zod';
import { incidentReleasedSchema, incidentsSchema, slosSchema, triggersSchema } from '../answers.ts';
import type { Call, Command } from '../command.ts';
import { formatInstant } from '../describe-flags.ts';
import type { Ending } from '../exit-codes.ts';
import type { Print } from '../print.ts';

const id = { name: 'id', summary: 'id of the incident' };

export const incidentsAndBudgets: readonly Command[] = [
  {
    name: 'triggers',
    summary: 'how the rollback triggers stand, and whether anybody watches',
    run: showTriggers,
  },
  {
    name: 'slo',
    summary: 'the objectives, what was measured, and what is left of their budgets',
    run: showSlos,
  },
  {
    name: 'incidents list',
    summary: 'triggers that fired, the newest first',
    options: { limit: { value: 'N', summary: 'how many (20)' } },
    run: listIncidents,
  },
  {
    name: 'incidents release',
    summary: 'let a trigger that fired judge again',
    about:
      'It starts nothing: it says what is still stopped and how to go on. What was counted before no longer counts.',
    args: [id, { name: 'reason', summary: 'why, in quotes' }],
    run: releaseIncident,
  },
];

async function showTriggers({ api, print }: Call): Promise<Ending> {
  const result = await api.ask(triggersSchema, { path: '/api/triggers' });
  print.show(result, () => {
    warnUnlessWatched(print, result.watched);
    print.table(
      ['TRIGGER', 'VERDICT', 'MODE', 'LATCHED BY', 'NOW', 'FIRES ON'],
      result.triggers.map((one) => [
        one.trigger,
        one.verdict,
        one.mode,
        one.incident ?? '',
        one.detail,
        one.rule,
      ]),
    );
  });
  return 'done';
}

async function showSlos({ api, print }: Call): Promise<Ending> {
  const result = await api.ask(slosSchema, { path: '/api/slo' });
  print.show(result, () => {
    warnUnlessWatched(print, result.watched);
    print.table(
      ['SLO', 'TARGET', 'GOOD SHARE', 'OF', 'BUDGET LEFT', 'BURN 5m', '1h', '6h', '3d', 'VERDICT'],
      result.slos.map((one) => [
        one.slo,
        one.target,
        formatPercent(one.measured, 3),
        String(one.total),
        formatBudget(one),
        ...['5m', '1h', '6h', '3d'].map((window) => one.burn_rates[window]?.toFixed(1) ?? '–'),
        one.verdict,
      ]),
    );
    if (result.since !== undefined) print.say(`\nmeasured since ${formatInstant(result.since)}`);
    for (const line of listBurning(result)) print.say(print.paint('bad', line));
  });
  return 'done';
}

/** Burn-rate alerts that fire, in words. */
function listBurning({ slos }: z.infer<typeof slosSchema>): readonly string[] {
  return slos.flatMap(({ slo, alerts }) =>
    alerts
      .filter(({ firing }) => firing)
      .map(
        ({ severity, burn_rate: rate, windows }) =>
          `${severity}: ${slo} burns its budget more than ${rate} times too fast over ${windows.join(' and ')}`,
      ),
  );
}

async function listIncidents(call: Call): Promise<Ending> {
  const { api, print } = call;
  const query = { limit: call.whole('limit') };
  const result = await api.ask(incidentsSchema, { path: '/api/incidents', query });
  print.show(result, () => {
    if (result.incidents.length === 0) print.say('none');
    else
      print.table(
        ['ID', 'STATE', 'MODE', 'OPENED', 'FIGURES', 'ACTIONS', 'RELEASED BY'],
        result.incidents.map((one) => [
          one.id,
          one.state,
          one.mode,
          formatInstant(one.opened_at),
          one.detail,
          one.actions.map(({ action, state }) => `${action} (${state})`).join(', '),
          one.release === undefined ? '' : `${one.release.by}: ${one.release.reason}`,
        ]),
      );
  });
  return 'done';
}

async function releaseIncident(call: Call): Promise<Ending> {
  const { api, print } = call;
  const result = await api.ask(incidentReleasedSchema, {
    method: 'POST',
    path: `/api/incidents/${encodeURIComponent(call.need('id'))}/release`,
    body: { reason: call.need('reason') },
  });
  print.show(result, () => {
    print.say(`released   ${result.incident.id}`);
    for (const { flag, by, reason } of result.still_stopped)
      print.say(`${print.paint('bad', 'still off')}  ${flag}: ${by}, ${reason}`);
    for (const command of result.go_on_with) print.say(`to go on: ${command}`);
  });
  return 'done';
}

function warnUnlessWatched(print: Print, isWatched: boolean): void {
  if (isWatched) return;
  print.say(
    `${print.paint('bad', 'NOT WATCHED')}: no guard has judged of late. Is the guard process running?\n`,
  );
}

/** Overspent by more than all of it says nothing without the span that it is of. */
function formatBudget({ budget_left: left, since }: z.infer<typeof slosSchema>['slos'][number]): string {
  const text = formatPercent(left, 1);
  return left === undefined || left >= -1 || since === undefined
    ? text
    : `${text} since ${formatInstant(since)}`;
}

function formatPercent(part: number | undefined, digits: number): string {
  return part === undefined ? 'no data' : `${(100 * part).toFixed(digits)} %`;
}
