import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { findFreePort } from '../../local/loopback.ts';
import { type Redis, startRedis } from '../../local/redis.ts';
import { findRoot } from '../../local/root.ts';
import { findBreaches } from '../support/contract.ts';
import { type ScriptedHttp, startScriptedHttp } from '../support/scripted-http.ts';
import { type ScriptedSmtp, startScriptedSmtp } from '../support/scripted-smtp.ts';
import { anEvent, type Service, startService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

const dir = mkdtempSync(join(tmpdir(), 'acc-outages-'));
const releases: (() => Promise<void>)[] = [];
let smtp: ScriptedSmtp;

beforeAll(async () => {
  smtp = await startScriptedSmtp();
});
afterEach(async () => {
  for (const release of releases.splice(0).toReversed()) await release();
});
afterAll(async () => {
  await smtp?.close();
  rmSync(dir, { recursive: true, force: true });
});

async function start(options: Parameters<typeof startService>[0] = {}): Promise<Service> {
  const environment = { SMTP_URL: `smtp://127.0.0.1:${smtp.port}`, ...options.environment };
  const service = await startService({ ...options, environment });
  releases.push(() => service.stop());
  return service;
}

interface Glance {
  readonly status: number;
  readonly text: string;
  readonly retryAfter: string | null;
}

/** An open route or a post, whatever it answers; the six headers are checked on each. */
async function look(service: Service, path: string, key?: string): Promise<Glance> {
  const response = await fetch(service.url + path, key === undefined ? {} : await describePost(service, key));
  const text = await response.text();
  const { status, headers } = response;
  // The probes answer 503 in words of their own.
  const judged = key === undefined ? { status: 200, headers, text } : { status, headers, text };
  expect(findBreaches(judged), text).toEqual([]);
  return { status, text, retryAfter: headers.get('retry-after') };
}

async function describePost(service: Service, key: string): Promise<RequestInit> {
  return {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'idempotency-key': key,
      authorization: `Bearer ${await service.token()}`,
    },
    body: JSON.stringify(anEvent()),
  };
}

interface WaitingMessage {
  readonly state: string;
  readonly attempts: number;
  readonly last_error?: string;
}

test('DLV-2: an account that is over its quota at the provider kills no message, and the breaker keeps off it', async () => {
  smtp.play({ mail: { reply: '550 5.4.5 Daily user sending quota exceeded' } });
  const service = await start();
  const events = await Promise.all(
    Array.from({ length: 12 }, (_, index) => service.post(anEvent({ email: `quota-${index}@example.com` }))),
  );
  const { items } = await waitFor(
    'a message that has met the fault, and a breaker that is open',
    async () => {
      const [messages, health] = await Promise.all([
        service.call('/api/messages?state=retrying'),
        service.call('/api/providers/health'),
      ]);
      const [provider] = health.body['providers'] as { breaker?: string }[];
      return { items: messages.body['items'] as WaitingMessage[], breaker: provider?.breaker };
    },
    ({ items: met, breaker }) => met.length > 0 && breaker === 'open',
    { deadlineMs: 30_000 },
  );
  expect(items[0]).toMatchObject({ attempts: 0, last_error: expect.stringContaining('quota exceeded') });
  const { body } = await service.call('/api/queue/status');
  const { queued = 0, retrying = 0, claimed = 0, dead = 0 } = body['messages'] as Record<string, number>;
  expect([queued + retrying + claimed, dead, body['dead_letters']]).toEqual([events.length, 0, 0]);
  smtp.play({});
});

async function expectDegradedCanary(service: Service): Promise<void> {
  const { status, text } = await look(service, '/canary');
  expect(status).toBe(200);
  const present =
    '["strict-transport-security","content-security-policy","x-frame-options","x-content-type-options","referrer-policy","permissions-policy"]';
  const shape = [
    `{"app":"auto_com_center","app_base_url":"${service.url}","version":"v2.7","status":"degraded","p95_ms":`,
    `,"security_headers":{"present":${present},"missing":[]},"dependencies_ok":false,"timestamp":"`,
    '"}',
  ];
  const [head = '', middle = '', tail = ''] = shape;
  expect(text.startsWith(head), text).toBe(true);
  const rest = text.slice(head.length);
  expect(rest).toContain(middle);
  const [p95 = '', end = ''] = rest.split(middle);
  expect(p95).toMatch(/^\d+(\.\d)?$/);
  expect(end.endsWith(tail)).toBe(true);
  expect(end.slice(0, -tail.length)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
}

describe('Redis', () => {
  test('down at start: the API says so on every route, and all works when Redis comes, without a restart', async () => {
    const port = await findFreePort();
    const service = await start({ redisUrl: `redis://127.0.0.1:${port}`, processes: ['api'] });
    const workers = ['planner', 'sender', 'guard'] as const;
    const starting = workers.map((kind) => service.startProcess(kind));
    expect((await look(service, '/livez')).status).toBe(200);
    expect((await look(service, '/readyz')).status).toBe(503);
    const refused = await look(service, '/api/events', 'early');
    expect(refused.status).toBe(503);
    expect(JSON.parse(refused.text)).toMatchObject({ code: 'store-unavailable' });
    await expectDegradedCanary(service);

    const redis = await startRedis({ dir: join(dir, 'late'), port });
    releases.unshift(() => redis.stop());
    await Promise.all(starting);
    await waitFor(
      'ready',
      () => look(service, '/readyz'),
      ({ status }) => status === 200,
      { deadlineMs: 15_000 },
    );
    const taken = await waitFor(
      'accepted',
      () => look(service, '/api/events', 'late'),
      ({ status }) => status === 202,
      { deadlineMs: 10_000, everyMs: 50 },
    );
    const { event_id } = JSON.parse(taken.text) as { event_id: string };
    await service.waitForMessages(event_id, ['sent'], 30_000);
  });

  test('killed in mid-run: 503 until it is back, and nothing that was acknowledged is lost or sent twice', async () => {
    const redisDir = join(dir, 'killed');
    const first = await startRedis({ dir: redisDir, port: 0 });
    let redis: Redis = first;
    // A claim that nobody can end lapses after the attempt's time: a test cannot wait for the usual 30 s.
    const service = await start({ redisUrl: first.url, environment: { ATTEMPT_TIMEOUT_SECONDS: '3' } });
    releases.unshift(() => redis.stop());
    const before = smtp.messages.length;
    const taken: string[] = [];
    const refusals: Glance[] = [];
    let number = 0;
    const postOne = async (): Promise<Glance> => {
      const glance = await look(service, '/api/events', `killed-${(number += 1)}`);
      if (glance.status === 202) taken.push((JSON.parse(glance.text) as { event_id: string }).event_id);
      else refusals.push(glance);
      return glance;
    };
    for (let turn = 0; turn < 30; turn += 1) await postOne();
    const ongoing = Promise.all(Array.from({ length: 20 }, () => postOne()));
    process.kill(first.pid, 'SIGKILL');
    await first.exited;
    await ongoing;
    await waitFor('refused', postOne, ({ status }) => status === 503, { deadlineMs: 5_000 });
    await expectDegradedCanary(service);
    expect((await look(service, '/readyz')).status).toBe(503);
    expect((await look(service, '/livez')).status).toBe(200);

    redis = await startRedis({ dir: redisDir, port: first.port });
    const back = await waitFor('accepted again', postOne, ({ status }) => status === 202, {
      deadlineMs: 15_000,
      everyMs: 100,
    });
    expect(back.status).toBe(202);
    expect(new Set(refusals.map(({ status }) => status))).toEqual(new Set([503]));
    expect(new Set(refusals.map(({ text }) => (JSON.parse(text) as { code: string }).code))).toEqual(
      new Set(['store-unavailable']),
    );
    for (const id of taken) await service.waitForMessages(id, ['sent', 'unknown'], 60_000);
    expect(taken.length).toBeGreaterThan(30);
    // A resend would carry the same Message-ID: no mail left twice.
    const ids = smtp.messages
      .slice(before)
      .map(({ text }) => /^Message-ID: *(\S+)/im.exec(text)?.[1] ?? 'none');
    expect(ids).not.toContain('none');
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('the email provider', () => {
  /** The catalog, with retries that a test can wait for. */
  function copyTemplates(): string {
    const target = join(dir, 'templates');
    cpSync(join(findRoot(), 'templates'), target, { recursive: true });
    for (const name of readdirSync(target)) {
      const file = join(target, name, 'manifest.yaml');
      const text = name === 'new_match_found' ? readFileSync(file, 'utf8') : undefined;
      const quick = 'retry: { attempts: 3, base_seconds: 1, cap_seconds: 1, horizon_hours: 1 }';
      if (text !== undefined) writeFileSync(file, text.replace(/^retry: .*$/m, quick));
    }
    return target;
  }

  test('that cannot be reached uses up no attempt, and its message leaves when it is back', async () => {
    const service = await start({
      environment: {
        TEMPLATES_DIR: copyTemplates(),
        SMTP_URL: `smtp://127.0.0.1:${await findFreePort()}`,
        RATE_LIMIT_PER_MINUTE: '2',
      },
    });
    const eventId = await service.post(anEvent());
    const [waiting] = await service.waitForMessages(eventId, ['retrying'], 40_000);
    const read = async () => (await service.call(`/api/messages/${waiting?.message_id}`)).body;
    // As many tries as the template has attempts, and more than the limit of a minute.
    const tried = await waitFor(
      'four tries',
      async () => (await read())['attempts'] as { outcome: string }[],
      (attempts) => attempts.length > 3,
      { deadlineMs: 40_000, everyMs: 100 },
    );
    expect(new Set(tried.map(({ outcome }) => outcome))).toEqual(new Set(['unreachable']));
    expect(await read()).toMatchObject({ state: 'retrying' });
    await service.processes.get('sender')?.stop();
    await service.startProcess('sender', 'sender', { SMTP_URL: `smtp://127.0.0.1:${smtp.port}` });
    await service.waitForMessages(eventId, ['sent'], 40_000);
  });

  test('that defers is asked again with pauses, then the message is dead with its reason', async () => {
    const service = await start({
      environment: { TEMPLATES_DIR: copyTemplates(), SMTP_URL: `smtp://127.0.0.1:${smtp.port}` },
    });
    smtp.play({ rcpt: { reply: '451 4.7.1 try again later' } });
    const [message] = await service.waitForMessages(await service.post(anEvent()), ['dead'], 40_000);
    expect(message).toMatchObject({ state: 'dead', reason: expect.stringMatching(/attempts|retries/) });
    const { body } = await service.call(`/api/messages/${message?.message_id}`);
    const attempts = body['attempts'] as { number: number; outcome: string; at: string }[];
    expect(attempts.map(({ number, outcome }) => [number, outcome])).toEqual([
      [1, 'deferred'],
      [2, 'deferred'],
      [3, 'deferred'],
    ]);

    // The same provider refuses for good: one attempt is all.
    smtp.play({ rcpt: { reply: '550 5.7.1 we do not want this' } });
    try {
      const [refused] = await service.waitForMessages(await service.post(anEvent()), ['dead'], 20_000);
      const shown = await service.call(`/api/messages/${refused?.message_id}`);
      expect(shown.body).toMatchObject({ state: 'dead', reason: '550 5.7.1' });
      expect(shown.body['attempts']).toHaveLength(1);
      expect(JSON.stringify(shown.body['attempts'])).toContain('550');
    } finally {
      smtp.play({});
    }
  });
});

describe('the directory', () => {
  const noRecipient = (student_id: string) => ({
    type: 'new_match_found',
    data: { student_id, scholarship_id: 'sch_1', match_score: 90 },
  });

  async function startDirectory(): Promise<{ directory: ScriptedHttp; restore: () => void }> {
    let down = true;
    const directory = await startScriptedHttp(({ url }) => {
      if (url.pathname === '/token') {
        return answer(200, { access_token: 'for-the-directory', token_type: 'Bearer', expires_in: 300 });
      }
      if (down) return 'drop';
      const id = url.pathname.split('/').at(-1) ?? '';
      if (id === 'nobody') return answer(404, { title: 'nobody' });
      if (id === 'refused') return answer(403, { title: 'consent withdrawn' });
      return answer(200, { student_id: id, name: 'Ada', email: `${id}@example.com`, locale: 'en' });
    });
    releases.push(() => directory.close());
    return {
      directory,
      restore: () => {
        down = false;
      },
    };
  }

  function answer(status: number, body: object) {
    return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  }

  test('away: the event waits and is planned when it is back; nobody and refused are ends of their own', async () => {
    const { directory, restore } = await startDirectory();
    const base = directory.baseUrl.href.replace(/\/$/, '');
    const environment = {
      DIRECTORY_URL: base,
      M2M_TOKEN_URL: `${base}/token`,
      M2M_CLIENT_ID: 'acc',
      M2M_CLIENT_SECRET: 'for-tests-only',
    };
    const service = await start({ environment });
    const waiting = await service.post(noRecipient('stu_7'));
    const asked = (): number =>
      directory.requests.filter(({ url }) => url.pathname.startsWith('/students')).length;
    await waitFor('asked twice', asked, (count) => count >= 2, { deadlineMs: 15_000 });
    expect((await service.call(`/api/events/${waiting}`)).body).toMatchObject({
      state: 'accepted',
      messages: [],
    });

    restore();
    await service.waitForMessages(waiting, ['sent'], 30_000);
    expect(smtp.messages.at(-1)?.to).toEqual(['stu_7@example.com']);
    for (const [id, reason] of [
      ['nobody', 'recipient-not-found'],
      ['refused', 'recipient-refused'],
    ] as const) {
      const event = await service.post(noRecipient(id));
      const body = await waitFor(
        `${id} ended`,
        async () => (await service.call(`/api/events/${event}`)).body,
        ({ state }) => state !== 'accepted',
        { deadlineMs: 10_000 },
      );
      expect(body).toMatchObject({ state: 'dead', reason, messages: [] });
    }
  });
});
