import { createServer } from 'node:http';
import { parseEnv } from 'node:util';
import { describe, expect, test } from 'vitest';
import { readConfiguration } from '../src/config/read-configuration.ts';
import {
  buildEnvironment,
  choosePorts,
  describeTakenPorts,
  formatEnvironment,
  listIgnoredSettings,
  portTable,
} from './environment.ts';
import { listenOnLoopback } from './loopback.ts';
import type { Secrets } from './secrets.ts';

const secret = 'x'.repeat(64);
const secrets: Secrets = {
  clients: { 'upstream-demo': secret, operator: secret, auto_com_center: secret },
  smsAuthToken: secret,
  addressHashKey: secret,
};

const anyPorts = Object.fromEntries(Object.values(portTable).map(({ variable }) => [variable, '0']));

describe('the environment of the product', () => {
  test('is a configuration that the product itself accepts', async () => {
    const { values } = readConfiguration(await build({}));
    expect(values).toMatchObject({
      ENVIRONMENT: 'local',
      APP_MODE: 'testing',
      DISABLE_SEND: false,
      SMTP_URL: 'smtp://127.0.0.1:8026',
    });
  });

  test('is the same configuration when it is read from its file', async () => {
    const environment = await build({ MAIL_FROM: 'Desk <desk@example.com>' });
    const { values } = readConfiguration(parseEnv(formatEnvironment(environment)));
    expect(values).toEqual(readConfiguration(environment).values);
    expect(formatEnvironment({ ...environment, PATH: '/bin' })).not.toContain('PATH');
  });

  test('takes the switches and limits of the caller', async () => {
    const caller = {
      APP_MODE: 'dry_run',
      DISABLE_SEND: 'true',
      RATE_LIMIT_PER_MINUTE: '600',
      EMERGENCY_STOP: 'true',
    };
    expect(await build(caller)).toMatchObject(caller);
  });

  test('never takes an address or a credential of the caller', async () => {
    const caller = {
      SMTP_URL: 'smtps://user:password@mail.example.com',
      SMTP_FALLBACK_URL: 'smtps://mail.example.com',
      SMS_API_URL: 'https://sms.example.com',
      KANNEL_URL: 'https://sms.example.com',
      REDIS_URL: 'redis://store.example.com',
      AUTH_ISSUER: 'https://issuer.example.com',
      ENVIRONMENT: 'production',
      AWS_SECRET_ACCESS_KEY: 'not ours to pass on',
      ACC_ANYTHING: 'would be refused',
    };
    const environment = await build(caller);
    expect(Object.values(environment)).not.toContainEqual(
      expect.stringMatching(/(mail|sms|store|issuer)\.example\.com$|not ours/),
    );
    expect(environment).toMatchObject({ ENVIRONMENT: 'local' });
    expect(listIgnoredSettings(caller)).toContain('SMTP_FALLBACK_URL');
  });
});

describe('a port', () => {
  test('is where its variable says, and free where it says 0', async () => {
    const ports = await choosePorts({ PORT: '9000', LOCAL_SMTP_PORT: '0' });
    expect(ports).toMatchObject({ api: 9000, sentPage: 8025 });
    expect(ports.smtp).toBeGreaterThan(1023);
  });

  test.each(['http', '70000', '-1'])('of "%s" is refused, naming the variable', async (PORT) => {
    await expect(choosePorts({ PORT })).rejects.toThrow(`PORT="${PORT}" is not a port`);
  });

  test('that somebody holds is said with a command that helps', async () => {
    const squatter = await listenOnLoopback(createServer(), 0);
    const ports = await choosePorts({ ...anyPorts, PORT: String(squatter.port) });
    expect(await describeTakenPorts(ports)).toMatch(
      new RegExp(`Port ${squatter.port} is taken.* PORT=\\d+ ./scripts/up`),
    );
    await squatter.stop();
  });

  test('is for one part only; several that cannot be had are said with one command for all', async () => {
    const squatter = await listenOnLoopback(createServer(), 0);
    const port = String(squatter.port);
    const ports = await choosePorts({ ...anyPorts, LOCAL_SMTP_PORT: port, LOCAL_SMS_PORT: port });
    expect(await describeTakenPorts(ports)).toMatch(
      new RegExp(`Ports ${port}, ${port} are taken.* LOCAL_SMTP_PORT=\\d+ LOCAL_SMS_PORT=\\d+ ./scripts/up`),
    );
    const chosen = {
      APP_MODE: 'dry_run',
      PORT: '9000',
      LOCAL_SMTP_PORT: port,
      MAIL_FROM: "A <o'a@b.test>",
      HOME: '/',
    };
    expect(await describeTakenPorts(ports, chosen)).toMatch(
      /Choose another: PORT=9000 APP_MODE=dry_run MAIL_FROM='A <o'\\''a@b.test>' LOCAL_SMTP_PORT=\d+ LOCAL_SMS_PORT=\d+ /,
    );
    await squatter.stop();
    expect(await describeTakenPorts(ports)).toMatch(/^Port \d+ is taken.* LOCAL_SMS_PORT=\d+ /);
  });
});

async function build(caller: Readonly<Record<string, string>>) {
  return buildEnvironment({ ports: await choosePorts({}), secrets, dataDir: '/tmp/data', caller });
}
