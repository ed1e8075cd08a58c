import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AccTerminal, startAccTerminal } from '../../../test/support/acc-terminal.ts';
import { respondTo, someIncidentId } from '../../../test/support/operator-responses.ts';

let acc: AccTerminal;
beforeAll(async () => {
  acc = await startAccTerminal();
});
afterAll(async () => {
  await acc.close();
});

test('acc triggers shows each verdict, and says loudly when nobody watches', async () => {
  const triggers = await respondTo('getTriggers');
  acc.script({ 'GET /api/triggers': [200, triggers] });
  const end = await acc.run(['triggers']);
  expect(end.code).toBe(0);
  expect(end.out).toMatch(new RegExp(`5xx +fail +act +${someIncidentId} +2 of 100`));
  expect(end.out).not.toContain('NOT WATCHED');
  acc.script({ 'GET /api/triggers': [200, { ...Object(triggers), watched: false }] });
  expect((await acc.run(['triggers'])).out).toContain('NOT WATCHED');
});

test('acc slo shows target, measured, budget and burn rates, and the alerts that fire', async () => {
  const slos = {
    watched: true,
    since: '2026-11-20T09:30:00.000Z',
    slos: [
      {
        slo: '5xx',
        target: '< 0.5 %',
        measures: 'API requests',
        verdict: 'missed',
        measured: 0.99,
        bad: 45,
        total: 4_500,
        budget_left: -1,
        burn_rates: { '5m': 20, '1h': 15 },
        alerts: [{ severity: 'page', burn_rate: 14.4, windows: ['1h', '5m'], firing: true }],
      },
      {
        slo: 'p95',
        target: '≤ 120 ms',
        measures: 'API requests',
        verdict: 'missed',
        measured: 0.5,
        bad: 50,
        total: 100,
        since: '2026-11-20T09:31:00.000Z',
        budget_left: -9,
        burn_rates: {},
        alerts: [],
      },
      {
        slo: 'auth',
        target: '≥ 98 %',
        measures: 'tokens',
        verdict: 'no-data',
        bad: 0,
        total: 0,
        burn_rates: {},
        alerts: [],
      },
    ],
  };
  acc.script({ 'GET /api/slo': [200, slos] });
  const { out } = await acc.run(['slo']);
  expect(out).toMatch(/5xx +< 0\.5 % +99\.000 % +4500 +-100\.0 % +20\.0 +15\.0 +– +– +missed/);
  expect(out, 'far below it, with its span').toMatch(/p95 .* -900\.0 % since 2026-11-20 09:31:00Z/);
  expect(out).toMatch(/auth +≥ 98 % +no data +0 +no data/);
  expect(out).toContain('page: 5xx burns its budget more than 14.4 times too fast over 1h and 5m');
});

test('acc incidents lists, shows and releases, and says what is still off and how to go on', async () => {
  const path = `/api/incidents/${someIncidentId}`;
  acc.script({
    'GET /api/incidents': [200, await respondTo('getIncidents')],
    [`GET ${path}`]: [200, await respondTo('getIncident', { id: someIncidentId })],
    [`POST ${path}/release`]: [
      200,
      await respondTo('postIncidentRelease', { id: someIncidentId, body: { reason: 'fixed' } }),
    ],
  });
  expect((await acc.run(['incidents', 'list'])).out).toMatch(/5xx +open +act .*stop-sending \(quiesced\)/);
  expect((await acc.run(['incidents', 'show', someIncidentId])).out).toContain('requests');
  const { out } = await acc.run(['incidents', 'release', someIncidentId, 'fixed']);
  expect(JSON.parse(acc.seen.at(-1)?.body ?? '')).toEqual({ reason: 'fixed' });
  expect(out).toContain('still off  send: guard');
  expect(out).toContain('to go on: acc start "why" --epoch 2');
  expect((await acc.run(['incidents', 'release', someIncidentId])).code, 'without a reason').toBe(2);
});
