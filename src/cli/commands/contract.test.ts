import { afterAll, beforeAll, expect, test } from 'vitest';
import { findFreePort } from '../../../local/loopback.ts';
import { type AccTerminal, startAccTerminal } from '../../../test/support/acc-terminal.ts';
import { findProgramRoot } from '../../config/program-root.ts';

let acc: AccTerminal;

beforeAll(async () => {
  acc = await startAccTerminal();
});
afterAll(async () => {
  await acc.close();
});

const good = { type: 'new_match_found', student_id: 'stu_1', scholarship_id: 'sch_1', match_score: 90 };

function check(args: readonly string[], text = '') {
  const given = { programRoot: findProgramRoot(), readText: () => Promise.resolve(text) };
  return acc.run(['contract', 'check', ...args], given);
}

test('a file that agrees ends with 0 and says what was not covered', async () => {
  const end = await check(['--file', 'samples.json'], JSON.stringify([good]));
  expect(end.code).toBe(0);
  expect(end.out).toContain('no difference in 1 sample(s) and 0 schema(s)');
  expect(end.out).toContain('nothing was said about: deadline_approaching, receipt, weekly_digest, welcome');
});

test('a peer that differs ends with 1, each difference named, and is sent no token', async () => {
  acc.script({ 'GET /schema.json': [200, { samples: [{ ...good, match_score: 'high' }] }] });
  const end = await check(['--url', `${acc.url}/schema.json`, '--json']);
  expect(end.code).toBe(1);
  expect(JSON.parse(end.out)).toMatchObject({
    ok: false,
    checked: [
      {
        as: 'sample',
        type: 'new_match_found',
        differences: [{ kind: 'type-mismatch', pointer: '/samples/0/match_score' }],
      },
    ],
  });
  expect(acc.seen.at(-1)?.headers.authorization).toBeUndefined();
});

test('a schema that names no event type of ours proves nothing, and says how it can', async () => {
  const schema = JSON.stringify({ type: 'object', properties: { match_score: { type: 'string' } } });
  const end = await check(['--file', 'x'], schema);
  expect(end.code).toBe(1);
  expect(end.out).toContain('nothing was compared');
  expect((await check(['--file', 'x', '--type', 'new_match_found'], schema)).out).toContain('type-mismatch');
});

test('nobody there is told apart from a peer that differs', async () => {
  const end = await check(['--url', `http://127.0.0.1:${await findFreePort()}/`]);
  expect(end.error).toContain('could not be reached');
  expect(end.code).toBe(3);
});

test.each([
  { what: 'neither a file nor an address', args: [], text: '', code: 2, words: 'Give either --url URL' },
  {
    what: 'a type that there is not',
    args: ['--file', 'x', '--type', 'gone'],
    text: '',
    code: 2,
    words: '"gone"',
  },
  { what: 'no JSON', args: ['--file', 'x'], text: '<html>', code: 1, words: 'is not JSON' },
  { what: 'nothing to check', args: ['--file', 'x'], text: '{"a":"b"}', code: 1, words: 'no event sample' },
])('$what is said, with its own exit code', async ({ args, text, code, words }) => {
  const end = await check(args, text);
  expect(end.error).toContain(words);
  expect(end.code).toBe(code);
});

test('the field that names a person of the directory is that of the environment', async () => {
  const end = await acc.run(['contract', 'check', '--file', 'x'], {
    programRoot: findProgramRoot(),
    readText: () => Promise.resolve(JSON.stringify([good])),
    environment: { DIRECTORY_ID_FIELD: 'applicant_ref' },
  });
  expect(end.code).toBe(1);
  expect(end.out).toContain('/0/applicant_ref');
});
