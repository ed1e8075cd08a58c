import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findRoot } from '../../local/root.ts';
import { readAuditHead } from '../../src/gate/audit-chain.ts';
import { readGate } from '../../src/gate/flags.ts';
import { type ScriptedSmtp, startScriptedSmtp } from '../support/scripted-smtp.ts';
import { anEvent, type Service, startService } from '../support/service.ts';

let smtp: ScriptedSmtp;
let service: Service;
let unknownId = '';
let heldId = '';

beforeAll(async () => {
  smtp = await startScriptedSmtp();
  service = await startService({
    environment: { SMTP_URL: `smtp://127.0.0.1:${smtp.port}`, ATTEMPT_TIMEOUT_SECONDS: '1' },
  });
  smtp.play({ rcpt: { reply: '550 5.7.1 refused' } });
  await service.waitForMessages(await service.post(anEvent()), ['dead']);
  smtp.play({ dot: 'hang' });
  const [unknown] = await service.waitForMessages(await service.post(anEvent()), ['unknown']);
  unknownId = unknown?.message_id ?? '';
  smtp.play({});
  const program = join(findRoot(), 'dist/src/cli/main.js');
  const acc = join(service.dir, 'acc');
  await writeFile(acc, `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`);
  await chmod(acc, 0o755);
}, 60_000);
afterAll(async () => {
  await service?.stop();
  await smtp?.close();
});

/** Every command of the page, in its order; what a reader would fill in is filled in when its turn comes. */
function readCommands(): string[] {
  const page = readFileSync(join(findRoot(), 'docs/operations/stop-and-release.md'), 'utf8');
  const blocks = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block);
  const inline = [...page.matchAll(/`(acc [a-z][^`]*"…"[^`]*)`/g)].map(([, line = '']) => line);
  const lines = blocks.flatMap((block) => block.split('\n')).filter((line) => line.startsWith('acc '));
  return [...lines, ...inline];
}

async function run(line: string): Promise<{ code: number; text: string }> {
  const epoch = (await readGate(service.redis, service.keys))?.epoch ?? 0;
  const { head } = await readAuditHead(service.redis, service.keys.shard(0));
  const command = line
    .replace('redis://127.0.0.1:8030', service.redisUrl)
    .replace(/--epoch \d+/, `--epoch ${epoch}`)
    .replace(/--expect \S+/, `--expect ${head}`)
    .replace('msg_…', line.includes('unknown') ? unknownId : heldId);
  const env = {
    PATH: `${service.dir}:${process.env['PATH'] ?? ''}`,
    APP_BASE_URL: service.url,
    AUTH_TOKEN: await service.token('operator'),
  };
  try {
    const { stdout, stderr } = await promisify(execFile)('sh', ['-c', command], { env });
    return { code: 0, text: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, text: stdout + stderr };
  }
}

/** A start and a resume without the epoch only show what is there, and say what to type. */
function expectedCode(line: string): number {
  return /^acc (?:start|resume)/.test(line) && !line.includes('--epoch') ? 2 : 0;
}

/** What a line must say or leave behind, over its exit code. */
const mustSay: readonly (readonly [RegExp, RegExp])[] = [
  [/^acc stop/, /^quiesced/m],
  [/^acc held show/, /subject/i],
  [/^acc held release.*--yes/, /released 1 of 1/],
  [/^acc dead-letters replay.*--yes/, /replayed 1 of 1/],
  [/^acc unknown resolve/, /sent/],
  [/^acc (?:start|resume)(?!.*--epoch)/, /--epoch \d+/],
];

test('every command on the page for 3 a.m. does what the page says, in the order of the page', async () => {
  const commands = readCommands();
  expect(commands.length).toBeGreaterThan(20);
  const faults: string[] = [];
  for (const line of commands) {
    const { code, text } = await run(line);
    const said = mustSay.filter(([which]) => which.test(line)).every(([, what]) => what.test(text));
    if (code !== expectedCode(line) || !said) faults.push(`${line}\nexit ${code}\n${text}`);
    if (heldId === '') {
      // The first command was the stop: what comes now is held.
      const [held] = await service.waitForMessages(await service.post(anEvent()), ['held']);
      heldId = held?.message_id ?? '';
    }
  }
  expect(faults).toEqual([]);
  expect(smtp.messages.length).toBeGreaterThan(0);
}, 120_000);
