import { describe, expect, test } from 'vitest';
import { createNullProvider } from '../../src/providers/null-provider.ts';
import type { OutgoingEmail } from '../../src/providers/provider.ts';
import { anEmail, NotingFence } from '../support/outgoing-messages.ts';

const never = new AbortController().signal;

describe('provider conformance: null (no peer, so only the fence applies)', () => {
  const provider = createNullProvider<OutgoingEmail>('null', 'email');

  test('accepts, after asking the fence for both steps', async () => {
    const fence = new NotingFence();
    const lease = await provider.reserve(never);
    expect(await lease.send(anEmail(), fence)).toMatchObject({ kind: 'accepted' });
    expect(fence.asked.map(({ step }) => step)).toEqual(['envelope', 'body']);
  });

  test.each(['envelope', 'body'] as const)('a fence that refuses the %s aborts', async (step) => {
    const lease = await provider.reserve(never);
    expect((await lease.send(anEmail(), new NotingFence(step))).kind).toBe('aborted');
  });

  test('is always healthy', async () => {
    expect(await provider.checkHealth(never)).toMatchObject({ ok: true, status: 'ok' });
  });
});
