import { expect, test } from 'vitest';
import type { GateState } from './flags.ts';
import { checkIngest } from './gate-watch.ts';

const seen = (ingest: { value: 'on' | 'off'; until?: number }) => ({
  current: () => ({ flags: { ingest } }) as unknown as GateState,
});

test('an event is accepted while the intake is on, and not past its expiry', () => {
  expect(() => checkIngest(seen({ value: 'on', until: 10 }), 9)).not.toThrow();
  expect(() => checkIngest(seen({ value: 'on', until: 10 }), 10)).toThrow(
    expect.objectContaining({ code: 'ingestion-paused' }),
  );
});

test('a pause and a gate that cannot be read are told apart', () => {
  expect(() => checkIngest(seen({ value: 'off' }), 0)).toThrow(
    expect.objectContaining({ code: 'ingestion-paused' }),
  );
  expect(() => checkIngest({ current: () => undefined }, 0)).toThrow(
    expect.objectContaining({ code: 'store-unavailable' }),
  );
});
