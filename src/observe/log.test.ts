import { describe, expect, test } from 'vitest';

import { createLog, type LogLevel, logAttempt } from './log.ts';

function captureLog(level: LogLevel = 'info') {
  const lines: string[] = [];
  const log = createLog({
    level,
    service: 'api',
    version: '1.2.3',
    destination: { write: (line) => void lines.push(line) },
  });
  return { log, lines, last: (): Record<string, unknown> => JSON.parse(lines.at(-1) ?? '{}') };
}

describe('createLog', () => {
  test('a line is JSON with the level as an upper-case word and an ISO time', () => {
    const { log, last } = captureLog();
    log.warn({ queue: 'email' }, 'slow');
    expect(last()).toMatchObject({
      level: 'WARN',
      service: 'api',
      version: '1.2.3',
      queue: 'email',
      msg: 'slow',
    });
    expect(last()['time']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(last()).not.toHaveProperty('pid');
  });

  test('what is below the level is not written', () => {
    const { log, lines } = captureLog('warn');
    log.info({}, 'quiet');
    log.debug({}, 'quieter');
    expect(lines).toEqual([]);
  });

  test.each([
    ['CR', '\r'],
    ['LF', '\n'],
    ['ANSI escape', '\u001b[2J'],
    ['C1 escape', '\u009b2J'],
    ['U+2028', '\u2028'],
    ['U+2029', '\u2029'],
    ['NEL', '\u0085'],
    ['NUL', '\u0000'],
    ['DEL', '\u007f'],
  ])('%s in any field neither breaks nor forges a line, and is not lost', (_name, evil) => {
    const { log, lines, last } = captureLog();
    const text = `before${evil}{"level":"FATAL"}`;
    log.child({ bound: text }).info({ field: text, [text]: 1, list: [text], err: new Error(text) }, text);
    expect(lines).toHaveLength(1);
    expect(lines[0]?.slice(0, -1)).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
    expect(lines[0]?.at(-1)).toBe('\n');
    expect(last()).toMatchObject({
      level: 'INFO',
      bound: text,
      field: text,
      [text]: 1,
      list: [text],
      msg: text,
    });
  });

  test('secrets are dropped by the name of their key, at any depth, also in bound fields', () => {
    const { log, lines } = captureLog();
    log.child({ access_token: 'hidden-1' }).error(
      {
        headers: { Authorization: 'hidden-2', list: [{ clientSecret: 'hidden-3' }] },
        password: 'hidden-4',
      },
      'x',
    );
    expect(lines[0]).not.toContain('hidden');
    expect(lines[0]).toContain('[redacted]');
  });

  test('an address or token is masked wherever it stands: message, field, key, list, error, cause, stack', () => {
    const { log, lines, last } = captureLog();
    const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJqbyJ9.c2lnbmF0dXJl';
    const cause = Object.assign(new Error('to +15555550123 refused'), {
      response: '550 jo@example.com unknown',
    });
    const err = new Error(`jo@example.com: ${jwt}`, { cause });
    log.error(
      { err, list: ['jo@example.com'], 'jo@example.com': 1, map: new Map([['a', '+15555550123']]) },
      `jo@example.com`,
    );
    expect(lines[0]).not.toMatch(/jo@example\.com|5555550123|eyJ/);
    expect(last()['err']).toMatchObject({
      type: 'Error',
      message: 'j***@example.com: [token]',
      cause: { message: 'to +1555****0123 refused' },
    });
    // The answer of a provider may hold anything that was sent.
    expect(lines[0]).not.toContain('unknown');
    expect(JSON.stringify(last()['err'])).toContain('log.test.ts');
  });

  test('of an error only its short facts are written: no command keeps its arguments', () => {
    const { log, lines, last } = captureLog();
    const command = { name: 'evalsha', args: ['Jo Smith', 'a dear text'] };
    const err = Object.assign(new Error("MISCONF can't write"), {
      command,
      code: 'E1',
      responseCode: 550,
      request: 'Jo Smith',
      previousErrors: [{ command }],
    });
    log.error({ err: new AggregateError([err], 'all of them'), cause: { err } }, 'fault');
    expect(lines[0]).not.toMatch(/Jo Smith|dear/);
    expect(last()['err']).toMatchObject({
      errors: [{ command: 'evalsha', code: 'E1', responseCode: 550 }],
    });
  });

  test('what a parser or Redis quotes of its input is not written', () => {
    const { log, lines } = captureLog();
    const parsed = ['{"name": Jo Smith}', '{"a":"b", Jo Smith', 'Jo Smith'].map((text) => {
      try {
        return JSON.parse(text);
      } catch (error) {
        return error;
      }
    });
    const unknown = "ERR unknown command 'SETT', with args beginning with: 'Jo Smith' 'more' ";
    for (const err of [...parsed, new Error(unknown)]) log.error({ err }, 'fault');
    expect(lines).toHaveLength(4);
    expect(lines.join()).not.toMatch(/Jo|Smith/);
    expect(lines.join()).toContain('is not valid JSON');
  });

  test('half an address at the place where a long text is cut is masked as well', () => {
    const { log, lines } = captureLog();
    for (let before = 8_160; before < 8_200; before += 1)
      log.info({ detail: `${'x'.repeat(before)} jo.smith@example.com and +15555550123` }, 'x');
    expect(lines.join()).not.toMatch(/jo\.s|\+15555/);
  });

  test('a circular, huge or odd value cannot break a line', () => {
    const { log, lines, last } = captureLog();
    const circle: Record<string, unknown> = { count: 1n, when: new Date(0), bytes: Buffer.from('secret') };
    circle['self'] = circle;
    log.info({ circle, long: 'x'.repeat(100_000), none: undefined, nothing: null }, 'odd');
    expect(lines[0]?.length).toBeLessThan(20_000);
    expect(last()).toMatchObject({
      circle: { count: '1', when: '1970-01-01T00:00:00.000Z', bytes: '[6 bytes]' },
    });
  });
});

test('a value that throws when it is read does not break what is being reported', () => {
  const { log, last } = captureLog();
  const trap = {
    toJSON() {
      throw new Error('not today');
    },
  };
  log.error({ trap }, 'still written');
  expect(last()).toMatchObject({ level: 'ERROR', msg: 'still written', log_fault: expect.any(String) });
});

describe('logAttempt', () => {
  const line = {
    event_id: 'evt_00a',
    message_id: 'msg_00a',
    type: 'welcome',
    client: 'demo',
    channel: 'email',
    provider: 'smtp-primary',
    to: 'j***@example.com',
    to_hash: 'ab',
    attempt: 1,
    state: 'sent',
    queued_ms: 3,
    render_ms: 1,
    permit_ms: 1,
    provider_ms: 20,
  } as const;

  test('a delivery is INFO and a failure is WARN, each one flat line', () => {
    const { log, last } = captureLog();
    logAttempt(log, { ...line, outcome: 'accepted' });
    expect(last()).toMatchObject({ ...line, level: 'INFO', outcome: 'accepted' });
    logAttempt(log, { ...line, outcome: 'refused', detail: '550 <jo@example.com> unknown' });
    expect(last()).toMatchObject({
      level: 'WARN',
      outcome: 'refused',
      detail: '550 <j***@example.com> unknown',
    });
  });
});
