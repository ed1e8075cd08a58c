import { describe, expect, test } from 'vitest';
import { awaitUnlessAborted } from './await-unless-aborted.ts';

const never = new Promise<string>(() => undefined);

describe('awaitUnlessAborted', () => {
  test('gives the value of the work', async () => {
    expect(await awaitUnlessAborted(Promise.resolve('done'), new AbortController().signal, 'gave up')).toBe(
      'done',
    );
  });

  test('gives the fallback once the signal aborts, also when it has before', async () => {
    const life = new AbortController();
    const waits = Array.from({ length: 50 }, () => awaitUnlessAborted(never, life.signal, 'gave up'));
    life.abort();
    expect(new Set(await Promise.all(waits))).toEqual(new Set(['gave up']));
    expect(await awaitUnlessAborted(never, life.signal, 'gave up')).toBe('gave up');
  });

  test('hands on what the work throws', async () => {
    const work = Promise.reject(new Error('broke'));
    await expect(awaitUnlessAborted(work, new AbortController().signal, 'gave up')).rejects.toThrow('broke');
  });
});
