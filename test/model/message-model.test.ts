import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  isEnded,
  messageMoves,
  messageStates,
  openStates,
  untouchedEnds,
  waitingStates,
} from '../../src/domain/message.ts';
import {
  claimMessage,
  commitAttempt,
  endMessage,
  giveBackClaim,
  isMoveAllowed,
  lapseClaim,
  type MessageFacts,
  requeueMessage,
} from './message-model.ts';
import {
  backOffRecipient,
  countRecipient,
  type RecipientCounts,
  uncountRecipient,
} from './recipient-model.ts';

const fresh: MessageFacts = {
  state: 'queued',
  reason: '',
  generation: 1,
  attempts: 0,
  resends: 0,
  createdAt: 0,
  owner: '',
};

type Move = (message: MessageFacts, nowMs: number) => MessageFacts;

/** Every rule, with owners of claims that were and of claims that never were. */
const move: fc.Arbitrary<Move> = fc.oneof(
  fc.nat(5).map(
    (n): Move =>
      (message, nowMs) =>
        ['queued', 'retrying'].includes(message.state)
          ? claimMessage(message, { owner: `o${n}`, claimMs: 10, lastBefore: undefined }, nowMs)
          : message,
  ),
  fc
    .tuple(
      fc.nat(5),
      fc.constantFrom('sent' as const, 'retrying' as const, 'dead' as const, 'unknown' as const),
    )
    .map(
      ([n, to]): Move =>
        (message, nowMs) =>
          commitAttempt(message, { owner: `o${n}`, to, reason: to }, nowMs).message,
    ),
  fc.nat(5).map(
    (n): Move =>
      (message) =>
        giveBackClaim(message, `o${n}`, 'stopped').message,
  ),
  fc.constantFrom('ask' as const, 'resend-once' as const).map(
    (policy): Move =>
      (message, nowMs) =>
        lapseClaim(message, policy, nowMs).message,
  ),
  fc.tuple(fc.constantFrom(...messageStates), fc.constantFrom(...messageStates)).map(
    ([from, to]): Move =>
      (message, nowMs) =>
        endMessage(message, { to, from: [from], reason: 'why' }, nowMs).message,
  ),
  fc.constantFrom('held' as const, 'dead' as const, 'unknown' as const).map(
    (from): Move =>
      (message, nowMs) =>
        requeueMessage(message, { from, reason: 'r', dueAt: 0 }, nowMs).message,
  ),
);

describe('the state machine', () => {
  test('only allowed moves are ever made, ends stay ends, and what was sent is never queued again', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(move, fc.nat(20)), { maxLength: 40, size: 'max' }), (moves) => {
        let message = fresh;
        let nowMs = 0;
        for (const [apply, passMs] of moves) {
          nowMs += passMs;
          const before = message;
          message = apply(before, nowMs);
          expect(message.state === before.state || isMoveAllowed(before.state, message.state)).toBe(true);
          // What a provider is known to have taken stays sent, or becomes so when the claim under way ends.
          const known =
            before.state === 'sent' || (before.state === 'claimed' && before.lateSent !== undefined);
          expect(known ? ['sent', before.state] : [message.state]).toContain(message.state);
          expect(message.attempts).toBeGreaterThanOrEqual(0);
          expect(message.generation).toBeGreaterThanOrEqual(before.generation);
          expect(message.resends).toBeLessThanOrEqual(1);
          // What may have left never ends as if it had not.
          expect(message.resends > 0 ? untouchedEnds : []).not.toContain(message.state);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('every state is reachable from queued, and every state is open, waiting or an end', () => {
    const reached = new Set<string>(['queued']);
    for (let grown = true; grown; ) {
      const next = messageStates.filter((from) => reached.has(from)).flatMap((from) => messageMoves[from]);
      grown = next.some((state) => !reached.has(state));
      for (const state of next) reached.add(state);
    }
    expect([...reached].sort()).toEqual([...messageStates].sort());
    for (const state of messageStates)
      expect(
        [openStates.includes(state), waitingStates.includes(state), isEnded(state)].filter(Boolean),
      ).toHaveLength(1);
  });
});

describe('an attempt', () => {
  const claimed = claimMessage(fresh, { owner: 'me', claimMs: 10, lastBefore: undefined }, 100);

  test('is ended by its owner alone', () => {
    expect(commitAttempt(claimed, { owner: 'other', to: 'retrying', reason: '' }, 101)).toEqual({
      answer: 'late',
      message: claimed,
    });
    expect(commitAttempt(claimed, { owner: 'me', to: 'sent', reason: '' }, 101)).toMatchObject({
      answer: 'done',
      message: { state: 'sent' },
    });
  });

  test('given back it does not count', () => {
    expect(giveBackClaim(claimed, 'me', 'stopped').message).toMatchObject({
      state: 'queued',
      attempts: 0,
      firstAttemptAt: undefined,
    });
  });

  test('lapses at its deadline and not before', () => {
    expect(lapseClaim(claimed, 'ask', 109).answer).toBe('live');
    expect(lapseClaim(claimed, 'ask', 110).answer).toBe('unknown');
    expect(lapseClaim(claimed, 'resend-once', 110).answer).toBe('queued');
    expect(lapseClaim({ ...claimed, resends: 1 }, 'resend-once', 110).answer).toBe('unknown');
  });
});

describe('a message that may have left', () => {
  const resent: MessageFacts = { ...fresh, resends: 1 };

  test.each(untouchedEnds)('is not %s but unknown, and the reason says what it would have been', (end) => {
    const asked = { to: end, from: ['queued'], reason: 'why' } as const;
    expect(endMessage(resent, asked, 0).message).toMatchObject({
      state: 'unknown',
      reason: `not-resent-${end}`,
    });
    expect(endMessage(fresh, asked, 0).message).toMatchObject({ state: end, reason: 'why' });
  });

  test('may be held, and discarded by a person', () => {
    const held = endMessage(resent, { to: 'held', from: ['queued'], reason: 'stopped' }, 0).message;
    expect(held).toMatchObject({ state: 'held', reason: 'stopped' });
    const discard = { to: 'discarded', from: ['held'], reason: 'why' } as const;
    expect(endMessage(held, discard, 0).message.state).toBe('discarded');
  });
});

test('a message expires at its not_after and not before', () => {
  const expire = { to: 'expired', from: ['queued'], reason: 'not-after' } as const;
  expect(endMessage({ ...fresh, notAfter: 100 }, expire, 99).answer).toBe('refused');
  expect(endMessage({ ...fresh, notAfter: 100 }, expire, 100).answer).toBe('done');
});

describe('what is counted for a recipient', () => {
  const none: RecipientCounts = { last: new Map(), day: 0, dayCount: 0, failures: 0, notBefore: 0 };

  test('taken back at once leaves everything as it was but the day', () => {
    const before = countRecipient(none, 'transactional', 50);
    const after = uncountRecipient(countRecipient(before, 'transactional', 60), 'transactional', {
      claimedAt: 60,
      lastBefore: 50,
    });
    expect(after).toEqual(before);
  });

  test('the pause doubles with each failure and never exceeds a day', () => {
    let counts = none;
    const pauses = Array.from({ length: 40 }, () => {
      counts = backOffRecipient(counts, 1_000, 0);
      return counts.notBefore;
    });
    expect(pauses.slice(0, 3)).toEqual([1_000, 2_000, 4_000]);
    expect(Math.max(...pauses)).toBe(86_400_000);
  });
});
