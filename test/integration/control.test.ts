import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type OperatorApi, startOperatorApi } from '../support/operator-api.ts';

let api: OperatorApi;
beforeAll(async () => {
  api = await startOperatorApi({ RATE_LIMIT_ENABLED: 'false' });
});
afterAll(() => api.stop());

const put = (path: string, body: object) => api.ask('PUT', `/api/control/${path}`, body);
const readEpoch = async () => Number((await api.ask('GET', '/api/control')).body.epoch);
const start = async (more: object = {}) =>
  put('send', { enabled: true, reason: 'mended', epoch: await readEpoch(), ...more });
afterEach(async () => {
  for (const scope of ['all', 'email', 'sms', 'transactional', 'promotional']) await start({ scope });
});

const askPermit = async (fields: Record<string, string> = {}) => {
  const message = await api.read(await api.seedMessage(fields));
  return await api.gate.permits.ask({ message, provider: 'smtp-1', segments: 1, rehearse: false });
};

describe('stopping', () => {
  test('after the answer no permit is given, and the flag says who, when and why', async () => {
    const { status, body } = await put('send', { enabled: false, reason: 'wrong template' });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      state: 'quiesced',
      in_flight: 0,
      sending: false,
      ceiling: 'wrong template',
    });
    expect(body.stop_ms).toBeGreaterThan(0);
    expect(await askPermit()).toEqual({ kind: 'held', reason: 'stopped' });
    const control = (await api.ask('GET', '/api/control', undefined, 'reader:read')).body;
    expect(control).toMatchObject({ sending: false, epoch: body.epoch });
    expect(control.flags.send).toMatchObject({
      value: 'off',
      changed: { actor: 'boss', reason: 'wrong template', before: 'on', after: 'off' },
    });
  });

  test('it answers stopping while an attempt is under way, and quiesced once that has ended', async () => {
    const claim = await api.claim(await api.seedMessage());
    const { body } = await put('send', { enabled: false, reason: 'now', wait_ms: 0 });
    expect(body).toMatchObject({ state: 'stopping', in_flight_at_stop: 1, in_flight: 1 });
    const look = async () => (await api.ask('GET', '/api/control/send')).body;
    expect(await look()).toMatchObject({ state: 'stopping', in_flight: 1 });
    await api.gate.permits.giveBack(claim, 'stopped');
    expect(await look()).toMatchObject({ state: 'quiesced', in_flight: 0 });
  });

  test('a part stops alone', async () => {
    await put('send', { enabled: false, scope: 'promotional', reason: 'campaign' });
    expect((await askPermit()).kind).toBe('go');
    expect(await askPermit({ category: 'promotional' })).toEqual({ kind: 'held', reason: 'stopped' });
    expect((await api.ask('GET', '/api/control/send?scope=promotional')).body).toMatchObject({
      state: 'quiesced',
      scope: 'promotional',
    });
  });
});

describe('starting', () => {
  test('needs the newest epoch: a stale start undoes no newer stop', async () => {
    const seen = await readEpoch();
    const { body: stop } = await put('send', { enabled: false, reason: 'fire' });
    const late = await put('send', { enabled: true, reason: 'all is well', epoch: seen });
    expect([late.status, late.body.code, late.body.epoch]).toEqual([409, 'state-conflict', stop.epoch]);
    expect((await askPermit()).kind).toBe('held');
    expect((await start()).body).toMatchObject({ state: 'started', sending: true });
    expect((await askPermit()).kind).toBe('go');
  });

  test('with an expiry it turns off again by itself', async () => {
    const until = new Date(Date.now() + 400).toISOString();
    await start({ until });
    expect((await api.ask('GET', '/api/control')).body.flags.send).toMatchObject({ until });
    await expect.poll(async () => (await askPermit()).kind, { timeout: 5_000 }).toBe('held');
    expect((await api.ask('GET', '/api/control')).body.flags.send.value).toBe('off');
  });

  test.each([
    ['without an epoch', { enabled: true, reason: 'x' }, '/epoch'],
    ['without a reason', { enabled: false }, '/reason'],
    ['with an expiry of a stop', { enabled: false, reason: 'x', until: '2099-01-01T00:00:00Z' }, '/until'],
    ['with a past expiry', { enabled: true, reason: 'x', epoch: 1, until: '2020-01-01T00:00:00Z' }, '/until'],
    ['with a misspelt field', { enabled: false, reason: 'x', scop: 'sms' }, '/scop'],
  ])('%s it is 422, and nothing changes', async (_name, body, pointer) => {
    const before = await readEpoch();
    const answer = await put('send', body);
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([422, pointer]);
    expect(await readEpoch()).toBe(before);
  });
});

test('intake and workers pause and go on, each with its own flag and an audit line', async () => {
  const { body: paused } = await put('ingest', { paused: true, reason: 'flood' });
  expect(paused).toMatchObject({ paused: true });
  const { body: sms } = await put('consumers', { paused: true, queue: 'sms', reason: 'gateway works' });
  const flags = (await api.ask('GET', '/api/control')).body.flags;
  expect([flags.ingest.value, flags['consume:sms'].value, flags.consume.value]).toEqual(['off', 'off', 'on']);
  expect((await put('ingest', { paused: false, reason: 'over', epoch: paused.epoch })).status).toBe(409);
  const resumed = await put('ingest', { paused: false, reason: 'over', epoch: sms.epoch });
  expect(resumed.body).toMatchObject({ paused: false });
  await put('consumers', { paused: false, queue: 'sms', reason: 'over', epoch: resumed.body.epoch });
  const { lines } = (await api.ask('GET', '/api/audit?limit=4')).body;
  expect(lines.map((line: { action: string; after: string }) => `${line.action} ${line.after}`)).toEqual([
    'set consume:sms on',
    'set ingest on',
    'set consume:sms off',
    'set ingest off',
  ]);
  const { body } = await api.ask('GET', '/api/audit/verify');
  expect(body.ok).toBe(true);
  expect((await api.ask('GET', `/api/audit/verify?expect=${body.head}`)).body.ok).toBe(true);
});

test('a head that was shortened is refused: it would say that the chain is broken', async () => {
  const { head } = (await api.ask('GET', '/api/audit/verify')).body;
  const shortened = await api.ask('GET', `/api/audit/verify?expect=${head.slice(0, 11)}`);
  expect([shortened.status, shortened.body.errors]).toEqual([
    422,
    [{ pointer: expect.stringContaining('expect'), detail: expect.stringContaining('a whole head') }],
  ]);
});

test('a changed audit line is found', async () => {
  const { audit } = api.keys.shard(0);
  const [entry] = await api.redis.xrevrange(audit, '+', '-', 'COUNT', 1);
  const [id = '', fields = []] = entry ?? [];
  await api.redis.xdel(audit, id);
  await api.redis.xadd(audit, `${id.split('-')[0]}-9`, 'line', '{"actor":"nobody"}', 'hash', fields[3] ?? '');
  const { status, body } = await api.ask('GET', '/api/audit/verify');
  expect([status, body.ok, body.entry]).toEqual([200, false, `${id.split('-')[0]}-9`]);
});

test('while the environment forbids sending, a start is taken and says that nothing is sent all the same', async () => {
  const forbidden = await startOperatorApi({ DISABLE_SEND: 'true' });
  const { epoch } = (await forbidden.ask('GET', '/api/control')).body;
  const order = { enabled: true, reason: 'try', epoch };
  const { body } = await forbidden.ask('PUT', '/api/control/send', order);
  expect(body).toMatchObject({ state: 'started', sending: false });
  expect(body.ceiling).toContain('DISABLE_SEND');
  await forbidden.stop();
});
