import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Redis, startRedis } from '../../local/redis.ts';
import { readGate, setFlag } from '../../src/gate/flags.ts';
import { stopSending } from '../../src/gate/stop-sending.ts';
import { type ScriptedSmtp, type SmtpStep, startScriptedSmtp } from '../support/scripted-smtp.ts';
import { type ProcessKind, type Service, startService } from '../support/service.ts';
import { askEvent, findBreaches, resendEvent, waitForRest } from './invariants.ts';

/** `FAULT_SECONDS` makes it a long run, `FAULT_SEED` repeats one (its choices; the timing of a machine never repeats). */
const faultMs = 1_000 * Number(process.env['FAULT_SECONDS'] ?? '20');
const seed = Number(process.env['FAULT_SEED'] ?? Date.now() % 1_000_000);
const posterCount = 3;

let dir = '';
let redis: Redis;
let smtp: ScriptedSmtp;
let service: Service;
const acknowledged: string[] = [];
const story: string[] = [];
const random = createRandom(seed);

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'random-faults-'));
  redis = await startRedis({ dir, port: 0 });
  smtp = await startScriptedSmtp();
  service = await startService({
    redisUrl: redis.url,
    environment: {
      SMTP_URL: `smtp://127.0.0.1:${smtp.port}`,
      ATTEMPT_TIMEOUT_SECONDS: '1',
      SEND_CONCURRENCY: '4',
    },
    processes: ['planner', 'guard', 'sender', 'sender', 'api'],
  });
}, 60_000);
afterAll(async () => {
  await service?.stop();
  await smtp?.close();
  await redis?.stop();
  await rm(dir, { recursive: true, force: true });
});

test(
  'REL-1: after kills, stops, Redis restarts and a failing provider in random order every invariant holds',
  async () => {
    const life = new AbortController();
    const posters = Array.from({ length: posterCount }, (_, poster) => keepPosting(poster, life.signal));
    const endAt = performance.now() + faultMs;
    try {
      while (performance.now() < endAt) await pick(faults)();
    } finally {
      life.abort();
      await Promise.all(posters);
    }
    smtp.play({});
    await switchOn();
    await waitForRest(service, 90_000);
    const breaches = await findBreaches(service, {
      acknowledged,
      received: smtp.messages,
      copiesMax: ({ type }) => (type === 'receipt' ? 2 : 1),
    });
    const told = `seed ${seed}: ${breaches.join('; ')} after ${story.join(', ')}`;
    expect(breaches, told).toEqual([]);
    expect(acknowledged.length).toBeGreaterThan(20);
  },
  faultMs + 180_000,
);

/** What may go wrong next. Each heals itself, so that faults follow one another and do not only pile up. */
const faults: readonly (() => Promise<void>)[] = [
  () => killAndReplace('sender'),
  () => killAndReplace('sender-2'),
  () => killAndReplace('planner'),
  () => killAndReplace('guard'),
  () => killAndReplace('api'),
  restartRedis,
  freezeRedis,
  stopAndStart,
  () => failProvider('drops before the body', { data: 'drop' }),
  () => failProvider('drops after the message', { dot: 'drop' }),
  () => failProvider('hangs after the message', { dot: 'hang' }),
  () => failProvider('is busy', { mail: { reply: '451 4.3.0 try again' } }),
];

async function killAndReplace(name: string): Promise<void> {
  story.push(`kill ${name}`);
  const victim = service.processes.get(name);
  victim?.signal('SIGKILL');
  await victim?.exited;
  await service.startProcess(name.replace(/-\d+$/, '') as ProcessKind, name);
}

async function restartRedis(): Promise<void> {
  story.push('kill Redis');
  process.kill(redis.pid, 'SIGKILL');
  await redis.exited;
  redis = await startRedis({ dir, port: redis.port });
}

async function freezeRedis(): Promise<void> {
  story.push('freeze Redis');
  process.kill(redis.pid, 'SIGSTOP');
  await passTime(2_500);
  process.kill(redis.pid, 'SIGCONT');
}

async function stopAndStart(): Promise<void> {
  story.push('stop and start');
  const clocks = { now: Date.now, monotonicNow: () => performance.now() };
  const { redis: client, keys } = service;
  const before = { actor: 'test', reason: 'random', waitMs: 20_000 };
  const report = await stopSending({ redis: client, keys, ...clocks }, { flag: 'send', ...before });
  expect(report.state).toBe('quiesced');
  const begun = smtp.bodiesBegunAtMs.length;
  await passTime(200);
  expect(smtp.bodiesBegunAtMs.length, 'a body began after a confirmed stop').toBe(begun);
  await switchOn();
}

async function switchOn(): Promise<void> {
  const gate = await readGate(service.redis, service.keys);
  const change = { actor: 'test', reason: 'random', seenEpoch: gate?.epoch ?? 0 };
  await setFlag(service.redis, service.keys, { flag: 'send', value: 'on', ...change }, Date.now);
}

async function failProvider(how: string, script: Readonly<Record<string, SmtpStep>>): Promise<void> {
  story.push(`the provider ${how}`);
  smtp.play(script);
  await passTime(400);
  smtp.play({});
}

/** Posts on and on, slowly; a post without an answer is repeated with the same key, as a client would. */
async function keepPosting(poster: number, signal: AbortSignal): Promise<void> {
  for (let count = 0, answered = true; !signal.aborted || !answered; ) {
    const key = `poster-${poster}-${count}`;
    try {
      acknowledged.push(await service.post(poster === 0 ? resendEvent(key) : askEvent(key), key));
      count += 1;
      answered = true;
    } catch {
      // The API or its store is away. It will be back; and what was written without an answer is answered then.
      answered = false;
    }
    await passTime(20);
  }
}

/** The one place where time passes by itself: how long a fault lasts is the fault, not a guess at when it is over. */
function passTime(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function pick<T>(choices: readonly T[]): T {
  const chosen = choices[Math.floor(random() * choices.length)];
  if (chosen === undefined) throw new RangeError('nothing to choose from');
  return chosen;
}

/** Mulberry32: small, and the same choices for the same seed. */
function createRandom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
