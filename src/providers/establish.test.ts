import { EventEmitter, getEventListeners } from 'node:events';
import { expect, onTestFinished, test, vi } from 'vitest';
import { establish } from './establish.ts';
import { ProviderUnavailable } from './provider.ts';

test('a connection that cannot even be begun is destroyed, and leaves neither a timer nor a listener', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const { signal } = new AbortController();
  let destroyed = 0;
  const established = establish<EventEmitter, Error>(new EventEmitter(), {
    signal,
    timeoutMs: 60_000,
    begin: () => {
      throw new Error('no such option');
    },
    destroy: () => {
      destroyed += 1;
    },
    toUnavailable: (error) => new ProviderUnavailable('connect-failed', error.message),
  });
  await expect(established).rejects.toThrow('no such option');
  expect([destroyed, getEventListeners(signal, 'abort').length, vi.getTimerCount()]).toEqual([1, 0, 0]);
});
