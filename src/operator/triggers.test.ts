import { expect, test } from 'vitest';
import { triggerTable } from '../domain/thresholds.ts';
import type { Incident } from '../watchdog/incidents.ts';
import type { WatchdogRecord } from '../watchdog/read-watchdog.ts';
import { viewIncident, viewStops } from './incidents.ts';
import { viewSlo, viewTrigger } from './triggers.ts';

const at = '2026-11-20T09:30:00.000Z';
const found = { verdict: 'fail', samples: 100, samplesMin: 50, value: 200, line: 100, detail: '2 of 100' };
const judged = {
  judgement: { at, modes: { '5xx': 'act' }, triggers: { '5xx': found } },
  slos: undefined,
  latches: new Map([['5xx', 'inc-1']]),
  isFresh: true,
} as unknown as WatchdogRecord;
const nothing: WatchdogRecord = { judgement: undefined, slos: undefined, latches: new Map(), isFresh: false };

test('a trigger shows its verdict, a share as a part of one, and the mode of the process that judged', () => {
  expect(viewTrigger('5xx', judged, 'observe')).toEqual({
    trigger: '5xx',
    verdict: 'fail',
    latched: true,
    incident: 'inc-1',
    rule: triggerTable['5xx'].says,
    actions: [...triggerTable['5xx'].actions],
    unit: 'share',
    value: 0.02,
    line: 0.01,
    samples: 100,
    samples_min: 50,
    detail: '2 of 100',
    mode: 'act',
  });
});

test('a verdict that is old is none, and before the first the mode is that of this process', () => {
  expect(viewTrigger('5xx', { ...judged, isFresh: false }, 'off')).toMatchObject({ verdict: 'no-data' });
  expect(viewTrigger('depth', nothing, 'observe')).toMatchObject({
    verdict: 'no-data',
    latched: false,
    mode: 'observe',
    unit: 'jobs',
    detail: 'no guard has judged yet',
  });
});

test('an objective without figures says so; one with figures shows its alerts in times of the budget', () => {
  expect(viewSlo('p95', nothing)).toMatchObject({ verdict: 'no-data', bad: 0, total: 0, alerts: [] });
  const alert = { severity: 'page', burnTenths: 144, long: '1h', short: '5m', isFiring: true };
  const slo = {
    verdict: 'missed',
    measured: 0.9,
    bad: 1,
    total: 10,
    since: at,
    burnRates: {},
    alerts: [alert],
  };
  const slos = { at, since: at, slos: { p95: slo } } as unknown as WatchdogRecord['slos'];
  expect(viewSlo('p95', { ...nothing, slos })).toMatchObject({
    measured: 0.9,
    since: at,
    alerts: [{ severity: 'page', burn_rate: 14.4, windows: ['1h', '5m'], firing: true }],
  });
});

test('an incident shows what was done, and a depth as it is', () => {
  const incident: Incident = {
    id: 'inc-1',
    trigger: 'depth',
    mode: 'act',
    openedAt: at,
    says: 'deep',
    detail: '900 waiting',
    value: 900,
    line: 100,
    samples: 9,
    samplesMin: 5,
    series: [{ startMs: Date.parse(at), figures: { requests: 3 } }],
    action: { at, effects: [{ action: 'stop-sending', state: 'quiesced', ms: 2, inFlightAtStop: 1 }] },
  };
  expect(viewIncident(incident)).toMatchObject({
    state: 'open',
    unit: 'jobs',
    value: 900,
    actions: [{ action: 'stop-sending', state: 'quiesced', ms: 2, in_flight_at_stop: 1 }],
    acted_at: at,
    series: [{ at, figures: { requests: 3 } }],
  });
  const release = { at, by: 'ada', reason: 'mended' };
  expect(viewIncident({ ...incident, release })).toMatchObject({ state: 'released', release });
});

test('what is still stopped names who stopped it and the command that goes on', () => {
  const change = { at, actor: 'guard', action: 'set send', reason: '5xx' };
  const gate = {
    epoch: 7,
    flags: { send: { value: 'off', change }, consume: { value: 'on' }, ingest: { value: 'on', until: 5 } },
  };
  expect(viewStops(gate as never, 6)).toEqual({
    still_stopped: [
      { flag: 'send', since: at, by: 'guard', reason: '5xx' },
      { flag: 'ingest', by: '', reason: 'the gate is missing from the store' },
    ],
    epoch: 7,
    go_on_with: ['acc start "why" --epoch 7', 'acc resume ingest "why" --epoch 7'],
  });
  expect(viewStops(undefined, 0).still_stopped).toHaveLength(3);
});
