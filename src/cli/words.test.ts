import { describe, expect, test } from 'vitest';
import { formatDuration, parseDuration } from './parse-duration.ts';
import { parseSuppressions } from './parse-suppressions.ts';
import { createPrint, formatTable, toCellText } from './print.ts';

describe('parseDuration', () => {
  test.each([
    ['250ms', 250],
    ['10s', 10_000],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
    ['3d', 259_200_000],
  ])('%s', (text, ms) => expect(parseDuration(text)).toBe(ms));

  test.each(['10', 's', '-1s', '1 week', '1e3s', ''])(
    '"%s" is not a time, for nobody knows its unit',
    (text) => expect(parseDuration(text)).toBeUndefined(),
  );

  test('a span is said with two digits at least, in the largest unit that has them', () => {
    expect([3.456, 12_000, 600_000, 10_800_000, 400_000_000].map(formatDuration)).toEqual([
      '3.46 ms',
      '12 s',
      '10 min',
      '3 h',
      '5 d',
    ]);
  });
});

describe('parseSuppressions', () => {
  test('takes lines of cells and lines of JSON, and gives its reason to those without', () => {
    const text =
      '# ours\nada@example.com\n"+15555550123",sms,"asked, twice"\n{"hash":"h","channel":"email","by":"x"}\n';
    expect(parseSuppressions(text, 'why')).toEqual({
      entries: [
        { line: 2, entry: { address: 'ada@example.com', reason: 'why', source: 'import' } },
        {
          line: 3,
          entry: { address: '+15555550123', channel: 'sms', reason: 'asked, twice', source: 'import' },
        },
        { line: 4, entry: { hash: 'h', channel: 'email', reason: 'why', source: 'import' } },
      ],
      faults: [],
    });
  });

  const why = { reason: 'why', source: 'import' };
  const ada = { ...why, address: 'ada@example.com' };
  test.each<readonly [string, string, readonly object[], readonly string[]]>([
    ['a heading', 'email,channel\nada@example.com,email', [{ ...ada, channel: 'email' }], []],
    ['a heading of another order', 'channel;x,Email Address\nemail,ada@example.com', [ada], []],
    [
      'a heading with columns of others',
      'status,reason,email,created\n5.1.1,"gone, for good",ada@example.com,1604423222',
      [{ ...ada, reason: 'gone, for good' }],
      [],
    ],
    [
      'a heading in quotes',
      '"phone_number","channel"\n"+15555550123","sms"',
      [{ ...why, address: '+15555550123', channel: 'sms' }],
      [],
    ],
    ['a byte order mark before it', '\ufeffaddress\nada@example.com', [ada], []],
    ['no heading', 'ada@example.com\n+15555550123', [ada, { ...why, address: '+15555550123' }], []],
    [
      'a reason with commas',
      'ada@example.com,email,asked, twice',
      [{ ...ada, channel: 'email', reason: 'asked, twice' }],
      [],
    ],
    ['a reason with quotes', 'ada@example.com,,"said ""no"""', [{ ...ada, reason: 'said "no"' }], []],
    // Each of these would make the service refuse the whole request.
    [
      'a channel that there is not',
      'ada@example.com,fax\neve@example.com',
      [{ ...why, address: 'eve@example.com' }],
      ['1 channel: '],
    ],
    ['an address without end', `${'a'.repeat(400)}@example.com\nada@example.com`, [ada], ['1 address: ']],
    ['a date that is none', '{"address":"eve@example.com","at":"soon"}\nada@example.com', [ada], ['1 at: ']],
    [
      'a reason of the wrong kind',
      '{"address":"eve@example.com","reason":7}\nada@example.com',
      [ada],
      ['1 reason: '],
    ],
    ['a line that is none', ',email\nada@example.com', [ada], ['1 is neither']],
    ['a heading where none can be', 'ada@example.com\nemail,channel', [ada], ['2 channel: ']],
  ])('%s', (_name, text, entries, faults) => {
    const parsed = parseSuppressions(text, 'why');
    expect(parsed.entries.map(({ entry }) => entry)).toEqual(entries);
    expect(parsed.faults.map(({ line, detail }) => `${line} ${detail}`)).toEqual(
      faults.map((fault) => expect.stringContaining(fault) as string),
    );
  });
});

describe('print', () => {
  test('what comes from outside cannot move the cursor, change colours or break a line', () => {
    expect(toCellText('a\u001b[2Jb\nc\u202Ed\u2028e')).toBe('a [2Jb c d e');
  });

  test('columns stand below their headings', () => {
    expect(
      formatTable(
        ['ID', 'WHY'],
        [
          ['msg_1', 'x'],
          ['m', 'y z'],
        ],
      ),
    ).toEqual(['ID     WHY', 'msg_1  x', 'm      y z']);
  });

  test('with JSON only the result reaches the result stream', () => {
    let out = '';
    const print = createPrint({
      writeOut: (text) => {
        out += text;
      },
      writeError: () => undefined,
      isJson: true,
      isColoured: true,
    });
    print.say('words');
    print.table(['A'], [['b']]);
    print.show({ a: 1 }, () => print.say('more words'));
    expect(JSON.parse(out)).toEqual({ a: 1 });
  });
});
