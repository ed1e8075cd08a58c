/**
 * Takes the pictures of `acc watch` in docs/operations: one of a normal night, one of a night on which the guard process stopped
 * sending. They are drawn by the command's own code, from made-up numbers, on a screen of 80 × 24.
 *
 *   scripts/node scripts/shoot-watch.ts
 */
import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { drawWatch, type WatchFacts } from '../src/cli/draw-watch.ts';
import { findChromium } from './lib/find-chromium.ts';

const size = { columns: 80, rows: 24 };
const folder = 'docs/operations';
const colours = { good: '#7ee787', bad: '#ff7b72', odd: '#e3b341', dim: '#8b949e', bold: '#ffffff' } as const;

const idle = { waiting: 0, active: 0, delayed: 0, oldest_age_ms: 0 };
const on = { value: 'on' };
const triggerRow = (trigger: string, detail: string) => ({
  trigger,
  mode: 'act',
  verdict: 'pass',
  latched: false,
  rule: '',
  detail,
});
const passing = [
  triggerRow('5xx', '3 of 8412 (0.04 %)'),
  triggerRow('tokens', '11 of 8390 (0.13 %)'),
  triggerRow('depth', '42 waiting, baseline 500'),
  triggerRow('p95', '38 ms of 8412 requests'),
];
const provider = (name: string, channel: string) => ({
  provider: name,
  channel,
  ok: true,
  status: 'ok',
  detail: channel === 'email' ? 'TLS, login and NOOP' : 'the account answers',
});

const normal: WatchFacts = {
  baseUrl: 'https://messages.example.com',
  atMs: Date.parse('2026-11-20T03:14:07Z'),
  sending: { value: { sending: true, dry_run: false, app_mode: 'production', epoch: 7, inflight: 6 } },
  control: {
    value: { epoch: 7, sending: true, flags: { send: on, ingest: on, consume: on }, environment: {} },
  },
  queue: {
    value: {
      queues: {
        events: { ...idle, active: 2 },
        email: { waiting: 38, active: 6, delayed: 12, oldest_age_ms: 1_400 },
        sms: { waiting: 4, active: 1, delayed: 0, oldest_age_ms: 300 },
      },
      messages: { sent: 48_211, held: 120, unknown: 0 },
      held: { promo: 120 },
      dead_letters: 3,
    },
  },
  providers: {
    value: {
      providers: [
        provider('smtp-primary', 'email'),
        provider('smtp-fallback', 'email'),
        provider('twilio', 'sms'),
      ],
    },
  },
  triggers: { value: { watched: true, triggers: passing } },
  readiness: {
    value: { checks: { proof_of_life: { ok: true, detail: 'last proof 12 s ago, took 41 ms' } } },
  },
  rates: { planned: 31.4, sent: 30.8 },
};

const why = '5xx on at least 1 % of API requests over 5 minutes: 96 of 8012 (1.19 %)';
const byGuard = { at: '2026-11-20T03:11:40.000Z', actor: 'guard', reason: why };
const stopped: WatchFacts = {
  ...normal,
  sending: {
    value: { sending: false, dry_run: true, app_mode: 'production', reason: why, epoch: 9, inflight: 0 },
  },
  control: {
    value: {
      epoch: 9,
      sending: false,
      flags: {
        send: { value: 'off', changed: byGuard },
        ingest: on,
        consume: { value: 'off', changed: byGuard },
      },
      environment: {},
    },
  },
  queue: {
    value: {
      queues: {
        events: { waiting: 902, active: 0, delayed: 0, oldest_age_ms: 146_000 },
        email: { waiting: 311, active: 0, delayed: 12, oldest_age_ms: 147_000 },
        sms: { waiting: 24, active: 0, delayed: 0, oldest_age_ms: 147_000 },
      },
      messages: { sent: 48_390, held: 131, unknown: 1 },
      held: { promo: 120, stopped: 11 },
      dead_letters: 3,
    },
  },
  triggers: {
    value: {
      watched: true,
      triggers: passing.map((row) =>
        row.trigger === '5xx'
          ? { ...row, verdict: 'fail', latched: true, detail: '96 of 8012 (1.19 %)' }
          : row,
      ),
    },
  },
  readiness: {
    value: {
      checks: {
        proof_of_life: {
          ok: true,
          detail: 'not due: consumers are paused; last proof 147 s ago, took 41 ms',
        },
      },
    },
  },
  rates: { planned: 0, sent: 0 },
};

const browser = await chromium.launch({
  executablePath: findChromium(),
  args: ['--no-sandbox', '--disable-gpu'],
});
try {
  mkdirSync(folder, { recursive: true });
  for (const [name, facts] of [
    ['acc-watch', normal],
    ['acc-watch-stopped', stopped],
  ] as const) {
    const page = await browser.newPage({ viewport: { width: 800, height: 600 }, deviceScaleFactor: 1.5 });
    await page.setContent(toPage(facts));
    await page.locator('pre').screenshot({ path: `${folder}/${name}.png` });
    console.log(`${folder}/${name}.png`);
  }
} finally {
  await browser.close();
}

function toPage(facts: WatchFacts): string {
  const lines = drawWatch(
    facts,
    size,
    (tone, text) => `<b style="color:${colours[tone]}">${toHtml(text)}</b>`,
  );
  const body = lines.map((line) => (line.startsWith('<b ') ? line : toHtml(line))).join('\n');
  return `<style>
    body { margin: 0; background: #0d1117 }
    pre { margin: 0; padding: 16px 20px; width: ${size.columns}ch; height: calc(${size.rows} * 1.3em);
      background: #0d1117; color: #e6edf3; font: 14px/1.3 'DejaVu Sans Mono', monospace; overflow: hidden }
    b { font-weight: normal }
  </style><pre>${body}</pre>`;
}

function toHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
