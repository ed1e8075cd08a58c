import { expect, test } from 'vitest';
import { writeStatus } from './describe-status.ts';

const depth = { waiting: 2, active: 0, delayed: 0, oldestAgeMs: 0 };

test('a status says what is sent, what waits, what is latched, and up to where the audit goes', () => {
  const facts = {
    send: {
      isSending: false,
      mode: 'production',
      reason: 'stopped: wrong date',
      epoch: 3,
      inFlight: 0,
      flags: {},
    },
    queue: {
      queues: { events: depth, email: depth, sms: depth },
      messages: { sent: 7, held: 1, unknown: 2 },
      held: {},
      deadLetters: 4,
      parked: { events: 0, messages: 0 },
      isIngestPaused: true,
      areConsumersPaused: false,
    },
    standing: {
      judgement: undefined,
      slos: undefined,
      latches: new Map([['p95', 'inc-1']]),
      isFresh: false,
    },
    proof: undefined,
    audit: { head: '', count: 0 },
  };
  expect(writeStatus(facts as never)).toEqual([
    'sending: no (stopped: wrong date), mode production',
    'paused: intake yes, consumers no',
    'messages: 6 waiting, 7 sent, 1 held, 4 dead, 2 unknown',
    'triggers: 5xx no-data, tokens no-data, depth no-data, p95 no-data; latched: p95',
    'proof of life: off',
    'audit: 0 lines, head none',
  ]);
});
