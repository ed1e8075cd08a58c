import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findRoot } from '../../local/root.ts';
import { readGate } from '../../src/gate/flags.ts';
import { type ScriptedSmtp, startScriptedSmtp } from '../support/scripted-smtp.ts';
import { anEvent, type Service, startService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

let smtp: ScriptedSmtp;
let service: Service;
let environment: Record<string, string>;

beforeAll(async () => {
  smtp = await startScriptedSmtp();
  service = await startService({ environment: { SMTP_URL: `smtp://127.0.0.1:${smtp.port}` } });
  environment = { APP_BASE_URL: service.url, AUTH_TOKEN: await service.token('operator') };
});
afterAll(async () => {
  await service?.stop();
  await smtp?.close();
});

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** The built program, as an operator runs it; nothing of this test's environment reaches it but what is given. */
async function acc(argv: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const program = join(findRoot(), 'dist/src/cli/main.js');
  const env = { PATH: process.env['PATH'] ?? '', ...environment, ...more };
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, ...argv], { env });
    return { code: 0, out: stdout, error: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: stdout, error: stderr };
  }
}

describe('acc, in front of the running service', () => {
  test('a stop holds what comes after it, and a start with the epoch lets go what is released', async () => {
    const stopped = await acc(['stop', 'wrong date in the digest', '--json']);
    expect(stopped).toMatchObject({ code: 0 });
    const { epoch, state, way } = JSON.parse(stopped.out) as { epoch: number; state: string; way: string };
    expect([state, way]).toEqual(['quiesced', 'service']);
    const before = smtp.messages.length;
    const event = await service.post(anEvent());
    const [message] = await service.waitForMessages(event, ['held']);
    const id = message?.message_id ?? '';

    const status = await acc(['status']);
    expect(status.out).toContain('NOT SENDING: wrong date in the digest');
    expect(status.out).toContain('held       1 (stopped 1)');
    expect((await acc(['held', 'list'])).out).toContain(id);
    expect((await acc(['held', 'show', id])).out).toContain('a***@example.com');

    const again = await acc(['held', 'release', 'too early', '--id', id, '--yes']);
    expect(again.out).toContain('released 0 of 1 matched, skipped: 1 stopped');
    expect(again.out).toContain('First acc start, or add --while-stopped');

    const asked = await acc(['start', 'date mended']);
    expect(asked).toMatchObject({ code: 2 });
    expect(asked.error).toContain(`--epoch ${epoch}`);
    expect(await acc(['start', 'date mended', '--epoch', String(epoch - 1)])).toMatchObject({ code: 1 });
    expect(await acc(['start', 'date mended', '--epoch', String(epoch)])).toMatchObject({ code: 0 });

    const preview = await acc(['held', 'release', 'date mended', '--id', id]);
    expect(preview.error).toContain('Nothing was changed');
    expect((await acc(['message', 'show', id])).out).toMatch(/^state +held$/m);
    expect(smtp.messages.length - before).toBe(0);
    expect((await acc(['held', 'release', 'date mended', '--id', id, '--yes'])).out).toContain(
      'released 1 of 1',
    );
    await service.waitForMessages(event, ['sent']);
    expect(smtp.messages.length - before).toBe(1);
    expect(await acc(['audit', 'verify'])).toMatchObject({ code: 0 });
    expect((await acc(['audit'])).out).toContain('date mended');
  });

  test('pause and resume of the intake turn 503 on and off', async () => {
    expect(await acc(['pause', 'ingest', 'flood'])).toMatchObject({ code: 0 });
    const { epoch } = JSON.parse((await acc(['flags', '--json'])).out) as { epoch: number };
    await expect(service.post(anEvent())).rejects.toThrow('503');
    expect(await acc(['resume', 'ingest', 'over'])).toMatchObject({ code: 2 });
    expect(await acc(['resume', 'ingest', 'over', '--epoch', String(epoch)])).toMatchObject({ code: 0 });
    expect((await acc(['flags'])).out).toMatch(/^ingest +on +.* over$/m);
  });

  test('an address that was suppressed gets nothing until it is taken off the list', async () => {
    const address = 'bo@example.com';
    const post = async () =>
      service.waitForMessages(await service.post(anEvent({ email: address })), ['sent', 'suppressed']);
    expect(await acc(['suppressions', 'add', address, 'asked by letter'])).toMatchObject({ code: 0 });
    expect(await post()).toMatchObject([{ state: 'suppressed' }]);
    const exported = await acc(['suppressions', 'export']);
    expect(exported.out).toContain('b***@example.com');
    expect(exported.out).not.toContain(address);
    expect((await acc(['suppressions', 'remove', address, 'came back'])).out).toContain('removed 1');
    expect(await post()).toMatchObject([{ state: 'sent' }]);
  });

  test('what waits is counted by why, found by its recipient, shown with its draft and taken back', async () => {
    const address = 'cy@example.com';
    const sendAt = new Date(Date.now() + 3_600_000).toISOString();
    const event = await service.post({ ...anEvent({ email: address }), send_at: sendAt });
    const [message] = await service.waitForMessages(event, ['queued']);
    const id = message?.message_id ?? '';
    expect((await acc(['status'])).out).toContain('open       1 (queued 1)');
    const all = await acc(['messages']);
    expect(all.out).toContain('open, by what they wait for: not-due 1');
    const found = await acc(['messages', '--to', address, '--since', '5m']);
    expect(found.out).toContain(id);
    expect(found.out + found.error).not.toContain(address);
    expect((await acc(['message', 'draft', id])).out).toContain('subject');
    const preview = await acc(['messages', 'cancel', 'posted by mistake', '--client', 'operator']);
    expect(preview.out).toContain('would cancel 1 matched');
    const cancelled = await acc(['messages', 'cancel', 'posted by mistake', '--client', 'operator', '--yes']);
    expect(cancelled.out).toContain('cancelled 1 of 1 matched');
    expect((await acc(['messages', '--to', address, '--state', 'cancelled'])).out).toContain(id);
  });

  test('an event can be posted and followed', async () => {
    const file = join(service.dir, 'event.json');
    await writeFile(file, JSON.stringify(anEvent()));
    const posted = await acc(['event', 'post', file, '--key', 'acc-e2e-1', '--json']);
    const { event_id: id } = JSON.parse(posted.out) as { event_id: string };
    await service.waitForMessages(id, ['sent']);
    expect((await acc(['event', 'show', id])).out).toContain('state=sent');
  });

  test('a token that is not good, or does not allow it, ends with 4; a service that is not there with 3', async () => {
    expect(await acc(['flags'], { AUTH_TOKEN: 'nonsense' })).toMatchObject({ code: 4 });
    const upstream = await service.token('upstream');
    expect(await acc(['pause', 'ingest', 'x'], { AUTH_TOKEN: upstream })).toMatchObject({ code: 4 });
    expect(await acc(['flags'], { APP_BASE_URL: 'http://127.0.0.1:1' })).toMatchObject({ code: 3 });
  });

  test('guard names what keeps this configuration from sending to everyone, and asks the real store', async () => {
    const { code, out } = await acc(['guard'], service.environment);
    expect(code).toBe(1);
    expect(out).toMatch(/^pass +the store is durable$/m);
    expect(out).toMatch(/^FAIL +APP_MODE is production: /m);
    const shown = await acc(['env'], service.environment);
    expect(shown).toMatchObject({ code: 0 });
    expect(shown.out).not.toContain(service.environment['ADDRESS_HASH_KEY']);
  });

  test('an audit chain that is cut and set back is found by the head in the guard’s log, and the guard says it at once', async () => {
    const guard = service.processes.get('guard');
    const readTold = (message: string) =>
      (guard?.lastLines() ?? [])
        .map((line) => JSON.parse(line) as { msg: string; audit_head?: string; audit_lines?: number })
        .findLast(({ msg }) => msg.startsWith(message));
    const { gate, audit } = service.keys.shard(0);
    const head = (await service.redis.hget(gate, 'auditHash')) ?? '';
    await waitFor(
      'the head in the log',
      () => readTold('the head of the audit chain'),
      (told) => told?.audit_head === head,
    );
    const sealed = await acc(['audit', 'verify', '--expect', head]);
    expect(sealed).toMatchObject({ code: 0 });
    expect(sealed.out).not.toContain('Nothing vouches');

    const [last, before] = await service.redis.xrevrange(audit, '+', '-', 'COUNT', 2);
    await service.redis.xdel(audit, last?.[0] ?? '');
    await service.redis.hset(gate, 'auditHash', before?.[1].at(-1) ?? '');
    expect(await acc(['audit', 'verify'])).toMatchObject({ code: 0 });
    const cut = await acc(['audit', 'verify', '--expect', head]);
    expect(cut).toMatchObject({ code: 1 });
    expect(cut.out).toContain('its tail was cut, or the store went back in time');
    await waitFor(
      'the guard notices',
      () => readTold('the audit chain went back'),
      (told) => told !== undefined,
    );
  });

  test('with the API killed the stop is made at the store, and says so', async () => {
    const api = service.processes.get('api');
    api?.signal('SIGKILL');
    await api?.exited;
    const lost = await acc(['stop', 'api is down']);
    expect(lost).toMatchObject({ code: 3 });
    expect(lost.error).toContain('NOT CONFIRMED');
    expect((await readGate(service.redis, service.keys))?.flags.send.value).toBe('on');

    const stopped = await acc(['stop', 'api is down', '--store', service.redisUrl]);
    expect(stopped).toMatchObject({ code: 0 });
    expect(stopped.out).toContain('at the store, without the service');
    const gate = await readGate(service.redis, service.keys);
    expect(gate?.flags.send).toMatchObject({ value: 'off', change: { reason: 'api is down' } });
    expect(gate?.flags.send.change?.actor).toMatch(/^cli:/);
  });
});
