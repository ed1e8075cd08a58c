import { register } from 'prom-client';
import { describe, expect, test } from 'vitest';

import { listMetricNames } from '../../test/support/list-metric-names.ts';
import { createMetrics } from './metrics.ts';

const quiet = { processMetrics: false } as const;

async function renderBody(metrics: ReturnType<typeof createMetrics>): Promise<string> {
  return (await metrics.render()).body;
}

describe('registry', () => {
  test('two copies in one process do not see each other, and the global registry stays empty', async () => {
    const [one, two] = [createMetrics(), createMetrics()];
    one.countTokenFailure('expired');
    expect(await renderBody(one)).toContain('acc_token_failures_total{reason="expired"} 1');
    expect(await renderBody(two)).not.toContain('expired');
    expect(await register.metrics()).toBe('\n');
  });

  test('every metric of the table is exposed with its help and its prefix, in Prometheus text', async () => {
    const { body, contentType } = await createMetrics(quiet).render();
    expect(contentType).toContain('text/plain');
    for (const name of listMetricNames()) expect(body).toMatch(new RegExp(`^# HELP ${name} .+$`, 'm'));
  });

  test('names carry base units, and every counter ends in _total', () => {
    for (const name of listMetricNames()) {
      expect(name).toMatch(/^acc_[a-z_]+$/);
      expect(name).not.toMatch(/_ms$|_milliseconds|_percent/);
    }
  });

  test('process metrics are there under their usual names', async () => {
    expect(await renderBody(createMetrics())).toContain('process_cpu_seconds_total');
  });
});

describe('requests', () => {
  test('a request counts by route, method and status, with bucket edges exactly at 0.12 and 0.3 s', async () => {
    const metrics = createMetrics(quiet);
    metrics.observeRequest({ route: '/api/events', method: 'POST', status: 202, seconds: 0.12 });
    metrics.observeRequest({ route: '/api/events', method: 'POST', status: 202, seconds: 0.3 });
    metrics.observeRequest({ route: '/api/events', method: 'POST', status: 503, seconds: 0.31 });
    const body = await renderBody(metrics);
    expect(body).toContain('acc_http_requests_total{route="/api/events",method="POST",status="202"} 2');
    expect(body).toContain('acc_http_requests_total{route="/api/events",method="POST",status="503"} 1');
    expect(body).toContain('_bucket{le="0.12",route="/api/events",method="POST"} 1');
    expect(body).toContain('_bucket{le="0.3",route="/api/events",method="POST"} 2');
  });
});

describe('cardinality', () => {
  test('the first 100 clients have a name, later ones are counted as other', async () => {
    const metrics = createMetrics(quiet);
    metrics.admitTypes(['welcome']);
    for (let n = 1; n <= 150; n++) metrics.countEventAccepted({ type: 'welcome', client: `client-${n}` });
    metrics.countEventAccepted({ type: 'welcome', client: 'client-100' });
    const body = await renderBody(metrics);
    expect(body).toContain('{type="welcome",client="client-100"} 2');
    expect(body).toContain('{type="welcome",client="other"} 50');
    expect(body).not.toContain('client-101');
  });

  test('an event type outside the catalog never becomes a label', async () => {
    const metrics = createMetrics(quiet);
    metrics.admitTypes(['welcome']);
    metrics.countEventAccepted({ type: 'jo@example.com', client: 'a' });
    metrics.observeRender('made-up', 'email', 0.002);
    const body = await renderBody(metrics);
    expect(body).not.toMatch(/jo@example\.com|made-up/);
    expect(body).toContain('{type="other",client="a"} 1');
  });
});

describe('messages and states', () => {
  test('attempts, holds, dead letters, unknowns and stops are counted under their words', async () => {
    const metrics = createMetrics(quiet);
    metrics.countAttempt({ provider: 'smtp-primary', channel: 'email', outcome: 'accepted' });
    metrics.observeAttempt(0.2);
    metrics.countHold('promo');
    metrics.countDeadLetter('refused');
    metrics.countUnknown('answer', 'ask');
    metrics.countKeysUnavailable();
    metrics.observeStop(12);
    const body = await renderBody(metrics);
    expect(body).toContain(
      'acc_attempts_total{provider="smtp-primary",channel="email",outcome="accepted"} 1',
    );
    expect(body).toContain('acc_attempt_duration_seconds_sum 0.2');
    expect(body).toContain('acc_holds_total{reason="promo"} 1');
    expect(body).toContain('acc_dead_letters_total{reason="refused"} 1');
    expect(body).toContain('acc_unknowns_total{phase="answer",policy="ask"} 1');
    expect(body).toContain('acc_keys_unavailable_total 1');
    expect(body).toContain('acc_stop_duration_seconds_sum 0.012');
  });

  test('a state that was never set is absent instead of 0', async () => {
    const metrics = createMetrics(quiet);
    expect(await renderBody(metrics)).not.toMatch(/^acc_(store_durable|sending|proof_of_life_age_seconds) /m);
    metrics.setStoreDurable(false);
    metrics.setSendState({
      sending: true,
      dryRun: false,
      ingestionPaused: false,
      consumersPaused: false,
      epoch: 7,
      inFlight: 0,
    });
    metrics.setProofOfLifeAge(1500);
    const body = await renderBody(metrics);
    expect(body).toContain('acc_store_durable 0');
    expect(body).toContain('acc_sending 1');
    expect(body).toContain('acc_gate_epoch 7');
    expect(body).toContain('acc_proof_of_life_age_seconds 1.5');
    expect(body).toContain('acc_dry_run 0');
  });

  test('a trigger has exactly one verdict at a time', async () => {
    const metrics = createMetrics(quiet);
    metrics.setTrigger('p95', 'fail', true);
    metrics.setTrigger('p95', 'no-data', true);
    const body = await renderBody(metrics);
    expect(body).toContain('acc_trigger_verdict{trigger="p95",verdict="no-data"} 1');
    expect(body).toContain('acc_trigger_verdict{trigger="p95",verdict="fail"} 0');
    expect(body).toContain('acc_trigger_latched{trigger="p95"} 1');
  });
});

describe('collected gauges', () => {
  test('depth and oldest age are read at the scrape, and vanish with what they describe', async () => {
    const metrics = createMetrics(quiet);
    let queues: Record<string, { waiting: number; active: number; delayed: number; oldestAgeMs: number }> = {
      email: { waiting: 4, active: 1, delayed: 2, oldestAgeMs: 2500 },
    };
    metrics.onCollect(async () => ({ queues, messages: { held: 3 }, held: { promo: 3 } }));
    const first = await renderBody(metrics);
    expect(first).toContain('acc_queue_depth{queue="email",state="waiting"} 4');
    expect(first).toContain('acc_queue_oldest_age_seconds{queue="email"} 2.5');
    expect(first).toContain('acc_messages{state="held"} 3');
    expect(first).toContain('acc_messages_held{reason="promo"} 3');
    queues = {};
    expect(await renderBody(metrics)).not.toContain('queue="email"');
  });

  test('a collector that fails or hangs leaves its gauges absent, is counted, and spoils nothing else', async () => {
    const metrics = createMetrics({ ...quiet, collectTimeoutMs: 20 });
    let fail = false;
    metrics.onCollect(() =>
      fail ? Promise.reject(new Error('store away')) : Promise.resolve({ messages: { sent: 1 } }),
    );
    metrics.onCollect(() => (fail ? new Promise(() => {}) : Promise.resolve({})));
    metrics.onCollect(() => Promise.resolve({ held: { cap: 1 } }));
    expect(await renderBody(metrics)).toContain('acc_messages{state="sent"} 1');
    fail = true;
    const body = await renderBody(metrics);
    expect(body).not.toContain('acc_messages{');
    expect(body).toContain('acc_messages_held{reason="cap"} 1');
    expect(body).toContain('acc_collect_failures_total 2');
  });

  test('a collector that throws before it returns a promise does not fail the scrape either', async () => {
    const metrics = createMetrics(quiet);
    metrics.onCollect(() => {
      throw new Error('not even a promise');
    });
    expect(await renderBody(metrics)).toContain('acc_collect_failures_total 1');
  });

  test('scrapes at the same time share one reading of the store', async () => {
    const metrics = createMetrics(quiet);
    let readings = 0;
    metrics.onCollect(async () => {
      readings += 1;
      return {};
    });
    await Promise.all([metrics.render(), metrics.render(), metrics.render()]);
    expect(readings).toBe(1);
  });
});

test('a guard that stands by shows no verdict, no backlog and no budget', async () => {
  const metrics = createMetrics({ processMetrics: false });
  metrics.setTrigger('5xx', 'fail', true);
  metrics.setBacklog({ jobs: 7, judged: 7, isHeld: false });
  metrics.setQueueBaseline(500);
  metrics.setErrorBudget('5xx', 0.5);
  const shown = /^acc_(trigger|queue_backlog|queue_held_back|queue_depth_baseline|slo_error)\S* /gm;
  expect((await metrics.render()).body.match(shown)).toHaveLength(9);
  metrics.forgetFleet();
  expect((await metrics.render()).body.match(shown)).toBeNull();
});

describe('what the guard judges', () => {
  test('is counted for the whole and for each client, whose counters are all there from its first sight on', async () => {
    const metrics = createMetrics(quiet);
    for (const figure of ['requests', 'errors', 'tokens-bad', 'strangers'] as const)
      metrics.countFleet(figure);
    metrics.countClient('scholar', 'requests');
    metrics.observeClientTiming('scholar', 300);
    metrics.observeClientTiming('scholar', 300.1);
    const { body } = await metrics.render();
    for (const line of [
      'acc_guard_requests_total 1',
      'acc_guard_request_failures_total 1',
      'acc_guard_tokens_total{verdict="bad"} 1',
      'acc_guard_requests_left_out_total{why="stranger"} 1',
      'acc_guard_client_requests_total{client="scholar"} 1',
      'acc_guard_client_request_failures_total{client="scholar"} 0',
      'acc_guard_client_timings_total{client="scholar",pace="within"} 1',
      'acc_guard_client_timings_total{client="scholar",pace="over"} 1',
      'acc_guard_client_tokens_total{client="scholar",verdict="repeated"} 0',
    ])
      expect(body).toContain(`${line}\n`);
  });

  test('is told under its old name for a release', async () => {
    const metrics = createMetrics(quiet);
    metrics.countFleet('requests');
    expect((await metrics.render()).body).toContain('acc_guard_figures_total{figure="requests"} 1');
  });

  test('a budget is never told as less than overspent by as much again', async () => {
    const metrics = createMetrics(quiet);
    metrics.setErrorBudget('uptime', -19);
    expect((await metrics.render()).body).toContain(
      'acc_slo_error_budget_remaining_ratio{slo="uptime"} -1\n',
    );
  });
});
