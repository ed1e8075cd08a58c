import { setTimeout as sleep } from 'node:timers/promises';
import { askEvent } from '../faults/invariants.ts';
import { createCrowd } from '../support/crowd.ts';
import { hostileTexts, writeAt } from '../support/hostile-values.ts';
import { kannelReplies } from '../support/kannel-replies.ts';
import type { HttpStep } from '../support/scripted-http.ts';
import type { SmtpScript } from '../support/scripted-smtp.ts';
import { anEvent } from '../support/service.ts';
import type { Random } from './random.ts';
import { restoreOlderCopy, type StoreRestore, settleRestoredMessages } from './restore-store.ts';
import type { World } from './world.ts';

export interface FaultContext {
  readonly world: World;
  readonly random: Random;
  readonly restores: StoreRestore[];
  /** A number that is used once. */
  readonly nextNumber: () => number;
}

export interface Fault {
  readonly name: string;
  /** Recovery takes minutes: left out of storms of seconds. */
  readonly isSlow?: true;
  /** Breaks something and repairs it before it resolves; throws when the repair fails. */
  readonly act: (context: FaultContext) => Promise<void>;
}

const processes = ['api', 'planner', 'guard', 'sender', 'sender-2'] as const;
const hourMs = 3_600_000;
/** Longer than a claim lives, and than a job's lock. */
const frozenMs = 4_000;

/** Every fault of REL-2, and hostile traffic. Add a line: every storm from then on includes it. */
export const faults: readonly Fault[] = [
  ...processes.map((name) => fault(`kill ${name}`, ({ world }) => world.processes.kill(name))),
  ...processes.map((name) => fault(`freeze ${name}`, ({ world }) => world.processes.freeze(name, frozenMs))),
  ...storeFaults(),
  ...issuerFaults(),
  ...mailFaults({
    'drops at the greeting': { greeting: 'drop' },
    'is silent at the greeting': { greeting: 'hang' },
    'is busy': { mail: { reply: '451 4.3.0 try again' } },
    'is closing': { mail: { reply: '421 4.3.2 service shutting down', thenDrop: true } },
    'does not know the recipient': { rcpt: { reply: '550 5.1.1 no such user' } },
    'drops before the body': { data: 'drop' },
    'drops in the body': { body: 'drop' },
    'refuses in the body': { body: { reply: '554 5.6.0 too much', thenDrop: true } },
    'refuses the message': { dot: { reply: '554 5.7.1 looks like spam' } },
    'drops after the message': { dot: 'drop' },
    'is silent after the message': { dot: 'hang' },
    'replies late': { dot: { reply: '250 2.0.0 Ok: queued as Q1', afterMs: 900 } },
  }),
  ...textFaults({
    drops: 'drop',
    'is silent': 'hang',
    'fails internally': { status: 500 },
    'has no route': kannelReplies.notRoutable,
  }),
  slowFault('texts: the gateway is busy', ({ world }) => failTexts(world, kannelReplies.temporalFailure)),
  slowFault('texts: our password is wrong', ({ world }) => failTexts(world, kannelReplies.unauthorized)),
  slowFault('mail: our account is blocked', ({ world, random }) =>
    failMail(world, random, { mail: { reply: '530 5.7.0 authentication required' } }),
  ),
  ...clockFaults(),
  fault('a hostile value', postHostile),
  fault('a crowd of strangers', floodWithStrangers),
  slowFault('a message that kills senders', (context) => postPoison(context, 'sender:kill')),
  slowFault('a message that hangs senders', (context) => postPoison(context, 'sender:hang')),
  slowFault('an event that kills planners', (context) => postPoison(context, 'planner:kill')),
];

function fault(name: string, act: Fault['act']): Fault {
  return { name, act };
}

function slowFault(name: string, act: Fault['act']): Fault {
  return { name, isSlow: true, act };
}

function storeFaults(): Fault[] {
  const lose = (name: string, act: (redis: World['redis']) => Promise<unknown>): Fault =>
    fault(`store: ${name}`, async ({ world }) => {
      await act(world.redis);
      await world.redis.restart();
    });
  const configure = (name: string, on: readonly string[], off: readonly string[]): Fault =>
    fault(`store: ${name}`, async ({ world }) => {
      const { redis } = world.service;
      await redis.call(...(on as [string, ...string[]]));
      await sleep(1_500);
      await redis.call(...(off as [string, ...string[]]));
    });
  return [
    lose('killed', (redis) => redis.kill()),
    lose('power cut', (redis) => redis.cut()),
    lose('disk full', (redis) => redis.fillDisk()),
    configure('memory full', ['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0']),
    configure('read-only', ['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE']),
    fault('store: frozen', async ({ world: { redis } }) => {
      redis.freeze();
      await sleep(2_500);
      redis.thaw();
    }),
    fault('store: replies lost', async ({ world: { wire } }) => {
      wire.freeze();
      await sleep(1_000);
      wire.thaw();
    }),
    fault('store: connections cut', async ({ world: { wire } }) => wire.thaw()),
    slowFault('store: put back in time', async ({ world, random, restores }) => {
      const afterStop = random.next() < 0.5;
      await world.sending.alone(async () => {
        restores.push(await restoreOlderCopy(world, afterStop));
      });
      await settleRestoredMessages(world);
    }),
  ];
}

function issuerFaults(): Fault[] {
  return [
    // A new API that finds no issuer has no key: what comes in is quarantined until the issuer is back.
    fault('issuer: away, and the API is new', async ({ world }) => {
      await world.withoutIssuer(async () => {
        await world.processes.kill('api');
        await sleep(500);
      });
    }),
    fault('issuer: away', async ({ world }) => world.withoutIssuer(() => sleep(2_000))),
    fault('issuer: rotates its keys', ({ world }) => world.rotateKeys()),
  ];
}

function clockFaults(): Fault[] {
  const steps = { 'an hour ahead': hourMs, 'an hour behind': -hourMs, 'a minute ahead': 60_000 };
  return (['api', 'workers'] as const).flatMap((whose) =>
    Object.entries(steps).map(([step, ms]) =>
      fault(`clock: ${whose} ${step}`, async ({ world: { clocks } }) => {
        await clocks[whose].stepTo(ms);
        await sleep(1_500);
        await clocks[whose].stepTo(0);
      }),
    ),
  );
}

function mailFaults(scripts: Readonly<Record<string, SmtpScript>>): Fault[] {
  return Object.entries(scripts).map(([how, script]) =>
    fault(`mail: the provider ${how}`, ({ world, random }) => failMail(world, random, script)),
  );
}

/** One of the two, or both. */
async function failMail({ providers }: World, random: Random, script: SmtpScript): Promise<void> {
  const [first, second] = providers.mail;
  const failing = random.pick([[first], [second], [first, second]]);
  for (const provider of failing) provider.play(script);
  await sleep(400);
  for (const provider of failing) provider.play({});
}

function textFaults(steps: Readonly<Record<string, HttpStep>>): Fault[] {
  return Object.entries(steps).map(([how, step]) =>
    fault(`texts: the gateway ${how}`, ({ world }) => failTexts(world, step)),
  );
}

async function failTexts({ providers }: World, step: HttpStep): Promise<void> {
  providers.answerTexts(step);
  await sleep(1_000);
  providers.answerTexts();
}

const hostileBytes = 60_000;
const hostilePlaces: readonly (readonly string[])[] = [
  [],
  ['type'],
  ['idempotency_key'],
  ['not_after'],
  ['recipient'],
  ['recipient', 'email'],
  ['recipient', 'name'],
  ['recipient', 'locale'],
  ['recipient', 'time_zone'],
  ['data'],
  ['data', 'match_score'],
  ['data', 'scholarship_id'],
  ['data', 'apply_url'],
];

/** What is accepted of it must be sent like anything else; what is not must be refused with a 4xx. */
async function postHostile({ world, random, nextNumber }: FaultContext): Promise<void> {
  for (let count = 0; count < 5; count += 1) {
    const [name, write] = random.pick(Object.entries(hostileTexts));
    const base = askEvent(`hostile-${nextNumber()}`);
    const place = random.pick(hostilePlaces);
    const answer = await world.traffic.post(writeAt(base, place, write(hostileBytes)));
    if (answer !== undefined && answer.status >= 500)
      throw new Error(`${name} at /${place.join('/')} was answered ${answer.status}`);
  }
}

async function postPoison({ world, nextNumber }: FaultContext, text: string): Promise<void> {
  const key = `poison-${nextNumber()}`;
  const data = { student_id: 'stu_1', scholarship_id: text, match_score: 90 };
  const event = { idempotency_key: key, ...anEvent({ email: `${key}@example.com` }), data };
  await world.traffic.post(JSON.stringify(event));
}

/** None of them has a valid token. */
async function floodWithStrangers({ world: { service } }: FaultContext): Promise<void> {
  const crowd = createCrowd(service.url);
  const head = 'POST /api/events HTTP/1.1\r\nHost: x\r\n';
  const body = JSON.stringify({ idempotency_key: 'stranger', ...anEvent() });
  crowd.flood(2, () => crowd.ask('/api/events', { body }));
  crowd.flood(2, (turn) => crowd.ask('/api/events', { body, token: `a.b.${turn}` }));
  crowd.flood(1, async () => {
    (await crowd.connect(`GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n`)).destroy();
  });
  for (let count = 0; count < 40; count += 1) {
    await crowd.connect(head, { reads: true });
    await crowd.connect(`${head}Content-Length: 500\r\n\r\n{`);
    await crowd.connect('GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(50));
  }
  await sleep(2_000);
  await crowd.stop();
}
