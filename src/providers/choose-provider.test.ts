import { describe, expect, test } from 'vitest';
import type { AttemptOutcome } from '../domain/outcome.ts';
import { createProviderSet, type ProviderChoice, type ProviderSet } from './choose-provider.ts';
import { createNullProvider } from './null-provider.ts';
import type { OutgoingEmail, OutgoingSms, Provider } from './provider.ts';

const breaker = { failuresInRowMax: 2, failureShareMax: 1, samplesMax: 10, openMs: 1000, probeMs: 500 };
const notSent: AttemptOutcome = { kind: 'not-sent', code: 'x', detail: '' };
const accepted: AttemptOutcome = { kind: 'accepted', providerRef: 'x', detail: '' };
const never = new AbortController().signal;

describe('the choice', () => {
  test('is the first provider while it works', () => {
    const set = createSet();
    report(set, accepted, 0);
    expect(nameOf(set.chooseProvider('email', 1))).toBe('first');
  });

  test('falls over to the second when the first has failed too often, and comes back by one probe', () => {
    const set = createSet();
    report(set, notSent, 0);
    report(set, 'unavailable', 0);
    expect(nameOf(set.chooseProvider('email', 1))).toBe('second');
    expect(nameOf(set.chooseProvider('email', 1000))).toBe('first');
    expect(nameOf(set.chooseProvider('email', 1001))).toBe('second');
  });

  test('is another than the one that failed this message, and that one again when it is alone', () => {
    const set = createSet();
    expect(nameOf(set.chooseProvider('email', 0, 'first'))).toBe('second');
    expect(nameOf(set.chooseProvider('email', 0, 'second'))).toBe('first');
    const alone = createSet([createNullProvider<OutgoingEmail>('first', 'email')]);
    expect(nameOf(alone.chooseProvider('email', 0, 'first'))).toBe('first');
  });

  test('tells whether another provider is ready', () => {
    const set = createSet();
    expect(set.isAnotherReady('email', 'first', 0)).toBe(true);
    report(set, { kind: 'slow-down', code: '429', detail: '', retryAfterMs: 5000 }, 0);
    expect(set.isAnotherReady('email', 'second', 0)).toBe(false);
    expect(set.isAnotherReady('email', 'second', 5000)).toBe(true);
    expect(set.isAnotherReady('sms', 'first', 0)).toBe(false);
  });

  test('leaves a throttled provider alone for as long as it asked', () => {
    const set = createSet();
    report(set, { kind: 'slow-down', code: '429', detail: '', retryAfterMs: 5000 }, 0);
    expect(nameOf(set.chooseProvider('email', 4999))).toBe('second');
    expect(nameOf(set.chooseProvider('email', 5000))).toBe('first');
  });

  test('a block of the whole fleet is waited for, and says nothing against the provider', () => {
    const set = createSet([createNullProvider<OutgoingEmail>('first', 'email')]);
    // More of them at once than the breaker forgives faults.
    const under = Array.from({ length: 5 }, () => set.chooseProvider('email', 0));
    for (const choice of under) {
      if (choice.kind !== 'chosen') throw new Error(choice.kind);
      choice.block(1_000, 0);
      choice.report('unused', 0);
    }
    expect(set.chooseProvider('email', 999)).toEqual({ kind: 'none-ready', retryAtMs: 1_000 });
    expect(nameOf(set.chooseProvider('email', 1_000))).toBe('first');
    expect(set.listStatuses(1_000)).toMatchObject([{ provider: 'first', breaker: 'closed' }]);
  });

  test('a slow-down without a time takes the configured one', () => {
    const set = createSet();
    report(set, { kind: 'slow-down', code: '421', detail: '' }, 0);
    expect(nameOf(set.chooseProvider('email', 1999))).toBe('second');
    expect(nameOf(set.chooseProvider('email', 2000))).toBe('first');
  });

  test('tells when to ask again when none is ready', () => {
    const set = createSet();
    for (let time = 0; time < 4; time += 1) report(set, notSent, 100);
    expect(set.chooseProvider('email', 200)).toEqual({ kind: 'none-ready', retryAtMs: 1100 });
  });

  test('tells a channel without providers from one whose providers are not ready', () => {
    expect(createSet().chooseProvider('sms', 0)).toEqual({ kind: 'none-configured' });
  });

  test('a probe that was not used is given back', () => {
    const set = createSet();
    report(set, notSent, 0);
    report(set, notSent, 0);
    report(set, 'unused', 1000);
    expect(nameOf(set.chooseProvider('email', 1000))).toBe('first');
  });

  test('an end that is reported twice counts once', () => {
    const set = createSet();
    const choice = set.chooseProvider('email', 0);
    if (choice.kind !== 'chosen') throw new Error('none chosen');
    choice.report(notSent, 0);
    choice.report(notSent, 0);
    expect(nameOf(set.chooseProvider('email', 1))).toBe('first');
  });
});

test('every provider stands with its breaker and its block', () => {
  const set = createSet();
  report(set, { kind: 'slow-down', code: '429', detail: '', retryAfterMs: 5000 }, 1000);
  report(set, notSent, 1000);
  report(set, notSent, 1000);
  expect(set.listStatuses(2000)).toEqual([
    { provider: 'first', breaker: 'closed', blockedForMs: 4000 },
    { provider: 'second', breaker: 'open', openForMs: 1000 },
  ]);
  expect(set.listStatuses(6000)[0]).toEqual({ provider: 'first', breaker: 'closed' });
});

describe('health', () => {
  test('asks every provider', async () => {
    expect(await createSet().listHealth(never)).toMatchObject([
      { provider: 'first', ok: true },
      { provider: 'second', ok: true },
    ]);
  });

  test('a check that never ends does not hold the answer up', async () => {
    const hanging: Provider<OutgoingEmail> = {
      ...createNullProvider<OutgoingEmail>('hanging', 'email'),
      checkHealth: () => new Promise(() => undefined),
    };
    const set = createSet([hanging]);
    expect(await set.listHealth(never)).toMatchObject([
      { provider: 'hanging', ok: false, status: 'unreachable' },
    ]);
  });
});

test('two providers of one name are refused', () => {
  const twin = createNullProvider<OutgoingEmail>('twin', 'email');
  expect(() => createSet([twin, twin])).toThrow('same name');
});

function createSet(
  email: readonly Provider<OutgoingEmail>[] = [
    createNullProvider<OutgoingEmail>('first', 'email'),
    createNullProvider<OutgoingEmail>('second', 'email'),
  ],
): ProviderSet {
  return createProviderSet({ providers: { email, sms: [] }, breaker, slowDownMs: 2000, healthTimeoutMs: 50 });
}

function report(set: ProviderSet, end: AttemptOutcome | 'unavailable' | 'unused', nowMs: number): void {
  const choice = set.chooseProvider('email', nowMs);
  if (choice.kind === 'chosen') choice.report(end, nowMs);
}

function nameOf(choice: ProviderChoice<OutgoingEmail> | ProviderChoice<OutgoingSms>): string {
  return choice.kind === 'chosen' ? choice.provider.name : choice.kind;
}
