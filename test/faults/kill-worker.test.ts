import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EventId, parseEventId } from '../../src/domain/ids.ts';
import { readEventRecord } from '../../src/store/event-record.ts';
import { type MessageRecord, readMessageRecord } from '../../src/store/message-record.ts';
import { type CuttableProxy, startCuttableProxy } from '../support/cuttable-proxy.ts';
import { type ScriptedSmtp, startScriptedSmtp } from '../support/scripted-smtp.ts';
import { type Service, startService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';
import { askEvent, countCopies, findBreaches, resendEvent, waitForRest } from './invariants.ts';

/**
 * DLV-3: a sender is killed with SIGKILL at every step of an attempt, with one message of each policy under way. Each
 * step has a sender and a provider of its own; afterwards one healthy sender finishes the work. The provider counts
 * copies by Message-ID.
 */
interface Step {
  readonly name: string;
  /** Makes the provider (or the way to the store) stand still at the step. */
  arrange(smtp: ScriptedSmtp, proxy: CuttableProxy): void;
  /** True when both attempts have come to the step. */
  isReached(smtp: ScriptedSmtp, states: readonly string[], log: readonly string[]): boolean;
  /** What the step leaves behind: was the message claimed, and does the provider have it? */
  readonly claimed: boolean;
  readonly taken: boolean;
}

const bothClaimed = (states: readonly string[]): boolean => states.every((state) => state === 'claimed');

const steps: readonly Step[] = [
  {
    name: 'after the claim, waiting for the answer to MAIL',
    arrange: (smtp) => smtp.play({ mail: 'hang' }),
    isReached: (smtp, states) => bothClaimed(states) && countCommands(smtp, 'MAIL') === 2,
    claimed: true,
    taken: false,
  },
  {
    name: 'after the claim, waiting for the answer to DATA',
    arrange: (smtp) => smtp.play({ data: 'hang' }),
    isReached: (smtp, states) => bothClaimed(states) && countCommands(smtp, 'DATA') === 2,
    claimed: true,
    taken: false,
  },
  {
    name: 'during the body',
    arrange: (smtp) => smtp.play({ body: 'hang' }),
    isReached: (smtp, states) => bothClaimed(states) && smtp.bodiesBegunAtMs.length === 2,
    claimed: true,
    taken: false,
  },
  {
    name: 'after the body, before the answer',
    arrange: (smtp) => smtp.play({ dot: 'hang' }),
    isReached: (smtp, states) => bothClaimed(states) && smtp.messages.length === 2,
    claimed: true,
    taken: true,
  },
  {
    name: 'after the answer, before the commit',
    arrange: (smtp, proxy) =>
      smtp.play({
        dot: () => {
          // Both are claimed and whole; from here on nothing of this sender reaches the store.
          if (smtp.messages.length < 2) return { reply: '250 2.0.0 Ok: queued as Q1000', afterMs: 300 };
          proxy.freeze();
          return undefined;
        },
      }),
    isReached: (_smtp, _states, log) =>
      log.filter((line) => line.includes('"outcome":"accepted"')).length === 2,
    claimed: true,
    taken: true,
  },
  // The last one, since a message without a claim is free for the sender of the next step.
  {
    name: 'before the claim, waiting for the greeting',
    arrange: (smtp) => smtp.play({ greeting: 'hang' }),
    isReached: (smtp, states) => smtp.openNow >= 2 && states.every((state) => state === 'queued'),
    claimed: false,
    taken: false,
  },
];

interface Fate {
  readonly message: MessageRecord;
  readonly copies: number;
}

let service: Service;
let healthy: ScriptedSmtp;
const servers: ScriptedSmtp[] = [];
const proxies: CuttableProxy[] = [];
const events = new Map<string, { ask: string; resend: string }>();

beforeAll(async () => {
  healthy = await startScriptedSmtp();
  servers.push(healthy);
  service = await startService({
    // A claim outlives the killing of all senders, so that no step meets the messages of another.
    environment: { ATTEMPT_TIMEOUT_SECONDS: '30', SEND_CONCURRENCY: '2' },
    processes: ['planner', 'api'],
  });
  for (const step of steps) await killAt(step);
  await service.startProcess('guard');
  await service.startProcess('sender', 'healthy', { SMTP_URL: `smtp://127.0.0.1:${healthy.port}` });
  await waitForRest(service, 100_000);
}, 200_000);
afterAll(async () => {
  await service?.stop();
  for (const server of [...servers, ...proxies]) await server.close();
});

describe.each(steps)('DLV-3: a sender killed $name', (step) => {
  test('policy ask: sent once, or unknown and never sent again', async () => {
    const { message, copies } = await readFate(step.name, 'ask');
    expect(copies).toBe(!step.claimed || step.taken ? 1 : 0);
    expect(message.state).toBe(step.claimed ? 'unknown' : 'sent');
    expect(message.resends).toBe(0);
  });

  test('policy resend-once: ends sent, with one resend at most and the same Message-ID', async () => {
    const { message, copies } = await readFate(step.name, 'resend');
    expect(message.state).toBe('sent');
    expect(copies).toBe(step.taken ? 2 : 1);
    expect(message.resends).toBe(step.claimed ? 1 : 0);
  });
});

test('REL-1: after all these deaths every invariant holds', async () => {
  const breaches = await findBreaches(service, {
    acknowledged: [...events.values()].flatMap(({ ask, resend }) => [ask, resend]),
    received: servers.flatMap(({ messages }) => messages),
    copiesMax: ({ type }) => (type === 'receipt' ? 2 : 1),
  });
  expect(breaches).toEqual([]);
});

async function killAt(step: Step): Promise<void> {
  const smtp = await startScriptedSmtp();
  const proxy = await startCuttableProxy(Number(new URL(service.redisUrl).port));
  servers.push(smtp);
  proxies.push(proxy);
  step.arrange(smtp, proxy);
  const sender = await service.startProcess('sender', step.name.replaceAll(/\W+/g, '-'), {
    SMTP_URL: `smtp://127.0.0.1:${smtp.port}`,
    REDIS_URL: `redis://127.0.0.1:${proxy.port}`,
  });
  const key = `step-${steps.indexOf(step)}`;
  const ask = await service.post(askEvent(`${key}-ask`), `${key}-ask`);
  const resend = await service.post(resendEvent(`${key}-resend`), `${key}-resend`);
  events.set(step.name, { ask, resend });
  await waitFor(
    `both attempts ${step.name}`,
    async () => {
      const states = [await readState(ask), await readState(resend)];
      const log = sender.lastLines();
      return { states, reached: step.isReached(smtp, states, log), log: log.slice(-3) };
    },
    ({ reached }) => reached,
    { deadlineMs: 14_000 },
  );
  sender.signal('SIGKILL');
  await sender.exited;
}

async function readState(eventId: string): Promise<string> {
  return (await readMessage(eventId))?.state ?? 'not planned';
}

async function readMessage(eventId: string): Promise<MessageRecord | undefined> {
  const id = parseEventId(eventId) as EventId;
  const [message] = (await readEventRecord(service.redis, service.keys, id))?.messages ?? [];
  return message === undefined
    ? undefined
    : await readMessageRecord(service.redis, service.keys.of(message), message);
}

async function readFate(step: string, policy: 'ask' | 'resend'): Promise<Fate> {
  const message = await readMessage(events.get(step)?.[policy] ?? '');
  if (message === undefined) throw new Error(`the message of "${step}" is gone`);
  const copies = countCopies(servers.flatMap(({ messages }) => messages));
  return { message, copies: copies.get(message.id) ?? 0 };
}

function countCommands(smtp: ScriptedSmtp, verb: string): number {
  return smtp.commands.filter((line) => line.toUpperCase().startsWith(verb)).length;
}
