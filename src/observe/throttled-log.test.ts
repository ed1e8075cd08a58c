import { expect, test } from 'vitest';

import { createLog } from './log.ts';
import { createThrottledLog } from './throttled-log.ts';

function captureThrottled() {
  const lines: Record<string, unknown>[] = [];
  const log = createLog({
    level: 'info',
    service: 'worker',
    version: '0',
    destination: { write: (line) => void lines.push(JSON.parse(line)) },
  });
  const clock = { nowMs: 0 };
  const throttled = createThrottledLog({ log, nowMs: () => clock.nowMs, linesMax: 2, windowMs: 1000 });
  return { lines, clock, throttled };
}

test('a hot loop of errors writes at most N lines per window, and then says how many were suppressed', () => {
  const { lines, clock, throttled } = captureThrottled();
  for (let n = 0; n < 45_119; n++) throttled.error('oom', { n }, 'store full');
  expect(lines).toHaveLength(2);
  clock.nowMs = 1000;
  throttled.error('oom', {}, 'store full');
  expect(lines[2]).toMatchObject({ key: 'oom', suppressed: 45_117 });
  expect(lines[3]).toMatchObject({ msg: 'store full' });
});

test('one loud key does not silence another', () => {
  const { lines, throttled } = captureThrottled();
  for (let n = 0; n < 10; n++) throttled.error('loud', {}, 'loud');
  throttled.error('rare', {}, 'rare');
  expect(lines.at(-1)).toMatchObject({ msg: 'rare' });
});

test('nothing stays uncounted: flush reports what is still suppressed, once', () => {
  const { lines, throttled } = captureThrottled();
  for (let n = 0; n < 5; n++) throttled.error('oom', {}, 'store full');
  throttled.flush();
  throttled.flush();
  expect(lines).toHaveLength(3);
  expect(lines[2]).toMatchObject({ key: 'oom', suppressed: 3 });
});

test('any number of keys keeps a bounded memory without losing a count', () => {
  const { lines, throttled } = captureThrottled();
  for (let n = 0; n < 5; n++) throttled.error('first', {}, 'x');
  for (let n = 0; n < 500; n++) throttled.error(`key-${n}`, {}, 'x');
  expect(lines.filter((line) => line['key'] === 'first')).toMatchObject([{ suppressed: 3 }]);
});
