import { type StopReport, stopSending } from '../gate/stop-sending.ts';
import type { Call } from './command.ts';
import { findStorePlace, hideSecret, withStore } from './direct-store.ts';
import { CommandError } from './exit-codes.ts';
import type { SendFlag } from './scopes.ts';

/**
 * Stops at the store, without the service: for the night in which the API is what is down. The same script and the
 * same audit line as through the API. Throws `unreachable` with what is left to do when this fails as well.
 */
export async function stopAtStore(
  call: Call,
  stop: { readonly flag: SendFlag; readonly reason: string; readonly waitMs: number },
  why: string,
): Promise<StopReport> {
  const { print } = call;
  const place = findStorePlace({ store: call.text('store'), keyPrefix: call.text('key-prefix') }, call.environment);
  if (place === undefined) {
    throw notStopped(print.paint('bad', 'NOT STOPPED.'), why, 'No store was named either: give --store redis://… or set REDIS_URL.');
  }
  print.note(`${why}\nStopping at the store instead: ${hideSecret(place.url)}, key prefix "${place.keyPrefix}"`);
  try {
    return await withStore(place, call.durationMs('timeout') ?? 5_000, ({ redis, keys }) =>
      stopSending({ redis, keys, now: call.now, monotonicNow: call.monotonicNow }, { ...stop, actor: call.actor }),
    );
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw notStopped(print.paint('bad', 'NOT STOPPED.'), why, detail, error);
  }
}

function notStopped(headline: string, api: string, store: string, cause?: unknown): CommandError {
  const message = [
    headline,
    `  service: ${api}`,
    `  store:   ${store}`,
    'Do one of these now, the first that you can:',
    '  1. scale the senders to zero:    kubectl scale deployment -l app.kubernetes.io/component=sender --replicas=0',
    '                                   (one machine: ./scripts/up --stop)',
    '  2. set DISABLE_SEND=true on the senders and restart them',
    '  3. take the senders their way out: block SMTP and the SMS API at the network',
    'Workers that cannot read the gate do not send, so a store that is really gone has stopped everything already.',
  ].join('\n');
  return new CommandError('unreachable', message, undefined, cause);
}
