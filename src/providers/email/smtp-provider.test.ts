import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import PostalMime from 'postal-mime';
import { SMTPServer } from 'smtp-server';
import { afterEach, describe, expect, test } from 'vitest';
import { listenOnLoopback } from '../../../test/support/listen-on-loopback.ts';
import { anEmail, NotingFence } from '../../../test/support/outgoing-messages.ts';
import { startScriptedSmtp } from '../../../test/support/scripted-smtp.ts';
import { waitFor } from '../../../test/support/wait-for.ts';
import type { OutgoingEmail, Provider } from '../provider.ts';
import type { SmtpProviderOptions } from './smtp-options.ts';
import { createSmtpProvider } from './smtp-provider.ts';

const never = new AbortController().signal;
const releases: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const release of releases.splice(0).toReversed()) await release();
});

describe('phases on the wire', () => {
  test('the fence is asked for the body after 354 and before the first byte of the message', async () => {
    const peer = await startPeer();
    const fence = new NotingFence();
    await sendOnce(openProvider({ port: peer.port }), fence);
    const body = fence.asked.find(({ step }) => step === 'body');
    expect(body?.atMs).toBeLessThanOrEqual(peer.bodiesBegunAtMs[0] ?? 0);
  });

  test('a refused body leaves no byte of the message and no final dot on the wire', async () => {
    const peer = await startPeer();
    await sendOnce(openProvider({ port: peer.port }), new NotingFence('body'));
    await waitFor(
      'connection closed',
      () => peer.openNow,
      (open) => open === 0,
    );
    expect(peer.commands.at(-1)).toBe('DATA');
    expect(peer.bodiesBegunAtMs).toEqual([]);
  });

  test('messages of any size arrive whole, one after the other on one connection', async () => {
    const peer = await startPeer();
    const provider = openProvider({ port: peer.port, connectionsMax: 1 });
    const texts = [1, 8_000, 16_000, 32_000, 64_000, 128_000, 1_000_000, 10].map((length) =>
      'x'.repeat(length),
    );
    for (const text of texts) {
      const reservation = await provider.reserve(never);
      expect((await reservation.send(anEmail({ text }), new NotingFence())).kind).toBe('accepted');
      reservation.release();
    }
    const arrived = await Promise.all(peer.messages.map((message) => PostalMime.parse(message.text)));
    expect(arrived.map(({ text }) => text?.trim().length)).toEqual(texts.map(({ length }) => length));
  });

  test('a close in the middle of the body is unknown', async () => {
    const peer = await startPeer({ body: 'drop' });
    const outcome = await sendOnce(openProvider({ port: peer.port }));
    expect(outcome.kind).toBe('unknown');
    expect(peer.messages).toEqual([]);
  });

  test.each(['451 4.3.0 try later', '554 5.6.0 not that'])(
    'a %s after the final dot is definite',
    async (reply) => {
      const peer = await startPeer({ dot: { reply } });
      const outcome = await sendOnce(openProvider({ port: peer.port }));
      expect(outcome.kind).toBe(reply.startsWith('4') ? 'not-sent' : 'refused');
    },
  );

  test('after a refusal in the middle of the body, the rest and the final dot do not follow', async () => {
    const peer = await startPeer({ body: { reply: '554 5.7.1 not that' } });
    const large = { ...anEmail(), text: 'x'.repeat(60).concat('\n').repeat(200_000) };
    const provider = openProvider({ port: peer.port });
    const reservation = await provider.reserve(never);
    expect((await reservation.send(large, new NotingFence())).kind).toBe('refused');
    reservation.release();
    await waitFor(
      'connection closed',
      () => peer.openNow,
      (open) => open === 0,
    );
    expect(peer.messages).toEqual([]);
  });

  test('a provider that is closed under an attempt ends it at once, by its phase', async () => {
    const peer = await startPeer({ dot: 'hang' });
    const provider = openProvider({ port: peer.port, socketTimeoutMs: 60_000 });
    const sending = sendOnce(provider);
    await waitFor(
      'message arrived',
      () => peer.messages.length,
      (messages) => messages === 1,
    );
    await provider.close(0);
    expect(await sending).toMatchObject({ kind: 'unknown', phase: 'answer' });
  });

  test('a subject and a name that read as encoded words arrive as they were typed', async () => {
    const peer = await startPeer();
    const typed = `=?utf-8?b?${Buffer.from('https://evil.test').toString('base64')}?=`;
    const reservation = await openProvider({ port: peer.port }).reserve(never);
    const email = anEmail({ subject: typed });
    const outcome = await reservation.send({ ...email, to: { ...email.to, name: typed } }, new NotingFence());
    reservation.release();
    expect(outcome.kind).toBe('accepted');
    const arrived = await PostalMime.parse(peer.messages[0]?.text ?? '');
    expect(arrived).toMatchObject({ subject: typed, to: [{ name: typed, address: 'jo@example.com' }] });
  });

  test('a message that names other recipients writes nothing', async () => {
    const peer = await startPeer();
    const outcome = await sendOnce(openProvider({ port: peer.port }), new NotingFence(), {
      Bcc: 'eve@evil.test',
    });
    expect(outcome).toMatchObject({ kind: 'refused', code: 'header-not-plain' });
    expect(peer.commands.some((line) => line.startsWith('MAIL'))).toBe(false);
  });
});

describe('connections', () => {
  test('one connection carries messagesPerConnection messages, then takes leave', async () => {
    const peer = await startPeer();
    const provider = openProvider({ port: peer.port, messagesPerConnection: 2 });
    for (let sent = 0; sent < 4; sent += 1) await sendOnce(provider);
    expect(peer.connections).toBe(2);
    await waitFor(
      'QUIT',
      () => peer.commands.filter((line) => line === 'QUIT').length,
      (quits) => quits === 2,
    );
  });

  test('an idle connection ends after its time', async () => {
    const peer = await startPeer();
    await sendOnce(openProvider({ port: peer.port, idleTimeoutMs: 30 }));
    await waitFor(
      'ended',
      () => peer.openNow,
      (open) => open === 0,
    );
    expect(peer.commands.at(-1)).toBe('QUIT');
  });

  test('after a refused recipient the connection is reset and serves the next message', async () => {
    const peer = await startPeer({ rcpt: { reply: '550 5.1.1 unknown' } });
    const provider = openProvider({ port: peer.port });
    await sendOnce(provider);
    peer.play({});
    expect((await sendOnce(provider)).kind).toBe('accepted');
    expect(peer.connections).toBe(1);
    expect(peer.commands).toContain('RSET');
  });

  test('a connection that does not answer its check is replaced', async () => {
    const peer = await startPeer({ rcpt: { reply: '550 5.1.1 unknown' }, rset: 'hang' });
    const provider = openProvider({ port: peer.port, connectTimeoutMs: 200 });
    await sendOnce(provider);
    peer.play({ rset: 'hang' });
    expect((await sendOnce(provider)).kind).toBe('accepted');
    expect(peer.connections).toBe(2);
  });

  test.each([
    ['no greeting', { greeting: 'hang' }, 'connect-timeout'],
    ['no answer to EHLO', { ehlo: 'hang' }, 'connect-timeout'],
    ['no answer to AUTH', { auth: 'hang' }, 'connect-timeout'],
    ['a close instead of a greeting', { greeting: 'drop' }, 'connect-failed'],
    ['421 as greeting', { greeting: { reply: '421 4.3.2 busy', thenDrop: true } }, 'throttled'],
    ['554 as greeting', { greeting: { reply: '554 5.7.1 go away', thenDrop: true } }, 'connect-failed'],
    ['535 to AUTH', { auth: { reply: '535 5.7.8 no' } }, 'unauthorized'],
    ['454 to AUTH', { auth: { reply: '454 4.7.0 later' } }, 'connect-failed'],
  ] as const)('%s makes reserve reject within the connect time-out', async (_, script, code) => {
    const peer = await startPeer(script);
    const provider = openProvider({
      port: peer.port,
      connectTimeoutMs: 200,
      auth: { user: 'sender', pass: 'example' },
    });
    await expect(provider.reserve(never)).rejects.toMatchObject({ name: 'ProviderUnavailable', code });
    await waitFor(
      'closed',
      () => peer.openNow,
      (open) => open === 0,
    );
  });

  test('a login that the server does not offer is a credential fault', async () => {
    const peer = await startScriptedSmtp();
    releases.push(() => peer.close());
    const provider = openProvider({ port: peer.port, auth: { user: 'sender', pass: 'example' } });
    expect(await provider.checkHealth(never)).toMatchObject({ status: 'unauthorized' });
  });

  test('TLS that is required and not offered sends nothing, not even the login', async () => {
    const peer = await startPeer();
    const provider = openProvider({
      port: peer.port,
      requireTls: true,
      auth: { user: 'sender', pass: 'example' },
    });
    await expect(provider.reserve(never)).rejects.toMatchObject({ name: 'ProviderUnavailable' });
    expect(peer.commands.some((line) => /^(?:AUTH|MAIL)/.test(line))).toBe(false);
  });
});

const hasOpenssl = canRun('openssl', ['version']);

describe.skipIf(!hasOpenssl)(
  `STARTTLS and login${hasOpenssl ? '' : ' (skipped: openssl is not installed)'}`,
  () => {
    test('a message goes encrypted and logged in to a server whose authority we trust', async () => {
      const server = await startTlsServer();
      const provider = openProvider({ ...server.options, auth: { user: 'sender', pass: 'right' } });
      expect((await sendOnce(provider)).kind).toBe('accepted');
      expect(server.sessions).toEqual([{ secure: true, user: 'sender', to: ['jo@example.com'] }]);
      expect(await provider.checkHealth(never)).toMatchObject({ ok: true });
    });

    test('an unknown authority is not trusted', async () => {
      const { options } = await startTlsServer();
      const { tlsCa: _, ...untrusting } = options;
      await expect(openProvider(untrusting).reserve(never)).rejects.toMatchObject({ code: 'tls-failed' });
    });

    test('a wrong password is told as such', async () => {
      const { options } = await startTlsServer();
      const provider = openProvider({ ...options, auth: { user: 'sender', pass: 'wrong' } });
      expect(await provider.checkHealth(never)).toMatchObject({ ok: false, status: 'unauthorized' });
    });
  },
);

async function startPeer(script: Parameters<typeof startScriptedSmtp>[0] = {}) {
  const peer = await startScriptedSmtp(script, ['PIPELINING', 'AUTH PLAIN']);
  releases.push(() => peer.close());
  return peer;
}

function openProvider(options: Partial<SmtpProviderOptions> & { port: number }): Provider<OutgoingEmail> {
  const provider = createSmtpProvider({
    name: 'smtp-primary',
    host: '127.0.0.1',
    secure: false,
    requireTls: false,
    connectionsMax: 2,
    connectTimeoutMs: 2000,
    socketTimeoutMs: 2000,
    idleTimeoutMs: 10_000,
    messagesPerConnection: 100,
    ...options,
  });
  releases.push(() => provider.close(0));
  return provider;
}

async function sendOnce(
  provider: Provider<OutgoingEmail>,
  fence = new NotingFence(),
  headers: Record<string, string> = {},
) {
  const reservation = await provider.reserve(never);
  const outcome = await reservation.send(anEmail({ headers }), fence);
  reservation.release();
  return outcome;
}

async function startTlsServer() {
  const { key, cert } = makeCertificate();
  const sessions: { secure: boolean; user: string; to: string[] }[] = [];
  const server = new SMTPServer({
    key,
    cert,
    onAuth: ({ username = '', password }, _session, done) =>
      password === 'right' ? done(null, { user: username }) : done(new Error('no')),
    onData: (stream, session, done) => {
      stream.resume().on('end', () => {
        const to = session.envelope.rcptTo.map(({ address }) => address);
        sessions.push({ secure: session.secure, user: String(session.user), to });
        done();
      });
    },
  });
  server.on('error', () => undefined);
  const port = await listenOnLoopback(server.server);
  releases.push(() => new Promise((resolve) => server.close(() => resolve())));
  return { sessions, options: { host: 'localhost', port, requireTls: true, tlsCa: cert } };
}

function makeCertificate(): { key: string; cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'acc-cert-'));
  try {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-days',
        '2',
        '-keyout',
        key,
        '-out',
        cert,
        ...subject,
      ],
      { stdio: 'ignore' },
    );
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function canRun(command: string, args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
