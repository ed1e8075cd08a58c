import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type AccTerminal, startAccTerminal } from '../../test/support/acc-terminal.ts';
import { operations } from '../operator/operations.ts';

let acc: AccTerminal;
let before = 0;

beforeAll(async () => {
  acc = await startAccTerminal();
});
beforeEach(() => {
  before = acc.seen.length;
});
afterAll(async () => {
  await acc.close();
});

/** What this test has made `acc` send, as `METHOD /path`. */
function listSent(): string[] {
  return acc.seen.slice(before).map(({ method, path }) => `${method} ${path}`);
}

/** The body of the last request, proven by the service's own schema. */
function readLastBody(schemaId: string): unknown {
  const body: unknown = JSON.parse(acc.seen.at(-1)?.body ?? '');
  const schema = operations.find((operation) => operation.body?.meta()?.id === schemaId)?.body;
  expect(schema?.safeParse(body)).toMatchObject({ success: true });
  return body;
}

const quiesced = {
  state: 'quiesced',
  epoch: 8,
  in_flight_at_stop: 2,
  in_flight: 0,
  stop_ms: 1.5,
  quiesced_ms: 30,
};
const stopping = { state: 'stopping', epoch: 8, in_flight_at_stop: 2, in_flight: 2, stop_ms: 1.5 };
const standing = { state: 'stopping', scope: 'all', epoch: 8, in_flight: 1 };
const control = {
  epoch: 8,
  sending: false,
  flags: {
    send: { value: 'off', changed: { at: '2026-11-20T02:58:00.000Z', actor: 'bo', reason: 'wrong date' } },
    'send:sms': { value: 'on' },
    ingest: { value: 'on' },
    consume: { value: 'on' },
  },
  environment: { APP_MODE: { value: 'production', origin: 'environment' } },
};

describe('acc stop', () => {
  test('asks the service first, with the operator’s token, and says the number in flight and the way', async () => {
    acc.script({ 'PUT /api/control/send': [200, quiesced] });
    const end = await acc.run(['stop', 'wrong date']);
    expect(end.code).toBe(0);
    expect(end.out).toContain('quiesced   2 in flight when it stopped, the last ended after 30 ms');
    expect(end.out).toContain('through the service; epoch 8');
    expect(readLastBody('SendOrder')).toMatchObject({
      enabled: false,
      reason: 'wrong date',
      scope: 'all',
    });
    expect(acc.seen.at(-1)?.headers.authorization).toBe('Bearer a-token');
  });

  test('says "stopping" as soon as it is confirmed, and "quiesced" when the last attempt has ended', async () => {
    acc.script({
      'PUT /api/control/send': [200, stopping],
      'GET /api/control/send': [
        [200, standing],
        [200, { ...standing, state: 'quiesced', in_flight: 0 }],
      ],
    });
    const end = await acc.run(['stop', 'x', '--scope', 'sms']);
    expect(end.error).toContain(
      'stopping   confirmed after 1.5 ms: no permit from now on (epoch 8); 2 in flight',
    );
    expect(end.out).toContain('quiesced   2 in flight when it stopped, the last ended after 200 ms');
    expect(end.code).toBe(0);
    expect(listSent()).toEqual([
      'PUT /api/control/send',
      'GET /api/control/send?scope=sms',
      'GET /api/control/send?scope=sms',
    ]);
  });

  test('ends with 5 while attempts are under way after --wait, and a look that fails changes nothing', async () => {
    acc.script({ 'PUT /api/control/send': [200, stopping], 'GET /api/control/send': [503, {}] });
    const end = await acc.run(['stop', 'x', '--wait', '1s', '--json']);
    expect(end.code).toBe(5);
    expect(JSON.parse(end.out)).toMatchObject({ state: 'stopping', in_flight: 2, epoch: 8, way: 'service' });
  });

  test('that nobody confirms is said loudly, with what is left to do', async () => {
    acc.script({
      'PUT /api/control/send': [503, { code: 'store-unavailable', title: 'The store is not available' }],
    });
    const refused = await acc.run(['stop', 'x']);
    expect(refused.code).toBe(1);
    expect(refused.error).toContain('NOT CONFIRMED');
    expect(refused.error).toContain('DISABLE_SEND=true');
    const away = await acc.run(['stop', 'x', '--base-url', 'http://127.0.0.1:1']);
    expect(away.code).toBe(3);
    const both = await acc.run([
      'stop',
      'x',
      '--store',
      'redis://u:hunter2@127.0.0.1:1',
      '--timeout',
      '300ms',
    ]);
    expect(both.code).toBe(3);
    expect(both.error).toContain('redis://127.0.0.1:1');
    expect(both.error).not.toContain('hunter2');
  });

  test('needs neither quotes nor a reason: whoever is in a hurry is understood', async () => {
    acc.script({ 'PUT /api/control/send': [200, quiesced] });
    expect((await acc.run(['stop', 'wrong', 'template', '--scope', 'sms'])).code).toBe(0);
    expect(readLastBody('SendOrder')).toMatchObject({ reason: 'wrong template', scope: 'sms' });
    expect((await acc.run(['stop'])).code).toBe(0);
    expect(readLastBody('SendOrder')).toMatchObject({
      reason: 'no reason was given',
      scope: 'all',
    });
  });

  test.each([
    [['stop', '--raeson', 'x'], "Unknown option '--raeson'"],
    [['--timeout', '1s', 'stop', '--raeson', 'x'], "Unknown option '--raeson'"],
    [['stop', 'x', '--scope', 'smss'], 'scope "smss" is not one of'],
    [['stpo', 'x'], 'There is no command "stpo x". Did you mean: acc stop?'],
    [['--stop', 'x'], 'There is no command "x"'],
    [['--stop'], 'There is no option --stop without a command'],
    [['stop', 'x', '--base-url', 'http://bo:hunter2@127.0.0.1:8080'], 'holds a user or a password'],
  ])('that is mistyped says first that nothing was stopped: %j', async (argv, why) => {
    const end = await acc.run(argv);
    expect(end.code).toBe(2);
    expect(end.error).toMatch(/^NOTHING WAS STOPPED\. /);
    expect(end.error).toContain(why);
    expect(end.error).not.toContain('hunter2');
    expect(listSent()).toEqual([]);
  });

  test('a token that is none does not keep it from the store', async () => {
    const environment = { APP_BASE_URL: acc.url, AUTH_TOKEN: 'two words', REDIS_URL: '127.0.0.1:1' };
    const end = await acc.run(['stop', 'x', '--timeout', '300ms'], { environment });
    expect(end.code).toBe(3);
    expect(end.error).toContain('What AUTH_TOKEN holds is not an access token');
    expect(end.error).toContain('Stopping at the store instead: redis://127.0.0.1:1');
    expect(end.error).not.toContain('two words');
    expect(listSent()).toEqual([]);
  });

  test('a refused reason is not tried at the store', async () => {
    acc.script({
      'PUT /api/control/send': [422, { code: 'invalid-request-data', title: 'A field is not valid' }],
    });
    const end = await acc.run(['stop', 'x', '--store', 'redis://127.0.0.1:1']);
    expect(end.code).toBe(1);
    expect(end.error).not.toContain('at the store');
  });
});

describe('acc start', () => {
  test('without the epoch changes nothing, shows who stopped and why, and the command to copy', async () => {
    acc.script({ 'GET /api/control': [200, control] });
    const end = await acc.run(['start', "it's right", '--until', '2h']);
    expect(end.code).toBe(2);
    expect(listSent()).toEqual(['GET /api/control']);
    expect(end.out).toContain('send: off since 2026-11-20 02:58:00Z, bo: wrong date');
    expect(end.error).toContain(`acc start 'it'\\''s right' --epoch 8 --until 2h`);
  });

  test('of what is on has nothing to do, unless it is to end', async () => {
    acc.script({
      'GET /api/control': [200, { ...control, flags: { ...control.flags, send: { value: 'on' } } }],
    });
    const end = await acc.run(['start', 'x']);
    expect([end.code, end.error]).toEqual([0, expect.stringContaining('already on: nothing to do')]);
    expect((await acc.run(['start', 'x', '--until', '2h'])).code).toBe(2);
  });

  test('sends the epoch that was seen, and an expiry as an instant', async () => {
    acc.script({
      'PUT /api/control/send': [200, { ...quiesced, state: 'started', ceiling: 'DISABLE_SEND' }],
    });
    const end = await acc.run(['start', 'x', '--epoch', '7', '--until', '2h', '--scope', 'email']);
    expect(end.code).toBe(0);
    expect(end.out).toContain('Nothing is sent all the same: DISABLE_SEND');
    expect(readLastBody('SendOrder')).toEqual({
      enabled: true,
      reason: 'x',
      scope: 'email',
      epoch: 7,
      until: '2026-11-20T05:00:00.000Z',
    });
  });

  test('with an epoch that is not the newest is refused, and names the newest', async () => {
    acc.script({
      'PUT /api/control/send': [409, { code: 'state-conflict', title: 't', detail: 'd', epoch: 9 }],
    });
    const end = await acc.run(['start', 'x', '--epoch', '7']);
    expect(end.code).toBe(1);
    expect(end.error).toContain('The epoch is 9 now');
  });
});

describe('pause and resume', () => {
  test('pause needs no epoch; resume without one only looks', async () => {
    acc.script({
      'PUT /api/control/consumers': [200, { paused: true, queue: 'email', epoch: 9 }],
      'PUT /api/control/ingest': [200, { paused: false, epoch: 10 }],
      'GET /api/control': [200, control],
    });
    expect((await acc.run(['pause', 'consumers', 'x', '--queue', 'email'])).code).toBe(0);
    expect(readLastBody('ConsumersOrder')).toEqual({
      paused: true,
      reason: 'x',
      queue: 'email',
    });
    const idle = await acc.run(['resume', 'ingest', 'x']);
    expect([idle.code, idle.error]).toEqual([0, expect.stringContaining('ingest is not paused')]);
    const paused = { ...control, flags: { ...control.flags, ingest: { value: 'off' } } };
    acc.script({
      'GET /api/control': [200, paused],
      'PUT /api/control/ingest': [200, { paused: false, epoch: 10 }],
    });
    const look = await acc.run(['resume', 'ingest', 'x']);
    expect(look.code).toBe(2);
    expect(look.error).toContain('acc resume ingest x --epoch 8');
    expect((await acc.run(['resume', 'ingest', 'x', '--epoch', '8'])).code).toBe(0);
    expect(readLastBody('IngestOrder')).toEqual({ paused: false, reason: 'x', epoch: 8 });
  });
});

describe('deeds on many', () => {
  const report = {
    preview: true,
    matched: 3,
    skipped: { too_old: 1 },
    by_type: { welcome: 2 },
    dry_run: 0,
    more: true,
  };

  test('without --yes only the preview is asked for, and it is said that nothing was changed', async () => {
    acc.script({ 'POST /api/held/release': [200, { ...report, released: 0 }] });
    const end = await acc.run([
      'held',
      'release',
      'mended',
      '--reason',
      'stopped',
      '--max-age',
      '6h',
      '--per-minute',
      '100',
    ]);
    expect(end.code).toBe(0);
    expect(listSent()).toHaveLength(1);
    expect(readLastBody('ReleaseOrder')).toEqual({
      filter: { reason: 'stopped' },
      max_age_seconds: 21_600,
      per_minute: 100,
      preview: true,
      reason: 'mended',
    });
    expect(end.out).toContain('would release 3 matched, skipped: 1 too_old');
    expect(end.error).toContain('Nothing was changed');
  });

  test('with --yes the preview comes first, then the action', async () => {
    acc.script({
      'POST /api/held/discard': [
        [200, { ...report, discarded: 0 }],
        [200, { ...report, preview: false, discarded: 2 }],
      ],
    });
    const end = await acc.run(['held', 'discard', 'old', '--id', 'msg_1', '--id', 'msg_2', '--yes']);
    expect(end.code).toBe(0);
    expect(end.out).toContain('discarded 2 of 3 matched');
    expect(readLastBody('DiscardOrder')).toMatchObject({
      filter: { ids: ['msg_1', 'msg_2'] },
      preview: false,
    });
  });

  test('with --yes and nothing done ends with 1', async () => {
    const result = { preview: false, matched: 7, skipped: { stopped: 7 }, released: 0 };
    acc.script({ 'POST /api/held/release': [200, result] });
    const end = await acc.run(['held', 'release', 'mended', 'now', '--reason', 'stopped', '--yes']);
    expect(end.code).toBe(1);
    expect(end.out).toContain('released 0 of 7 matched');
    expect(end.out).toContain('sending is stopped');
    expect(readLastBody('ReleaseOrder')).toMatchObject({ reason: 'mended now' });
  });

  test.each([
    ['held', 'release', 'x'],
    ['held', 'discard', 'x', '--yes'],
    ['dead-letters', 'replay', 'x', '--yes'],
  ])('nothing selected is refused before anything is asked: %s %s', async (...argv) => {
    const end = await acc.run(argv);
    expect(end.code).toBe(2);
    expect(listSent()).toEqual([]);
  });

  test('a replay that failed in part names each and ends with 1', async () => {
    const failed = [{ id: 'msg_1', why: 'sent-already' }];
    acc.script({
      'POST /api/dead-letters/replay': [200, { ...report, preview: false, replayed: 1, failed }],
    });
    const end = await acc.run(['dead-letters', 'replay', 'x', '--id', 'msg_1', '--yes']);
    expect(end.code).toBe(1);
    expect(end.out).toContain('not msg_1: sent-already');
    expect(readLastBody('DeadLetterOrder')).toMatchObject({ ids: ['msg_1'] });
    await acc.run(['dead-letters', 'discard', 'x', '--all']);
    expect(readLastBody('DeadLetterOrder')).toMatchObject({ filter: {} });
  });
});

describe('single commands', () => {
  test('unknown resolve takes exactly one of its three ends', async () => {
    acc.script({ 'POST /api/unknown/msg_1': [200, { message_id: 'msg_1', state: 'queued' }] });
    expect((await acc.run(['unknown', 'resolve', 'msg_1', 'x'])).code).toBe(2);
    expect((await acc.run(['unknown', 'resolve', 'msg_1', 'x', '--sent', '--resend'])).code).toBe(2);
    expect(listSent()).toEqual([]);
    expect((await acc.run(['unknown', 'resolve', 'msg_1', 'x', '--resend'])).code).toBe(0);
    expect(readLastBody('Resolution')).toEqual({ resolution: 'resend', reason: 'x' });
  });

  test('suppressions import sends what can be read, and names the line of what cannot', async () => {
    acc.script({
      'POST /api/suppressions': [
        200,
        { added: 1, renewed: 0, faults: [{ index: 1, pointer: '', detail: 'not an address' }] },
      ],
    });
    const readText = () =>
      Promise.resolve('address,channel,reason\nada@example.com,email,asked\n\nnonsense\n{broken\n');
    const end = await acc.run(['suppressions', 'import', 'list.csv', 'asked'], { readText });
    expect(end.code).toBe(1);
    expect(end.error).toContain('line 4: not an address');
    expect(end.error).toContain('line 5:');
    expect(readLastBody('Suppressions')).toMatchObject({
      entries: [{ address: 'ada@example.com', channel: 'email', reason: 'asked' }, { address: 'nonsense' }],
    });
  });

  test('an export follows every page', async () => {
    const item = {
      channel: 'email',
      hash: 'h1',
      masked: 'a***@example.com',
      reason: 'r',
      source: 's',
      at: 't',
      by: 'b',
    };
    acc.script({
      'GET /api/suppressions': [
        [200, { items: [item], next_cursor: 'c1' }],
        [200, { items: [{ ...item, hash: 'h2' }] }],
      ],
    });
    const end = await acc.run(['suppressions', 'export']);
    const hashes = end.out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { hash: string }).hash);
    expect(hashes).toEqual(['h1', 'h2']);
    expect(listSent()[1]).toContain('cursor=c1');
  });

  test('the audit tells how many of how many a action on many reached', async () => {
    const line = {
      at: '2026-11-20T02:58:00.000Z',
      actor: 'bo',
      action: 'release held: done',
      reason: 'mended',
    };
    acc.script({ 'GET /api/audit': [200, { lines: [{ ...line, detail: { matched: 7, done: 0 } }] }] });
    expect((await acc.run(['audit'])).out).toMatch(/HOW MANY\n.*mended +0 of 7/);
    acc.script({ 'GET /api/audit': [200, { lines: [] }] });
    expect((await acc.run(['audit'])).out).toBe('nothing yet\n');
  });

  test('a broken audit chain ends with 1', async () => {
    acc.script({ 'GET /api/audit/verify': [200, { ok: false, entry: '1-0', detail: 'changed' }] });
    const end = await acc.run(['audit', 'verify']);
    expect([end.code, end.out]).toEqual([1, expect.stringContaining('BROKEN')]);
  });

  test('a held mail is shown as text, and its HTML when it is asked for', async () => {
    const draft = { subject: 'Hello', text: 'Good day', html: '<p>Good day</p>' };
    acc.script({ 'GET /api/held/msg_1': [200, { message_id: 'msg_1', draft }] });
    const { out } = await acc.run(['held', 'show', 'msg_1']);
    expect(out).toContain('Good day');
    expect(out).not.toContain('<p>');
    expect((await acc.run(['held', 'show', 'msg_1', '--html'])).out).toContain('<p>');
  });

  test('a status whose store is away still shows what it can, and ends with 1', async () => {
    acc.script({
      'GET /api/send/status': [503, { code: 'store-unavailable', title: 'The store is not available' }],
      'GET /api/control': [503, {}],
      'GET /api/queue/status': [503, {}],
      'GET /api/providers/health': [200, { providers: [] }],
    });
    const { code, out } = await acc.run(['status']);
    expect(code).toBe(1);
    expect(out).toMatch(/^NOT KNOWN: .*The store is not available/);
    expect(out).toContain('sends nothing');
    expect(out).toContain('StoreUnavailable.md');
    expect(out).toMatch(/providers +none/);
  });

  test('a part of the status that cannot be read does not hide the others', async () => {
    acc.script({
      'GET /api/send/status': [
        200,
        {
          sending: false,
          dry_run: true,
          app_mode: 'production',
          reason: 'wrong date',
          epoch: 8,
          inflight: 1,
        },
      ],
      'GET /api/control': [200, control],
      'GET /api/providers/health': [500, {}],
      'GET /api/queue/status': [
        200,
        {
          queues: { email: { waiting: 4, active: 0, delayed: 1, oldest_age_ms: 9_000 } },
          messages: { unknown: 2, queued: 230 },
          held: { stopped: 7, promo: 0 },
          dead_letters: 3,
        },
      ],
      'GET /api/diagnostics': [
        200,
        {
          limits: [
            { name: 'all', limit: 10, used: 10, window_ms: 60_000 },
            { name: 'sms', limit: 10, used: 3, window_ms: 60_000 },
          ],
          caps: [{ name: 'run', limit: 50, used: 50 }],
        },
      ],
    });
    const { code, out } = await acc.run(['status']);
    expect(code).toBe(0);
    expect(out).toContain('limit      all: 10 of 10 in 60 s. At this pace the 230 open ones take 23 min');
    expect(out).not.toContain('sms: 3');
    expect(out).toContain('cap        run: 50 of 50 used up');
    expect(out).toContain('NOT SENDING: wrong date');
    expect(out).toContain('off since 2026-11-20 02:58:00Z, bo: wrong date');
    expect(out).toContain('held       7 (stopped 7)');
    expect(out).toContain('unknown    2, each waits for a person');
    expect(out).toMatch(/providers +cannot be read/);
  });

  test.each([
    [[], 'SENDING'],
    [[['smtp-1', 'email', true]], 'SENDING'],
    [
      [
        ['smtp-1', 'email', false],
        ['smtp-2', 'email', true],
      ],
      'SENDING',
    ],
    [
      [
        ['smtp-1', 'email', false, '2026-11-20T02:58:00.000Z'],
        ['smtp-2', 'email', false],
        ['sms-1', 'sms', true],
      ],
      'SENDING, but nothing leaves by email: smtp-1 unreachable since 2026-11-20 02:58:00Z, smtp-2 unreachable',
    ],
  ] as const)('of providers %j: %s', async (given, headline) => {
    const providers = given.map(([provider, channel, ok, since]) => ({
      provider,
      channel,
      ok,
      status: ok ? 'ok' : 'unreachable',
      detail: '',
      ...(since === undefined ? {} : { since }),
    }));
    acc.script({
      'GET /api/send/status': [
        200,
        { sending: true, dry_run: false, app_mode: 'production', epoch: 8, inflight: 0 },
      ],
      'GET /api/control': [200, control],
      'GET /api/providers/health': [200, { providers }],
      'GET /api/queue/status': [500, {}],
    });
    const { out } = await acc.run(['status']);
    expect(out.split('\n')[0]).toBe(headline);
  });
});

describe('how it ends', () => {
  test.each([
    [['dead', 'list'], 'acc dead-letters list'],
    [['release'], 'acc held release'],
    [['replay'], 'acc dead-letters replay'],
    [['verify'], 'acc audit verify'],
    [['hled', 'list'], 'acc held list'],
  ])('what is no command names the one that was meant: %j', async (argv, meant) => {
    const end = await acc.run(argv);
    expect([end.code, end.error]).toEqual([
      2,
      expect.stringMatching(new RegExp(`Did you mean: .*${meant}\\b.*\\?`)),
    ]);
  });

  test('401 and 403 end with 4, and the request id is told', async () => {
    acc.script({
      'GET /api/control': [403, { code: 'insufficient-scope', title: 'no', detail: 'd', request_id: 'r-1' }],
    });
    const end = await acc.run(['flags']);
    expect([end.code, end.error]).toEqual([4, expect.stringContaining('request r-1')]);
  });

  test('without any token nothing is asked, and it is said how to get one', async () => {
    const end = await acc.run(['flags'], { environment: { APP_BASE_URL: acc.url } });
    expect(end.code).toBe(4);
    expect(end.error).toContain('--token-file');
    expect(listSent()).toEqual([]);
  });

  test('a faulty configuration ends with 78 and names every fault, but no secret', async () => {
    const end = await acc.run(['env'], { environment: { ADDRESS_HASH_KEY: 'short-secret' } });
    expect(end.code).toBe(78);
    expect(end.error).toContain('AUTH_ISSUER is not set');
    expect(end.error).not.toContain('short-secret');
  });

  test('with --json an error is JSON on the error stream, and the result stream stays empty', async () => {
    acc.script({});
    const end = await acc.run(['flags', '--json']);
    expect(end.out).toBe('');
    expect(JSON.parse(end.error)).toMatchObject({ error: { ending: 'refused', problem: { status: 404 } } });
  });

  test('an answer of another program is said to be one', async () => {
    acc.script({ 'GET /api/control': [200, { hello: 'world' }] });
    const end = await acc.run(['flags']);
    expect([end.code, end.error]).toEqual([1, expect.stringContaining('Is this the right address')]);
  });

  test('a token never follows a redirect', async () => {
    acc.script({ 'GET /api/control': [302, {}] });
    expect((await acc.run(['flags'])).code).toBe(1);
    expect(listSent()).toEqual(['GET /api/control']);
  });
});
