import { expect, test } from 'vitest';
import { createDependencyReader } from './dependency-check.ts';
import type { DependencyReport } from './services.ts';

const well = { ok: true, detail: 'ok' };
const report: DependencyReport = { store: well, store_durable: well, issuer: well };

test('dependencies are asked once in 5 s, however often they are wanted', async () => {
  let [asked, now] = [0, 0];
  const reader = createDependencyReader(
    async () => {
      asked += 1;
      return report;
    },
    () => now,
  );
  await Promise.all([reader.read(100), reader.read(100), reader.read(100)]);
  now = 4999;
  await reader.read(100);
  expect(asked).toBe(1);
  now = 5000;
  await reader.read(100);
  expect(asked).toBe(2);
});

test('a late answer is there for the next one who asks', async () => {
  let answer: (value: DependencyReport) => void = () => undefined;
  const reader = createDependencyReader(
    () =>
      new Promise((resolve) => {
        answer = resolve;
      }),
    () => 0,
  );
  expect((await reader.read(1)).store).toEqual({ ok: false, detail: 'no answer within 1 ms' });
  answer(report);
  await expect.poll(() => reader.read(1)).toEqual(report);
});
