import { beforeEach, expect, test, vi } from 'vitest';
import { runTask, type TaskHost } from './run-task.ts';
import { createShutdownHooks } from './shutdown-hooks.ts';

let said: string[] = [];
let host: TaskHost;
beforeEach(() => {
  said = [];
  const reportError = (what: string, error: unknown): void => void said.push(`${what}: ${String(error)}`);
  host = { shutdown: createShutdownHooks(() => performance.now()), reportError };
});

const lease = (isOurs: boolean) => ({
  hold: () => Promise.resolve(isOurs),
  release: () => Promise.resolve(void said.push('released')),
});

test('who holds no lease stands by; both give it up at the end', async () => {
  const runs: string[] = [];
  for (const [name, isOurs] of [
    ['ours', true],
    ['theirs', false],
  ] as const)
    runTask(host, { name, everyMs: 1, run: async () => runs.push(name), lease: lease(isOurs) });
  await vi.waitUntil(() => runs.length > 2);
  await expect(host.shutdown.run(1_000)).resolves.toEqual([]);
  expect(new Set(runs)).toEqual(new Set(['ours']));
  expect(said).toEqual(['released', 'released']);
  const count = runs.length;
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(runs).toHaveLength(count);
});

test('all tasks end together, whatever each waits for', async () => {
  const waiting: (() => void)[] = [];
  const run = (): Promise<void> => new Promise((resolve) => waiting.push(resolve));
  for (const name of ['a', 'b', 'c']) runTask(host, { name, everyMs: 1, run, lease: lease(true) });
  await vi.waitUntil(() => waiting.length === 3);
  const ended = host.shutdown.run(1_000);
  for (const result of waiting) result();
  await vi.waitUntil(() => said.length === 3);
  await expect(ended).resolves.toEqual([]);
  expect(waiting).toHaveLength(3);
});

test('what it does at its end comes in the order of releases, and its fault is told and delays nobody', async () => {
  runTask(host, {
    name: 'last counts',
    everyMs: 1_000,
    run: () => Promise.resolve(),
    atEnd: () => Promise.reject(new Error('store away')),
  });
  host.shutdown.push('server', () => void said.push('server closed'));
  await expect(host.shutdown.run(1_000)).resolves.toEqual([]);
  expect(said).toEqual(['server closed', 'last counts: Error: store away']);
});

test('a turn that fails is told, and the next one comes', async () => {
  let turns = 0;
  const run = async (): Promise<void> => {
    turns += 1;
    if (turns === 1) throw new Error('no answer');
  };
  runTask(host, { name: 'look', everyMs: 1, run });
  await vi.waitUntil(() => turns > 1);
  await host.shutdown.run(1_000);
  expect(said).toEqual(['look: Error: no answer']);
});
