import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type AccTerminal, startAccTerminal } from '../../../test/support/acc-terminal.ts';

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

const attempt = { msg: 'attempt', message_id: 'msg_00a', outcome: 'accepted', provider_ref: '250 ok' };
const log = [
  JSON.stringify(attempt),
  JSON.stringify({ ...attempt, message_id: 'msg_00b', provider_ref: undefined }),
  JSON.stringify({ ...attempt, message_id: 'msg_00c', outcome: 'unknown' }),
  JSON.stringify(attempt),
  'not a line of ours with "accepted" in it',
  '{"outcome":"accepted"',
].join('\n');
const control = { epoch: 4, sending: false, flags: {}, environment: {}, lineage: '1.0a1b2c3d4e' };
const adopted = { lineage: '2.aaaaaaaaaa', from: '1.0a1b2c3d4e', epoch: 5, went_back: 'behind', open: 7 };
const sent = () => acc.seen.slice(before).map(({ method, path, body }) => [`${method} ${path}`, body]);

test('without a lineage it changes nothing: it shows what was found, and the command to copy', async () => {
  acc.script({ 'GET /api/control': [200, { ...control, went_back: 'the store is at 3, the witness at 9' }] });
  const end = await acc.run(['adopt', 'a restore']);
  expect(end.code).toBe(2);
  expect(end.out).toContain('the store is at 3, the witness at 9');
  expect(end.error).toContain("acc adopt 'a restore' --lineage 1.0a1b2c3d4e --attempts FILE…");
  expect(sent().map(([line]) => line)).toEqual(['GET /api/control']);
});

test('a store that is whole has nothing to adopt', async () => {
  acc.script({ 'GET /api/control': [200, control] });
  expect(await acc.run(['adopt', 'why'])).toMatchObject({
    code: 0,
    error: expect.stringContaining('nothing to adopt'),
  });
});

test('it adopts what was seen, and marks what the logs say was sent, each message once', async () => {
  acc.script({
    'POST /api/control/adopt': [200, adopted],
    'POST /api/control/adopt/attempts': [200, { marked: 1, known: 1, missing: 0 }],
  });
  const end = await acc.run(['adopt', 'a restore', '--lineage', '1.0a1b2c3d4e', '--attempts', 'sender.log'], {
    readText: () => Promise.resolve(log),
  });
  expect(end.code).toBe(0);
  expect(end.out).toContain('acc start "why it is safe now" --epoch 5');
  expect(end.out).toContain('1 marked as sent, 1 had ended already');
  const [first, second] = sent().map(([, body]) => JSON.parse(String(body)) as object);
  expect(first).toEqual({ lineage: '1.0a1b2c3d4e', reason: 'a restore' });
  expect(second).toEqual({
    attempts: [{ message_id: 'msg_00a', provider_ref: '250 ok' }, { message_id: 'msg_00b' }],
    reason: 'a restore',
  });
});

test('a log that is not there stops it before anything is changed', async () => {
  const end = await acc.run(['adopt', 'why', '--lineage', '1.0a1b2c3d4e', '--attempts', 'no.log']);
  expect([end.code, sent()]).toEqual([1, []]);
});

test('a refusal says why, and where to look', async () => {
  const problem = {
    status: 409,
    code: 'state-conflict',
    title: 'no',
    detail: 'the store is not the one that you saw',
  };
  acc.script({ 'POST /api/control/adopt': [409, problem] });
  const end = await acc.run(['adopt', 'why', '--lineage', '1.zzzzzzzz']);
  expect(end.code).toBe(1);
  expect(end.error).toContain('not the one that you saw');
});
