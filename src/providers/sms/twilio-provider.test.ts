import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { listenOnLoopback } from '../../../test/support/listen-on-loopback.ts';
import { anSms, NotingFence } from '../../../test/support/outgoing-messages.ts';
import { type HttpStep, startScriptedHttp } from '../../../test/support/scripted-http.ts';
import { waitFor } from '../../../test/support/wait-for.ts';
import { createTwilioProvider, judgeTwilioReply, type TwilioProviderOptions } from './twilio-provider.ts';

const never = new AbortController().signal;
const releases: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const release of releases.splice(0).toReversed()) await release();
});

describe('an answer is judged by its status, then by Twilio’s code', () => {
  test.each([
    [201, { sid: 'SM01', status: 'queued' }, { kind: 'accepted', providerRef: 'SM01', detail: 'queued' }],
    [200, { sid: 'SM01' }, { kind: 'accepted', providerRef: 'SM01' }],
    [201, 'not json', { kind: 'accepted', providerRef: 'msg_00' }],
    [200, '<html>hello</html>', { kind: 'unknown', phase: 'answer' }],
    [202, {}, { kind: 'unknown' }],
    [400, { code: 21211 }, { kind: 'refused', code: '21211', recipientGone: true }],
    [400, { code: 21217 }, { kind: 'refused', recipientGone: true }],
    [400, { code: 21614 }, { kind: 'refused', recipientGone: true }],
    [400, { code: 21610 }, { kind: 'refused', code: '21610', recipientGone: false }],
    [400, { code: 21408 }, { kind: 'refused', code: '21408', recipientGone: false }],
    [400, { code: 21611 }, { kind: 'slow-down', code: '21611' }],
    [400, 'not json', { kind: 'refused', code: 'http-400' }],
    [401, { code: 20003 }, { kind: 'account-fault', code: 'unauthorized' }],
    [403, {}, { kind: 'account-fault', code: 'unauthorized' }],
    [404, { code: 20404 }, { kind: 'account-fault', code: '20404' }],
    [402, {}, { kind: 'account-fault', code: 'payment-required' }],
    [400, { code: 21606 }, { kind: 'account-fault', code: '21606' }],
    [400, { code: 63038 }, { kind: 'account-fault', code: '63038' }],
    [400, { code: 30007 }, { kind: 'refused', code: '30007', recipientGone: false }],
    [
      201,
      { sid: 'SM1', status: 'failed', error_code: 30005 },
      { kind: 'refused', code: '30005', recipientGone: true },
    ],
    [201, { sid: 'SM1', status: 'failed', error_code: 30002 }, { kind: 'account-fault', code: '30002' }],
    [201, { sid: 'SM1', status: 'failed', error_code: null }, { kind: 'refused', code: 'http-400' }],
    [201, { sid: 'SM1', status: 'queued', error_code: null }, { kind: 'accepted', providerRef: 'SM1' }],
    [405, {}, { kind: 'account-fault', code: 'misdirected' }],
    [408, {}, { kind: 'not-sent', code: 'request-timeout' }],
    [429, { code: 20429 }, { kind: 'slow-down', code: '20429', retryAfterMs: 7000 }],
    [307, '', { kind: 'account-fault', code: 'redirected' }],
    [500, { code: 20500 }, { kind: 'unknown', phase: 'answer' }],
    [502, '', { kind: 'unknown' }],
    [503, '', { kind: 'unknown' }],
  ])('HTTP %i %j is %j', (status, body, outcome) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const result = { kind: 'answered', status, headers: { 'retry-after': '7' }, body: text } as const;
    expect(judgeTwilioReply(result, 'msg_00')).toMatchObject(outcome);
  });

  test('a number that Twilio quotes does not get into the outcome', () => {
    const body = JSON.stringify({ code: 21211, message: "The 'To' number +15555550123 is not valid" });
    const outcome = judgeTwilioReply({ kind: 'answered', status: 400, headers: {}, body }, 'msg_00');
    expect(JSON.stringify(outcome)).not.toContain('5555550123');
  });
});

describe('the request', () => {
  test('is one authenticated form post to the account, and a path in front is kept', async () => {
    const peer = await startPeer({ status: 201, body: '{"sid":"SM01"}' });
    await sendOnce({ baseUrl: new URL('gateway', peer.baseUrl) }, 'Größe & 100% ✓');
    const [request] = peer.requests;
    expect(request).toMatchObject({
      method: 'POST',
      url: { pathname: '/gateway/2010-04-01/Accounts/AC01/Messages.json' },
    });
    expect(request?.headers.authorization).toBe(
      `Basic ${Buffer.from('AC01:example-token').toString('base64')}`,
    );
    expect(Object.fromEntries(new URLSearchParams(request?.body))).toEqual({
      To: '+15555550123',
      From: '+15555550100',
      Body: 'Größe & 100% ✓',
    });
  });

  test('is not repeated at another address when the answer is a redirect', async () => {
    const peer = await startPeer({ status: 307, headers: { location: '/elsewhere' } });
    expect(await sendOnce({ baseUrl: peer.baseUrl })).toMatchObject({
      kind: 'account-fault',
      code: 'redirected',
    });
    expect(peer.requests).toHaveLength(1);
  });

  test('an endless answer is cut, and its status still counts', async () => {
    const peer = await startPeer({ status: 201, body: `{"sid":"SM01"}${' '.repeat(1_000_000)}` });
    expect(await sendOnce({ baseUrl: peer.baseUrl })).toMatchObject({ kind: 'accepted' });
  });

  test('one connection serves many requests and keeps no listener of theirs', async () => {
    const warnings: string[] = [];
    const note = (warning: Error): number => warnings.push(warning.message);
    process.on('warning', note);
    const peer = await startPeer({ status: 201, body: '{"sid":"SM01"}' });
    const provider = openProvider({ baseUrl: peer.baseUrl });
    for (let sent = 0; sent < 30; sent += 1) {
      const reservation = await provider.reserve(never);
      expect((await reservation.send(anSms(), new NotingFence())).kind).toBe('accepted');
      reservation.release();
    }
    process.off('warning', note);
    expect(peer.connections).toBe(1);
    expect(warnings).toEqual([]);
  });

  test('a connection on which the peer spoke unasked is dropped: its words are never taken for an answer', async () => {
    let closed = 0;
    const port = await startTcpPeer((socket) => {
      socket.on('close', () => (closed += 1));
      socket.write('HTTP/1.1 201 Created\r\ncontent-length: 14\r\n\r\n{"sid":"SM99"}');
    });
    const reservation = await openProvider({ baseUrl: new URL(`http://127.0.0.1:${port}/`) }).reserve(never);
    await waitFor(
      'dropped',
      () => closed,
      (count) => count === 1,
    );
    expect(await reservation.send(anSms(), new NotingFence())).toMatchObject({
      kind: 'not-sent',
      code: 'connection-lost',
    });
    reservation.release();
  });

  test('an answer that breaks off after its status line still counts by its status', async () => {
    const port = await startTcpPeer((socket) => {
      socket.once('data', () =>
        socket.end('HTTP/1.1 400 Bad Request\r\ncontent-length: 900\r\n\r\n{"code":'),
      );
    });
    const reservation = await openProvider({ baseUrl: new URL(`http://127.0.0.1:${port}/`) }).reserve(never);
    expect(await reservation.send(anSms(), new NotingFence())).toMatchObject({
      kind: 'refused',
      code: 'http-400',
    });
    reservation.release();
  });
});

test('a TLS handshake that never ends makes reserve reject within the connect time-out', async () => {
  const port = await startTcpPeer(() => undefined);
  const provider = openProvider({ baseUrl: new URL(`https://127.0.0.1:${port}/`), connectTimeoutMs: 100 });
  await expect(provider.reserve(never)).rejects.toMatchObject({ code: 'connect-timeout' });
});

async function startTcpPeer(onSocket: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined).resume();
    onSocket(socket);
  });
  releases.push(() => new Promise((resolve) => server.close(resolve)));
  return listenOnLoopback(server);
}

async function startPeer(step: HttpStep) {
  const peer = await startScriptedHttp(() => step);
  releases.push(() => peer.close());
  return peer;
}

function openProvider(options: Partial<TwilioProviderOptions> & { baseUrl: URL }) {
  const provider = createTwilioProvider({
    name: 'twilio',
    accountSid: 'AC01',
    authToken: 'example-token',
    connectionsMax: 2,
    connectTimeoutMs: 2000,
    responseTimeoutMs: 2000,
    idleTimeoutMs: 4000,
    ...options,
  });
  releases.push(() => provider.close(0));
  return provider;
}

async function sendOnce(options: { baseUrl: URL }, body = 'Hello') {
  const reservation = await openProvider(options).reserve(never);
  const outcome = await reservation.send(anSms({ body }), new NotingFence());
  reservation.release();
  return outcome;
}
