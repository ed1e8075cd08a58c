import { type ChildProcess, execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { findRoot } from '../../local/root.ts';
import { type Rewrite, type RewritingProxy, startRewritingProxy } from '../support/rewriting-proxy.ts';
import { type ScriptedSmtp, startScriptedSmtp } from '../support/scripted-smtp.ts';
import { type Service, startService } from '../support/service.ts';
import { issuerSecret } from '../support/service-client.ts';
import { waitFor } from '../support/wait-for.ts';

/** The script against the built program: what it says, how it ends, and what it leaves behind. */
interface End {
  readonly code: number;
  readonly output: string;
  readonly summary: Summary;
  /** Everything in the evidence, file by file. */
  readonly files: ReadonlyMap<string, string>;
}

interface Summary {
  readonly verdict: string;
  readonly words: string;
  readonly steps: readonly { readonly id: string; readonly verdict: string; readonly measured: string }[];
}

const stepIds = [
  'canary',
  'headers',
  'p95',
  'jwks',
  'm2m-token',
  'no-token',
  'send-status',
  'deadline-approaching',
  'new-match-found',
  'queue',
  'providers',
  'throttle',
  'kill-switch',
  'clean-up',
];
/** This machine may be busy; only the tests of the limit itself keep to it. */
const patient = ['--p95-ms', '2000'];

let smtp: ScriptedSmtp;

beforeAll(async () => {
  smtp = await startScriptedSmtp();
});
afterAll(async () => {
  await smtp?.close();
});

/** Starts a service that rehearses, with a throttle, unless told otherwise. */
async function start(
  environment: Readonly<Record<string, string>> = {},
  processes: readonly ('planner' | 'sender' | 'guard' | 'api')[] = ['planner', 'sender', 'guard', 'api'],
): Promise<Service> {
  return await startService({
    processes,
    environment: {
      SMTP_URL: `smtp://127.0.0.1:${smtp.port}`,
      APP_MODE: 'dry_run',
      DISABLE_SEND: 'false',
      RATE_LIMIT_ENABLED: 'true',
      RATE_LIMIT_PER_MINUTE: '10',
      ...environment,
    },
  });
}

async function verify(
  service: Service,
  args: readonly string[] = patient,
  baseUrl = service.url,
): Promise<End> {
  const out = mkdtempSync(join(tmpdir(), 'acc-evidence-'));
  const { code, stdout, stderr } = await runScript(
    ['--base-url', baseUrl, '--out', out, '--json', '--wait', '15', ...args],
    environmentOf(service),
  );
  const files = readAll(out);
  rmSync(out, { recursive: true, force: true });
  expect(stdout, stderr).toMatch(/^\{/);
  return { code, output: stdout + stderr, summary: JSON.parse(stdout) as Summary, files };
}

interface Printed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `watch` sees what is printed beside the summary as it comes. */
function runScript(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  watch: (printed: string, child: ChildProcess) => void = () => undefined,
): Promise<Printed> {
  const env = { PATH: process.env['PATH'] ?? '', ...environment };
  const script = join(findRoot(), 'scripts/verify-production.sh');
  return new Promise((resolve) => {
    const child = execFile('bash', [script, ...args], { env, timeout: 50_000 }, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, stdout, stderr });
    });
    let printed = '';
    child.stderr?.on('data', (text: string) => {
      printed += text;
      watch(printed, child);
    });
  });
}

/** Runs it and interrupts it while it follows the event after step `id`. */
async function interrupt(service: Service, id: string): Promise<Printed> {
  const out = mkdtempSync(join(tmpdir(), 'acc-evidence-'));
  onTestFinished(() => rmSync(out, { recursive: true, force: true }));
  const before = await countEvents(service);
  return await runScript(
    ['--base-url', service.url, '--out', out, '--json', ...patient],
    environmentOf(service),
    (printed, child) => {
      if (!printed.includes(`${id} `)) return;
      void waitFor(
        'the event',
        () => countEvents(service),
        (count) => count > before,
      ).then(() => child.kill('SIGINT'));
    },
  );
}

function environmentOf({ issuer }: Service): Record<string, string> {
  return {
    AUTH_JWKS_URL: issuer.jwksUrl,
    M2M_TOKEN_URL: issuer.tokenUrl,
    M2M_CLIENT_ID: 'operator',
    M2M_CLIENT_SECRET: issuerSecret,
  };
}

function readAll(dir: string): Map<string, string> {
  const names = readdirSync(dir, { recursive: true }).map(String);
  return new Map(
    names
      .filter((name) => statSync(join(dir, name)).isFile())
      .map((name): [string, string] => [name, readFileSync(join(dir, name), 'utf8')]),
  );
}

/** The verdict of each step, for one glance. */
function glance({ summary }: End): Record<string, string> {
  return Object.fromEntries(summary.steps.map(({ id, verdict }) => [id, verdict]));
}

function measuredBy(end: End, id: string): string {
  return end.summary.steps.find((step) => step.id === id)?.measured ?? '';
}

async function countEvents(service: Service): Promise<number> {
  return (await service.redis.keys('acc:*:event:*')).length;
}

describe('a healthy system that rehearses', () => {
  let service: Service;
  let end: End;
  let sentBefore: number;

  beforeAll(async () => {
    service = await start();
    sentBefore = smtp.messages.length;
    end = await verify(service);
  });
  afterAll(async () => {
    await service?.stop();
  });

  test('is green: every step passed, with its measured value', () => {
    expect(end.output).toContain('green – 14 steps passed (exit 0)');
    expect(glance(end)).toEqual(Object.fromEntries(stepIds.map((id) => [id, 'pass'])));
    expect(end.code).toBe(0);
    expect(measuredBy(end, 'p95')).toMatch(/^[\d.]+ ms, row 29 of 30; at most 2000 ms$/);
    expect(measuredBy(end, 'm2m-token')).toMatch(/^obtained in \d+ ms: RS256, lives 300 s/);
    expect(measuredBy(end, 'deadline-approaching')).toMatch(
      /^email rehearsed \(would-send\), sms rehearsed \(would-send\), after \d+ ms$/,
    );
    expect(measuredBy(end, 'throttle')).toBe('at most 10 messages a minute');
    expect(measuredBy(end, 'kill-switch')).toMatch(
      /^quiesced [\d.]+ ms after the request .* put back to on$/,
    );
  });

  test('is left as it was found: the switch on, nothing sent, nothing waiting', async () => {
    const control = (await service.call('/api/control')).body['flags'];
    expect(control).toMatchObject({ send: { value: 'on' } });
    expect(smtp.messages).toHaveLength(sentBefore);
    expect((await service.call('/api/queue/status')).body).toMatchObject({ dead_letters: 0, held: {} });
  });

  test('the manifest names every file of the bundle with its size and SHA-256', () => {
    const names = [...end.files.keys()];
    const log = names.find((name) => /^auto_com_center_evidence_\d{8}T\d{6}Z\.log$/.test(name)) ?? '';
    const folder = log.replace(/\.log$/, '');
    const inBundle = new Map(
      names
        .filter((name) => name.startsWith(`${folder}/`) && !name.endsWith('/MANIFEST.json'))
        .map((name) => [name.slice(folder.length + 1), end.files.get(name) ?? '']),
    );
    expect([...inBundle.keys()]).toHaveLength(stepIds.length + 2);
    expect(JSON.parse(end.files.get(`${folder}/MANIFEST.json`) ?? '{}')).toEqual(
      Object.fromEntries(
        [...inBundle].map(([name, text]) => [
          name,
          { size: Buffer.byteLength(text), sha256: createHash('sha256').update(text).digest('hex') },
        ]),
      ),
    );
    expect(end.files.get(log)).toBe(inBundle.get(log));
    expect(end.files.get(log)).toContain('✓ kill-switch');
  });

  test('no secret, no token and no full address is in what it printed or wrote', () => {
    const all = [end.output, ...end.files.values()].join('\n');
    expect(all).toContain('v***@example.com');
    expect(all).toContain('+1555****0100');
    for (const seeded of [issuerSecret, 'verification@example.com', '+15555550100', '5555550100'])
      expect(all).not.toContain(seeded);
    expect(all).not.toMatch(/eyJ[\w-]{10}|"authorization": "B/);
  });

  test('when it is stopped: its messages are held and taken back, and whoever stopped it keeps their words', async () => {
    await service.call('/api/control/send', {
      method: 'PUT',
      json: { enabled: false, reason: 'wrong date' },
    });
    const stopped = await verify(service);
    expect(stopped.output).toContain('(exit 0)');
    expect(stopped.code).toBe(0);
    expect(measuredBy(stopped, 'new-match-found')).toMatch(/^email held \(stopped\), sms held \(stopped\)/);
    expect(measuredBy(stopped, 'clean-up')).toBe('2 events, 4 messages cancelled');
    expect(measuredBy(stopped, 'kill-switch')).toMatch(/; it was off, and stays off$/);
    expect((await service.call('/api/send/status')).body).toMatchObject({
      sending: false,
      reason: 'wrong date (pressed again by a verification)',
    });
    expect(smtp.messages).toHaveLength(sentBefore);
  });
});

describe('a system that would send', () => {
  test('is red: no event is posted, the switch is not pressed, and the repair is said', async () => {
    const service = await start({ APP_MODE: 'testing' }, ['api']);
    onTestFinished(() => service.stop());
    const end = await verify(service);
    expect(end.code).toBe(1);
    expect(glance(end)).toMatchObject({
      'no-token': 'pass',
      'send-status': 'fail',
      'deadline-approaching': 'fail',
      'new-match-found': 'fail',
      'kill-switch': 'blocked',
      'clean-up': 'pass',
    });
    expect(measuredBy(end, 'deadline-approaching')).toContain('acc stop "verification"');
    expect(await countEvents(service)).toBe(0);
    expect((await service.call('/api/send/status')).body).toMatchObject({ sending: true, epoch: 1 });
  });
});

describe('a system whose workers are dead, through something in front of it, and with its issuer gone', () => {
  let service: Service;

  beforeAll(async () => {
    service = await start({}, ['api']);
  });
  afterAll(async () => {
    await service?.stop();
  });

  test('dead workers are red: the events do not end, and are named as left behind', async () => {
    const end = await verify(service, [...patient, '--wait', '1']);
    expect(end.code).toBe(1);
    expect(measuredBy(end, 'deadline-approaching')).toBe(
      'no end within 1 s: still accepted; are the workers alive?',
    );
    expect(glance(end)).toMatchObject({ 'deadline-approaching': 'fail', 'clean-up': 'degraded' });
  });

  test('an interruption takes back what was made, and is no verdict', async () => {
    const end = await interrupt(service, 'send-status');
    expect(end.stderr).toContain('interrupted; ');
    expect(end.stderr).toMatch(/– kill-switch +blocked +interrupted/);
    expect(end.stderr).toMatch(
      /~ clean-up +degraded +1 events, 0 messages cancelled; left: evt_\w+ accepted/,
    );
    expect(end.code).toBe(130);
  });

  /** What is in front of it is judged by one step; the events end as they do above. */
  async function verifyThrough(rewrite: Rewrite): Promise<End> {
    const proxy: RewritingProxy = await startRewritingProxy(service.url, rewrite);
    onTestFinished(() => proxy.close());
    return await verify(service, ['--wait', '0.1'], proxy.url);
  }

  test('a header that gets lost on the way is red, and named', async () => {
    const end = await verifyThrough({ dropHeader: 'referrer-policy' });
    expect(end.code).toBe(1);
    expect(measuredBy(end, 'headers')).toBe(
      'canary lacks referrer-policy; 404 lacks referrer-policy; 401 lacks referrer-policy',
    );
  });

  test('95 of 100 canaries over 120 ms are red', async () => {
    const end = await verifyThrough({ delayMs: 130, path: '/canary' });
    expect(end.code).toBe(1);
    expect(glance(end)['p95']).toBe('fail');
  });

  test('without issuer and token it is degraded – pending Gate 1, and what could not run is blocked, never passed', async () => {
    await service.issuer.stop();
    const end = await verify(service);
    expect(end.summary.words).toBe('degraded – pending Gate 1');
    expect(end.code).toBe(2);
    expect(glance(end)).toMatchObject({
      headers: 'pass',
      jwks: 'degraded',
      'm2m-token': 'degraded',
      'no-token': 'pass',
      'send-status': 'blocked',
      'deadline-approaching': 'blocked',
      'new-match-found': 'blocked',
      queue: 'blocked',
      providers: 'blocked',
      throttle: 'blocked',
      'kill-switch': 'blocked',
    });
  });
});

test('a wrong command line is neither red nor degraded', async () => {
  const end = await runScript(['--base-url', 'not-a-url'], {});
  expect(end).toMatchObject({ code: 64, stdout: '', stderr: '--base-url is not an http(s) address.\n' });
});
