import { describe, expect, test } from 'vitest';
import { someMessageId } from '../../test/support/some-ids.ts';
import type { FlagName } from '../domain/flags.ts';
import type { StoreMark } from '../domain/store-mark.ts';
import type { GateWatch } from '../gate/gate-watch.ts';
import type { Claim } from '../gate/permits.ts';
import { createFence } from './fence.ts';

const permitDeadlineMs = 250;
const attemptTimeoutMs = 30_000;

const toMark = (epoch: number): StoreMark => ({ lineage: '1.aaaaaaaa', epoch, changes: 7 });
const knowsNothing: GateWatch['knowledge'] = {
  known: () => undefined,
  note: () => undefined,
  state: () => ({ kind: 'confirmed' }),
  witnessError: () => undefined,
};

/** A permit of epoch 5, asked for by a worker that knew epoch 5, with clocks and a gate that one sets by hand. */
function createStage(given: { knownEpoch?: number; leftMs?: number } = {}) {
  const { knownEpoch = 5, leftMs = Infinity } = given;
  const off = new Set<FlagName>();
  const stop = new AbortController();
  const at = { monotonicMs: 1_000, wallMs: 1_000_000, epoch: knownEpoch };
  const watch: Pick<GateWatch, 'stopSignal' | 'knowledge' | 'isOn'> = {
    stopSignal: () => stop.signal,
    knowledge: { ...knowsNothing, known: () => toMark(at.epoch) },
    isOn: (...flags) => !flags.some((flag) => off.has(flag)),
  };
  const message = { id: someMessageId, channel: 'email', category: 'promotional' };
  const deps = {
    watch: watch as GateWatch,
    permitDeadlineMs,
    attemptTimeoutMs,
    now: () => at.wallMs,
    monotonicNow: () => at.monotonicMs,
  };
  const claim = { mark: toMark(5), leftMs, message: message as Claim['message'] };
  const asked = { monotonicMs: 1_000, wallMs: 1_000_000, mark: toMark(knownEpoch) };
  const fence = createFence(deps, claim, asked);
  const judge = (step: 'envelope' | 'body'): string => (fence.mayWrite(step) ? 'go' : fence.refusal());
  return { at, off, stop, judge };
}

describe('the fence', () => {
  test('lets a fresh permit pass, at both steps', () => {
    const { judge } = createStage();
    expect([judge('envelope'), judge('body')]).toEqual(['go', 'go']);
  });

  test.each<[string, 'monotonicMs' | 'wallMs']>([
    ['a worker that was frozen', 'monotonicMs'],
    ['a machine that slept, and its monotonic clock with it', 'wallMs'],
  ])('holds back %s', (_who, clock) => {
    const { at, judge } = createStage();
    at[clock] += permitDeadlineMs;
    expect(judge('envelope')).toBe('go');
    at[clock] += 1;
    expect([judge('envelope'), judge('body')]).toEqual(['permit-too-old', 'go']);
    at[clock] += attemptTimeoutMs;
    expect(judge('body')).toBe('permit-too-old');
  });

  test('holds back what has come to its not_after since the permit', () => {
    const { at, judge } = createStage({ leftMs: 5_000 });
    at.monotonicMs += 4_999;
    expect(judge('body')).toBe('go');
    at.monotonicMs += 1;
    expect(judge('body')).toBe('not-after');
  });

  test.each<FlagName>(['send', 'send:email', 'send:promotional'])(
    'holds back when %s was switched off since the permit',
    (flag) => {
      const { at, off, judge } = createStage();
      at.epoch = 6;
      off.add(flag);
      expect(judge('body')).toBe('stopped');
    },
  );

  test('lets pass when something else was switched since', () => {
    const { at, off, judge } = createStage();
    at.epoch = 6;
    off.add('send:sms').add('ingest');
    expect(judge('body')).toBe('go');
  });

  test('holds back at once when the channel stops', () => {
    const { stop, judge } = createStage();
    stop.abort();
    expect(judge('envelope')).toBe('stopped');
  });

  test('holds back a permit of an epoch before the one known when it was asked for: the store went back in time', () => {
    expect(createStage({ knownEpoch: 6 }).judge('envelope')).toBe('store-went-back');
  });
});
