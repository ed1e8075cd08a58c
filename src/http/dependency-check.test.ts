import { expect, test } from 'vitest';
import { createDependencyReader, toDependencyReport } from './dependency-check.ts';
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

test('a report says of each dependency what is known of it', async () => {
  const store = { writable: true, durable: false, detail: 'appendfsync is everysec' };
  expect(await toDependencyReport({ store, issuer: undefined, judgeProof: undefined })).toEqual({
    store: { ok: true, detail: 'takes writes' },
    store_durable: { ok: false, detail: 'appendfsync is everysec' },
    issuer: { ok: true, detail: 'not asked by this process' },
  });
  const away = { writable: false, durable: false, detail: 'Redis does not take writes' };
  const judgeProof = () => Promise.reject(new Error('no store'));
  expect(
    await toDependencyReport({ store: away, issuer: { ok: false, detail: 'no keys' }, judgeProof }),
  ).toEqual({
    store: { ok: false, detail: 'Redis does not take writes' },
    store_durable: { ok: false, detail: 'Redis does not take writes' },
    issuer: { ok: false, detail: 'no keys' },
    proof_of_life: { ok: false, detail: 'the store cannot tell' },
  });
});
