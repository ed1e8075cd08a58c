import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Issuer, startIssuer } from '../../local/issuer.ts';
import { type CuttableRedis, startCuttableRedis } from '../support/preload/cuttable-redis.ts';
import { whyNoPreload } from '../support/preload/preload.ts';
import { type ScriptedSmtp, type SmtpStep, startScriptedSmtp } from '../support/scripted-smtp.ts';
import { type ProcessKind, type Service, startService } from '../support/service.ts';
import { createServiceClient, issuerClients, type ServiceClient } from '../support/service-client.ts';
import { waitFor } from '../support/wait-for.ts';
import { askEvent, findBreaches, resendEvent, waitForRest } from './invariants.ts';
import { stopAndQuiesce, switchOn } from './switch-sending.ts';

/** `FAULT_SECONDS` makes it a long run, `FAULT_SEED` repeats one (its choices; the timing of a machine never repeats). */
const faultMs = 1_000 * Number(process.env['FAULT_SECONDS'] ?? '20');
const seed = Number(process.env['FAULT_SEED'] ?? Date.now() % 1_000_000);
/** How long everything may take to be well again after the last fault. */
const healMs = 90_000;
const posterCount = 3;

let dir = '';
let redis: CuttableRedis;
let issuer: Issuer;
let smtp: ScriptedSmtp;
let service: Service;
/** With tokens of the issuer that comes and goes. */
let client: ServiceClient;
const acknowledged: string[] = [];
const story: string[] = [];
const random = createRandom(seed);

const obstacle = await whyNoPreload();

beforeAll(async () => {
  if (obstacle !== undefined) return;
  dir = await mkdtemp(join(tmpdir(), 'random-faults-'));
  redis = await startCuttableRedis({ dir });
  issuer = await startOurIssuer(0);
  smtp = await startScriptedSmtp();
  service = await startService({
    redisUrl: redis.url,
    environment: {
      SMTP_URL: `smtp://127.0.0.1:${smtp.port}`,
      ATTEMPT_TIMEOUT_SECONDS: '1',
      SEND_CONCURRENCY: '4',
      AUTH_ISSUER: issuer.url,
      AUTH_JWKS_URL: issuer.jwksUrl,
      QUARANTINE_KEYS: `test:${Buffer.alloc(32, 7).toString('base64')}`,
    },
    processes: ['planner', 'guard', 'sender', 'sender', 'api'],
  });
  client = createServiceClient(service.url, issuer);
}, 60_000);
afterAll(async () => {
  await service?.stop();
  await smtp?.close();
  await issuer?.stop();
  await redis?.stop();
  await rm(dir, { recursive: true, force: true });
});

test(
  'REL-1: after kills, stops, Redis restarts and a failing provider in random order every invariant holds',
  async (context) => {
    context.skip(obstacle !== undefined, obstacle);
    const life = new AbortController();
    const posters = Array.from({ length: posterCount }, (_, poster) => keepPosting(poster, life.signal));
    await Promise.all([...posters, breakThings().finally(() => life.abort())]);
    smtp.play({});
    await switchOn(service);
    await waitForJudged();
    await waitForRest(service, healMs);
    const breaches = await findBreaches(service, {
      acknowledged,
      received: smtp.messages,
      copiesMax: ({ type }) => (type === 'receipt' ? 2 : 1),
    });
    const told = `seed ${seed}: ${breaches.join('; ')} after ${story.join(', ')}`;
    expect(breaches, told).toEqual([]);
    expect(acknowledged.length).toBeGreaterThan(20);
  },
  faultMs + 2 * healMs,
);

async function startOurIssuer(port: number): Promise<Issuer> {
  return await startIssuer({ port, clients: issuerClients, keysDir: dir });
}

async function waitForJudged(): Promise<void> {
  await waitFor(
    'nothing in quarantine any more',
    () => service.redis.zcard(service.keys.shard(0).eventsQuarantined),
    (count) => count === 0,
    { deadlineMs: healMs, everyMs: 100 },
  );
}

async function breakThings(): Promise<void> {
  const endAt = performance.now() + faultMs;
  while (performance.now() < endAt) await pick(faults)();
}

/** What may go wrong next. Each heals itself, so that faults follow one another and do not only pile up. */
const faults: readonly (() => Promise<void>)[] = [
  () => killAndReplace('sender'),
  () => killAndReplace('sender-2'),
  () => killAndReplace('planner'),
  () => killAndReplace('guard'),
  () => killAndReplace('api'),
  () => loseRedis('kill Redis', () => redis.kill()),
  () => loseRedis('cut the power of Redis', () => redis.cut()),
  () => loseRedis('fill the disk of Redis', () => redis.fillDisk()),
  freezeRedis,
  freezeSender,
  loseIssuer,
  rotateKeys,
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

async function loseRedis(how: string, lose: () => Promise<unknown>): Promise<void> {
  story.push(how);
  await lose();
  await redis.restart();
}

async function freezeRedis(): Promise<void> {
  story.push('freeze Redis');
  redis.freeze();
  await passTime(2_500);
  redis.thaw();
}

/** For longer than a claim lives. */
async function freezeSender(): Promise<void> {
  story.push('freeze a sender');
  const victim = service.processes.get('sender');
  victim?.signal('SIGSTOP');
  await passTime(4_000);
  victim?.signal('SIGCONT');
}

/** A new API that finds no issuer has no key: what comes in is quarantined until the issuer is back. */
async function loseIssuer(): Promise<void> {
  story.push('stop the issuer');
  await issuer.stop();
  await killAndReplace('api');
  await passTime(500);
  issuer = await startOurIssuer(Number(new URL(issuer.url).port));
}

async function rotateKeys(): Promise<void> {
  story.push('rotate the keys');
  await issuer.rotateKeys();
}

async function stopAndStart(): Promise<void> {
  story.push('stop and start');
  await stopAndQuiesce(service);
  const begun = smtp.bodiesBegunAtMs.length;
  await passTime(200);
  expect(smtp.bodiesBegunAtMs.length, 'a body began after a confirmed stop').toBe(begun);
  await switchOn(service);
}

async function failProvider(how: string, script: Readonly<Record<string, SmtpStep>>): Promise<void> {
  story.push(`the provider ${how}`);
  smtp.play(script);
  await passTime(400);
  smtp.play({});
}

/** Posts on and on, slowly; a post without an answer is repeated with the same key, as a client would. */
async function keepPosting(poster: number, signal: AbortSignal): Promise<void> {
  for (let count = 0; !signal.aborted; count += 1) {
    const key = `poster-${poster}-${count}`;
    acknowledged.push(await insistOn(key, poster === 0 ? resendEvent(key) : askEvent(key)));
    await passTime(20);
  }
}

/** The API or its store may be away. It will be back; and what was written without an answer is answered then. */
async function insistOn(key: string, event: Readonly<Record<string, unknown>>): Promise<string> {
  for (const giveUpAt = performance.now() + healMs; ; await passTime(20)) {
    try {
      return await client.post(event, key);
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
    }
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
