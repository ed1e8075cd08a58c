import { expect, test, vi } from 'vitest';
import { pauseWithFlags } from './pause-with-flags.ts';

test('pickup follows the flags, one turn after the other, and a fault is told', async () => {
  const done: string[] = [];
  const listeners: (() => void)[] = [];
  let isOn = false;
  let failNext = false;
  const act = (what: string) => async (): Promise<void> => {
    if (failNext && what === 'resume') throw new Error('no store');
    done.push(what);
  };
  const reportError = vi.fn<(what: string, error: unknown) => void>();
  await pauseWithFlags({
    host: { start: act('start'), pause: act('pause'), resume: act('resume') },
    watch: { isOn: () => isOn, onChange: (listener) => (listeners.push(listener), () => undefined) },
    flags: ['consume'],
    reportError,
  });
  const change = (next: boolean): void => {
    isOn = next;
    for (const listener of listeners) listener();
  };
  await vi.waitUntil(() => done.length === 2);
  change(true);
  change(true);
  change(false);
  await vi.waitUntil(() => done.length === 4);
  expect(done).toEqual(['start', 'pause', 'resume', 'pause']);
  failNext = true;
  change(true);
  await vi.waitUntil(() => reportError.mock.calls.length === 1);
  expect(reportError).toHaveBeenCalledWith('resume worker', new Error('no store'));
});
