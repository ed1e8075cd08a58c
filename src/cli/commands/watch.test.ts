import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AccTerminal, type Scripted, startAccTerminal } from '../../../test/support/acc-terminal.ts';

let acc: AccTerminal;
beforeAll(async () => {
  acc = await startAccTerminal();
});
afterAll(() => acc.close());

const on = { value: 'on' };
const off = (reason: string) => ({
  value: 'off',
  changed: { at: '2026-11-20T02:58:00.000Z', actor: 'guard', reason },
});
const idle = { waiting: 0, active: 0, delayed: 0, oldest_age_ms: 0 };
const queue = (sent: number) => ({
  queues: {
    events: idle,
    email: { waiting: 1200, active: 10, delayed: 3, oldest_age_ms: 95_000 },
    sms: idle,
  },
  messages: { sent, held: 14, unknown: 2 },
  held: { stopped: 12, promo: 2 },
  dead_letters: 3,
});
const trigger = (name: string, verdict: string, latched: boolean) => ({
  trigger: name,
  mode: 'act',
  verdict,
  latched,
  rule: 'a rule',
  detail: '12 of 400 (3.00 %)',
});
const normal: Record<string, Scripted | readonly Scripted[]> = {
  'GET /api/send/status': [
    200,
    { sending: true, dry_run: false, app_mode: 'production', epoch: 7, inflight: 4 },
  ],
  'GET /api/control': [200, { epoch: 7, sending: true, flags: { send: on, ingest: on, consume: on } }],
  'GET /api/queue/status': [
    [200, queue(100)],
    [200, queue(150)],
  ],
  'GET /api/providers/health': [
    200,
    {
      providers: [
        { provider: 'smtp-primary', channel: 'email', ok: true, status: 'ok', detail: 'NOOP' },
        { provider: 'smtp-fallback', channel: 'email', ok: true, status: 'ok', detail: 'NOOP' },
        { provider: 'twilio', channel: 'sms', ok: false, status: 'unauthorized', detail: 'answered 401' },
      ],
    },
  ],
  'GET /api/triggers': [
    200,
    {
      watched: true,
      triggers: ['5xx', 'tokens', 'depth', 'p95'].map((name) => trigger(name, 'pass', false)),
    },
  ],
  'GET /readyz': [
    200,
    { checks: { proof_of_life: { ok: true, detail: 'last proof 12 s ago, took 40 ms' } } },
  ],
};

const worst: typeof normal = {
  ...normal,
  'GET /api/send/status': [
    200,
    {
      sending: false,
      dry_run: true,
      app_mode: 'production',
      reason: `5xx on at least 1 % ${'and more '.repeat(20)}`,
      epoch: 8,
      inflight: 0,
    },
  ],
  'GET /api/control': [
    200,
    {
      epoch: 8,
      sending: false,
      flags: Object.fromEntries(
        ['send', 'send:sms', 'consume', 'consume:email', 'ingest'].map((name) => [
          name,
          off('a reason\u001b[2J\nthat wants to move the cursor and to be longer than any screen is wide'),
        ]),
      ),
    },
  ],
  'GET /api/triggers': [
    200,
    {
      watched: false,
      triggers: ['5xx', 'tokens', 'depth', 'p95'].map((name) => trigger(name, 'fail', true)),
    },
  ],
};

/** Lets the watch run for some looks, then interrupts it. */
async function watchFor(looks: number, size = { columns: 80, rows: 24 }) {
  let interrupt = (): void => undefined;
  let clockMs = 0;
  let left = looks;
  const end = await acc.run(['watch'], {
    readScreenSize: () => size,
    onInterrupt: (act) => {
      interrupt = act;
    },
    monotonicNow: () => clockMs,
    delay: async (ms) => {
      clockMs += ms;
      left -= 1;
      if (left === 0) interrupt();
    },
  });
  const frames = end.out.split('\u001b[H').slice(1);
  return { ...end, frames: frames.map((frame) => frame.split('\u001b[J')[0]?.split('\r\n') ?? []) };
}

describe('acc watch', () => {
  test('--once prints one picture without a single escape, and ends', async () => {
    acc.script(normal);
    const end = await acc.run(['watch', '--once']);
    expect(end.code).toBe(0);
    expect(end.out).not.toContain('\u001b');
    for (const words of [
      'SENDING',
      'mode production',
      'switches   all on',
      'email   1200     10      3        95 s',
      'held 14 (stopped 12, promo 2)',
      'dead 3   unknown 2',
      'tokens   pass     act   12 of 400 (3.00 %)',
      'proof of life  last proof 12 s ago, took 40 ms',
      'twilio         sms   unauthorized  answered 401',
    ])
      expect(end.out).toContain(words);
  });

  test('it looks again and again, shows rates, and leaves the terminal as it was', async () => {
    acc.script(normal);
    const end = await watchFor(2);
    expect(end.code).toBe(0);
    expect(end.frames).toHaveLength(2);
    expect(end.frames[1]?.join('\n')).toContain('50/s planned, 50/s sent');
    expect(end.out.startsWith('\u001b[?1049h\u001b[?25l')).toBe(true);
    expect(end.out.endsWith('\u001b[?25h\u001b[?1049l')).toBe(true);
  });

  test.each([
    ['the usual screen', 80, 24],
    ['a small one', 40, 10],
    ['a large one', 200, 60],
  ])('at its worst it is one screen: %s', async (_what, columns, rows) => {
    acc.script(worst);
    const { frames } = await watchFor(1, { columns, rows });
    const lines = (frames[0] ?? []).map((line) => line.replaceAll('\u001b[K', ''));
    expect(lines.length).toBeLessThanOrEqual(rows);
    for (const line of lines) {
      expect(line.length).toBeLessThanOrEqual(columns);
      expect(line).not.toContain('\u001b');
    }
    expect(lines[1]).toContain('NOT SENDING');
  });

  test('a part that cannot be read says so and hides nothing else', async () => {
    acc.script({ ...normal, 'GET /api/triggers': [404, { code: 'not-found', title: 'There is nothing' }] });
    const end = await acc.run(['watch', '--once']);
    expect(end.out).toContain('triggers   cannot be read: The service answered 404');
    expect(end.out).toContain('SENDING');
  });

  test('a token that is not good ends it, with the terminal as it was', async () => {
    acc.script({
      ...normal,
      'GET /api/control': [401, { code: 'unauthenticated', title: 'The token is not good' }],
    });
    const end = await watchFor(1);
    expect(end.code).not.toBe(0);
    expect(end.out.endsWith('\u001b[?25h\u001b[?1049l')).toBe(true);
  });
});
