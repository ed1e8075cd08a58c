import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSmtpProvider } from '../../src/providers/email/smtp-provider.ts';
import type { OutgoingMessage, Provider } from '../../src/providers/provider.ts';
import { createKannelProvider, type KannelProviderOptions } from '../../src/providers/sms/kannel-provider.ts';
import { findClosedPort } from '../support/listen-on-loopback.ts';
import { anEmail, anSms, NotingFence } from '../support/outgoing-messages.ts';
import { type Child, findProgram, startChild, waitForPort } from '../support/start-child.ts';
import { waitFor } from '../support/wait-for.ts';

const never = new AbortController().signal;

const smtpSink = findProgram('/usr/sbin/smtp-sink', '/usr/local/sbin/smtp-sink');
const sinkNote =
  smtpSink === undefined ? ' (skipped: smtp-sink of Debian package postfix is not installed)' : '';

describe.skipIf(smtpSink === undefined)(`Postfix smtp-sink${sinkNote}`, () => {
  let sink: Child;
  let provider: Provider<ReturnType<typeof anEmail>>;

  beforeAll(async () => {
    const port = await findClosedPort(createServer);
    // The sink wants an account to fall to when it runs as root.
    const account = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
    sink = startChild(smtpSink ?? '', [...account, '-c', `127.0.0.1:${port}`, '100']);
    await waitForPort(port, sink);
    provider = createSmtpProvider({
      name: 'sink',
      host: '127.0.0.1',
      port,
      secure: false,
      requireTls: false,
      connectionsMax: 4,
      connectTimeoutMs: 5000,
      socketTimeoutMs: 5000,
      idleTimeoutMs: 10_000,
      messagesPerConnection: 25,
    });
  });
  afterAll(async () => {
    await provider.close(0);
    await sink.stop();
  });

  test('takes 100 messages over four connections, each replaced after 25', async () => {
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => sendOnce(provider, anEmail())));
    expect(outcomes.filter(({ kind }) => kind === 'accepted')).toHaveLength(100);
  });

  test('is healthy', async () => {
    expect(await provider.checkHealth(never)).toMatchObject({ ok: true });
  });
});

const kannel = {
  bearerbox: findProgram('/usr/sbin/bearerbox', '/usr/local/sbin/bearerbox'),
  smsbox: findProgram('/usr/sbin/smsbox', '/usr/local/sbin/smsbox'),
  fakesmsc: findProgram('/usr/lib/kannel/test/fakesmsc'),
};
const hasKannel = Object.values(kannel).every((path) => path !== undefined);
const kannelNote = hasKannel ? '' : ' (skipped: Debian packages kannel and kannel-extras are not installed)';

describe.skipIf(!hasKannel)(`Kannel with a fake SMS centre${kannelNote}`, () => {
  const children: Child[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'acc-kannel-'));
  let centre: Child;
  let sendsmsPort = 0;

  beforeAll(async () => {
    const ports = {
      admin: await freePort(),
      box: await freePort(),
      smsc: await freePort(),
      sendsms: await freePort(),
    };
    sendsmsPort = ports.sendsms;
    const file = join(folder, 'kannel.conf');
    writeFileSync(file, writeKannelConfiguration(ports));
    const bearerbox = start(kannel.bearerbox, [file]);
    await waitForPort(ports.smsc, bearerbox);
    await waitForPort(ports.box, bearerbox);
    centre = start(kannel.fakesmsc, ['-H', '127.0.0.1', '-r', String(ports.smsc), '-m', '0']);
    await waitForPort(ports.sendsms, start(kannel.smsbox, [file]));
  });
  afterAll(async () => {
    await Promise.all(children.map((child) => child.stop()));
    rmSync(folder, { recursive: true });
  });

  test('a text in GSM-7 arrives at the SMS centre word for word', async () => {
    await withProvider({}, async (provider) => {
      const outcome = await sendOnce(provider, anSms({ body: 'Deadline tomorrow' }));
      expect(outcome).toMatchObject({ kind: 'accepted' });
    });
    await waitFor(
      'text at the centre',
      () => centre.output(),
      (output) => output.includes('+15555550123 text Deadline tomorrow>'),
    );
  });

  test('a text in UCS-2 arrives as two bytes a character', async () => {
    await withProvider({}, async (provider) => {
      expect(await sendOnce(provider, anSms({ body: '✓✓' }))).toMatchObject({ kind: 'accepted' });
    });
    await waitFor(
      'text at the centre',
      () => centre.output(),
      (output) => output.includes("ucs-2 '%13'%13>"),
    );
  });

  test('the ping sends nothing and tells a wrong password', async () => {
    const before = centre.output();
    await withProvider({}, async (provider) => {
      expect(await provider.checkHealth(never)).toMatchObject({ ok: true });
    });
    await withProvider({ password: 'wrong' }, async (provider) => {
      expect(await provider.checkHealth(never)).toMatchObject({ ok: false, status: 'unauthorized' });
      expect(await sendOnce(provider, anSms())).toMatchObject({
        kind: 'account-fault',
        code: 'unauthorized',
      });
    });
    expect(centre.output()).toBe(before);
  });

  function start(program: string | undefined, args: readonly string[]): Child {
    const child = startChild(program ?? '', args);
    children.push(child);
    return child;
  }

  async function withProvider(
    options: Partial<KannelProviderOptions>,
    use: (provider: ReturnType<typeof createKannelProvider>) => Promise<void>,
  ): Promise<void> {
    const provider = createKannelProvider({
      name: 'kannel',
      baseUrl: new URL(`http://127.0.0.1:${sendsmsPort}/cgi-bin/sendsms`),
      username: 'tester',
      password: 'example-password',
      connectionsMax: 2,
      connectTimeoutMs: 5000,
      responseTimeoutMs: 5000,
      idleTimeoutMs: 4000,
      ...options,
    });
    try {
      await use(provider);
    } finally {
      await provider.close(0);
    }
  }
});

function writeKannelConfiguration(ports: {
  admin: number;
  box: number;
  smsc: number;
  sendsms: number;
}): string {
  return `
group = core
admin-port = ${ports.admin}
admin-interface = 127.0.0.1
admin-password = example-password
smsbox-port = ${ports.box}
smsbox-interface = 127.0.0.1
log-level = 1

group = smsc
smsc = fake
smsc-id = fake
port = ${ports.smsc}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = ${ports.box}
sendsms-port = ${ports.sendsms}
sendsms-interface = 127.0.0.1
log-level = 1

group = sendsms-user
username = tester
password = example-password
max-messages = 3
concatenation = true

group = sms-service
keyword = default
text = "nothing here"
max-messages = 0
`.trimStart();
}

function freePort(): Promise<number> {
  return findClosedPort(createServer);
}

async function sendOnce<M extends OutgoingMessage>(provider: Provider<M>, message: M) {
  const lease = await provider.reserve(never);
  const outcome = await lease.send(message, new NotingFence());
  lease.release();
  return outcome;
}
