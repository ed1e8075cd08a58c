import { measureHealth } from './measure-health.ts';
import type { Fence, OutgoingMessage, Provider } from './provider.ts';

/**
 * Takes every message and delivers it nowhere. It obeys the fence like the others, so a proof of life walks
 * the whole path, the gate included.
 */
export function createNullProvider<M extends OutgoingMessage>(
  name: string,
  channel: M['channel'],
): Provider<M> {
  return {
    name,
    channel,
    reserve: () =>
      Promise.resolve({
        send: (message, fence) => Promise.resolve(discard(message, fence)),
        release: () => undefined,
      }),
    checkHealth: () =>
      measureHealth({ provider: name, channel }, async () => ({ status: 'ok', detail: 'delivers nowhere' })),
    close: () => Promise.resolve(),
  };
}

function discard(message: OutgoingMessage, fence: Fence) {
  if (fence.signal.aborted || !fence.mayWrite('envelope') || !fence.mayWrite('body')) {
    return { kind: 'aborted', detail: 'stopped before the body' } as const;
  }
  return { kind: 'accepted', providerRef: message.id, detail: 'taken and delivered nowhere' } as const;
}
