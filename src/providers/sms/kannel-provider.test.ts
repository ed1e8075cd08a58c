import { afterEach, describe, expect, test } from 'vitest';
import { kannelReplies } from '../../../test/support/kannel-replies.ts';
import { anSms, NotingFence } from '../../../test/support/outgoing-messages.ts';
import { startScriptedHttp } from '../../../test/support/scripted-http.ts';
import { createKannelProvider, judgeKannelReply } from './kannel-provider.ts';

const never = new AbortController().signal;
const releases: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const release of releases.splice(0).toReversed()) await release();
});

describe('an answer is judged by status and Kannel’s own words', () => {
  test.each([
    [202, '0: Accepted for delivery', { kind: 'accepted', providerRef: 'msg_00' }],
    [202, '3: Queued for later delivery', { kind: 'accepted' }],
    [200, '0: Accepted for delivery', { kind: 'accepted' }],
    [202, 'Sent.', { kind: 'unknown', phase: 'answer' }],
    [200, '<html>a proxy</html>', { kind: 'unknown' }],
    [400, 'Missing receiver number, rejected', { kind: 'refused', code: 'http-400' }],
    [400, 'Charset or body misformed, rejected', { kind: 'refused' }],
    [403, 'Authorization failed for sendsms', { kind: 'account-fault', code: 'unauthorized' }],
    [403, 'Not routable. Do not try again.', { kind: 'refused', code: 'not-routable', recipientGone: false }],
    [403, kannelReplies.deniedByList.body, { kind: 'refused', code: 'denied-by-list' }],
    [404, 'Not found', { kind: 'account-fault', code: 'misdirected' }],
    [429, '', { kind: 'slow-down' }],
    [503, 'Temporal failure, try again later.', { kind: 'slow-down', code: 'http-503' }],
    [500, 'Internal Server Error', { kind: 'unknown' }],
    [502, '', { kind: 'unknown' }],
    [302, '', { kind: 'account-fault', code: 'redirected' }],
  ])('HTTP %i "%s" is %j', (status, body, outcome) => {
    expect(judgeKannelReply({ kind: 'answered', status, headers: {}, body }, 'msg_00')).toMatchObject(
      outcome,
    );
  });
});

describe('the request', () => {
  test.each([
    ['Plain {text} €5', '0'],
    ['Größe ✓', '2'],
  ])('carries %j with coding %s, in UTF-8', async (body, coding) => {
    const { provider, requests } = await startGateway();
    const reservation = await provider.reserve(never);
    expect((await reservation.send(anSms({ body }), new NotingFence())).kind).toBe('accepted');
    reservation.release();
    expect(Object.fromEntries(requests[0]?.url.searchParams ?? [])).toEqual({
      username: 'tester',
      password: 'example-password',
      to: '+15555550123',
      from: '+15555550100',
      text: body,
      charset: 'UTF-8',
      coding,
    });
  });

  test('the password never appears in a failure', async () => {
    const { provider, close } = await startGateway();
    await close();
    const error = await provider.reserve(never).catch((fault: unknown) => fault);
    const health = await provider.checkHealth(never);
    expect(JSON.stringify([String(error), error, health])).not.toContain('example-password');
  });
});

async function startGateway() {
  const peer = await startScriptedHttp(() => kannelReplies.accepted);
  const provider = createKannelProvider({
    name: 'kannel',
    baseUrl: new URL('cgi-bin/sendsms', peer.baseUrl),
    username: 'tester',
    password: 'example-password',
    connectionsMax: 1,
    connectTimeoutMs: 2000,
    responseTimeoutMs: 2000,
    idleTimeoutMs: 4000,
  });
  releases.push(
    () => peer.close(),
    () => provider.close(0),
  );
  return { provider, requests: peer.requests, close: () => peer.close() };
}
