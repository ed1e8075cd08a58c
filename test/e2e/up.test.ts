import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { portTable } from '../../local/environment.ts';
import { findRoot } from '../../local/root.ts';
import { listenOnLoopback } from '../support/listen-on-loopback.ts';
import { waitFor } from '../support/wait-for.ts';

const run = promisify(execFile);
const root = findRoot();
const browser = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => existsSync(path));
const stacks: Stack[] = [];

interface Stack {
  readonly dataDir: string;
  readonly environment: NodeJS.ProcessEnv;
}

function createStack(settings: Readonly<Record<string, string>> = {}): Stack {
  // As in a fresh clone: the folder itself is not there yet.
  const dataDir = join(mkdtempSync(join(tmpdir(), 'acc-up-')), 'data');
  const anyPorts = Object.fromEntries(Object.values(portTable).map(({ variable }) => [variable, '0']));
  const { PATH, HOME, REDIS_SERVER } = process.env;
  const stack = {
    dataDir,
    environment: { PATH, HOME, REDIS_SERVER, ...anyPorts, LOCAL_DATA_DIR: dataDir, ...settings },
  };
  stacks.push(stack);
  return stack;
}

async function runUp(stack: Stack, ...flags: string[]): Promise<string> {
  const { stdout } = await run(join(root, 'scripts/up'), flags, { env: stack.environment, cwd: tmpdir() });
  return stdout;
}

function findAddress(output: string, name: string): string {
  const line = output.split('\n').find((one) => one.includes(name));
  return /http:\/\/127\.0\.0\.1:\d+/.exec(line ?? '')?.[0] ?? '';
}

async function removeStack(stack: Stack): Promise<void> {
  await runUp(stack, '--stop').catch(() => undefined);
  rmSync(dirname(stack.dataDir), { recursive: true, force: true });
}

/** What it said, also when it failed. */
async function runAcc(stack: Stack, ...words: string[]): Promise<string> {
  const said = await run(join(root, 'scripts/acc'), words, { env: stack.environment }).catch(
    (error: { stdout?: string; stderr?: string }) => error,
  );
  return `${said.stdout ?? ''}${said.stderr ?? ''}`;
}

async function waitForHeadline(stack: Stack, wanted: RegExp): Promise<void> {
  await waitFor(
    `the first line of acc status is ${String(wanted)}`,
    async () => (await runAcc(stack, 'status')).split('\n')[0] ?? '',
    (headline) => wanted.test(headline),
    { deadlineMs: 30_000, everyMs: 100 },
  );
}

afterEach(async () => {
  for (const stack of stacks.splice(0)) await removeStack(stack);
});

describe('a stack that ./scripts/up has started', () => {
  let stack: Stack;
  let output = '';
  beforeAll(async () => {
    stack = createStack();
    stacks.pop();
    output = await runUp(stack, '--detach');
  });
  afterAll(() => removeStack(stack));

  test('has sent two mails and two texts, says where they are, and takes events', async () => {
    expect(output.match(/email to .* sent by smtp-primary/g)).toHaveLength(2);
    expect(output.match(/sms to .* sent by twilio/g)).toHaveLength(2);
    const sent = findAddress(output, 'what was sent');
    const { messages } = (await (await fetch(`${sent}/api/messages`)).json()) as {
      messages: { subject: string }[];
    };
    expect(messages).toHaveLength(2);
    expect(await runUp(stack)).toMatch(/already|runs/i);

    const { stdout: token } = await run(join(root, 'scripts/token'), { env: stack.environment });
    const answer = await fetch(`${findAddress(output, 'api')}/api/events`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token.trim()}`,
        'content-type': 'application/json',
        'idempotency-key': 'up-1',
      },
      body: JSON.stringify({
        type: 'new_match_found',
        student_id: 'stu_1003',
        scholarship_id: 'sch_2002',
        match_score: 88,
      }),
    });
    expect(answer.status).toBe(202);
  });

  test('gives acc what its caller has not set, and gives nothing away to another service', async () => {
    const { stdout } = await run(
      join(root, 'scripts/token'),
      ['--client', 'operator', '--scope', 'notify.read'],
      {
        env: stack.environment,
      },
    );
    const refused = run(join(root, 'scripts/token'), ['--scope', 'notify.admin'], { env: stack.environment });
    await expect(refused).rejects.toMatchObject({ stderr: expect.stringContaining('--client operator') });
    const api = findAddress(output, 'api');
    const withSettings = (settings: Record<string, string>): Stack => ({
      ...stack,
      environment: { ...stack.environment, ...settings },
    });
    expect(await runAcc(stack, 'status')).toMatch(/^SENDING/);
    expect(await runAcc(withSettings({ AUTH_TOKEN: stdout.trim() }), 'status')).toMatch(/^SENDING/);
    expect(await runAcc(withSettings({ APP_BASE_URL: `${api}/` }), 'status')).toMatch(/^SENDING/);

    let connections = 0;
    const other = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    const elsewhere = `http://127.0.0.1:${await listenOnLoopback(other)}`;
    try {
      const said = [
        await runAcc(withSettings({ APP_BASE_URL: elsewhere }), 'stop', 'x'),
        await runAcc(stack, 'stop', 'x', '--base-url', elsewhere),
      ];
      for (const words of said) {
        expect(words).toContain('There is no access token');
        expect(words).toContain('No store was named');
      }
      expect(connections).toBe(0);
      expect(await runAcc(stack, 'status')).toMatch(/^SENDING/);
    } finally {
      other.close();
    }
  });

  test('the mail that was sent looks whole in a browser, on a phone too', async (context) => {
    context.skip(browser === undefined, 'no Chromium on this machine (apt-get install chromium)');
    const sent = findAddress(output, 'what was sent');
    const chrome = await chromium.launch({
      ...(browser === undefined ? {} : { executablePath: browser }),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
    try {
      const page = await chrome.newPage({ viewport: { width: 390, height: 844 } });
      const foreign: string[] = [];
      page.on('request', (request) => {
        if (!request.url().startsWith(sent)) foreign.push(request.url());
      });
      await page.goto(`${sent}/api/messages/1/html`);
      await page.getByRole('link').first().waitFor();
      const width = await page.evaluate('document.documentElement.scrollWidth');
      expect(width).toBeLessThanOrEqual(390);
      expect(foreign).toEqual([]);
    } finally {
      await chrome.close();
    }
  });

  test('its settings are in a file that acc takes', async () => {
    const file = join(stack.dataDir, 'service.env');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await runAcc(stack, 'env', '--env-file', file)).toContain('APP_MODE');
    const verdict = await runAcc(stack, 'guard', '--env-file', file);
    expect(verdict).not.toContain('The configuration has');
    expect(verdict).toContain('EXPECTED_BASE_URL');
  });

  test('a drill lets a part fail beside it, and mends it', async () => {
    expect(await runAcc(stack, 'drill')).toContain('provider-down');
    expect(await runAcc(stack, 'drill', 'flood')).toMatch(/There is no drill flood.*provider-down/);
    expect(await runAcc(stack, 'drill', 'mail-down', '--seconds', '6')).toContain('provider-down.md');
    expect(await runAcc(stack, 'drill', 'mail-down')).toContain('runs already');
    await waitForHeadline(stack, /^SENDING, but nothing leaves by email: smtp-primary unreachable/);
    await waitForHeadline(stack, /^SENDING$/);
  });
});

describe('./scripts/up', () => {
  test('--help is there before anything is installed or built', async () => {
    const bare = mkdtempSync(join(tmpdir(), 'acc-bare-'));
    cpSync(join(root, 'scripts'), join(bare, 'scripts'), { recursive: true });
    cpSync(join(root, 'local'), join(bare, 'local'), { recursive: true });
    const { stdout } = await run(join(bare, 'scripts/up'), ['--help'], { env: { PATH: '/usr/bin:/bin' } });
    expect(stdout).toContain('usage: ./scripts/up');
    rmSync(bare, { recursive: true });
  });

  test('stays in the foreground until Ctrl-C, and then leaves nothing running', async () => {
    const stack = createStack();
    const up = spawn(join(root, 'scripts/up'), ['--no-demo'], {
      env: stack.environment,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(up, 'exit');
    const output = text(up.stdout);
    up.stdout.on('data', (words: Buffer) => {
      if (words.includes('All is up.')) up.kill('SIGINT');
    });
    expect(await output).toMatch(/All is up\.[\s\S]*Stopped\. Nothing is left running\./);
    expect(await ended).toEqual([0, null]);
    expect(await runUp(stack, '--stop')).toContain('Nothing runs.');
  });

  test('APP_MODE=dry_run rehearses into the outbox and sends nothing', async () => {
    const stack = createStack({ APP_MODE: 'dry_run' });
    const output = await runUp(stack, '--detach');
    expect(output).toContain('rehearsed');
    const drafts = readdirSync(join(stack.dataDir, 'outbox'));
    expect(drafts.filter((name) => name.endsWith('.eml'))).toHaveLength(2);
    expect(drafts.filter((name) => name.endsWith('.txt'))).toHaveLength(2);
    const log = readFileSync(join(stack.dataDir, 'outbox', 'send_log.jsonl'), 'utf8');
    expect(log.trim().split('\n')).toHaveLength(4);
    const { messages } = (await (
      await fetch(`${findAddress(output, 'what was sent')}/api/messages`)
    ).json()) as { messages: unknown[] };
    expect(messages).toEqual([]);
  });

  test('DISABLE_SEND=true holds everything, with nothing sent', async () => {
    const output = await runUp(createStack({ DISABLE_SEND: 'true' }), '--detach');
    expect(output).toContain('held');
    const { messages } = (await (
      await fetch(`${findAddress(output, 'what was sent')}/api/messages`)
    ).json()) as { messages: unknown[] };
    expect(messages).toEqual([]);
  });

  test('a taken port is said with its repair', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const fault = await runUp(createStack({ PORT: String(port) }), '--detach').catch(
      (error: { stdout?: string }) => error.stdout,
    );
    taken.close();
    expect(fault).toMatch(new RegExp(`Port ${port} is taken.*PORT=\\d+ ./scripts/up`));
  });
});
