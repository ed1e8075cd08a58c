import type { SendFlag } from '../domain/flags.ts';
import { type StopReport, stopSending } from '../gate/stop-sending.ts';
import { openWitness, type Witness } from '../store/witness.ts';
import type { Call } from './command.ts';
import { findStorePlace, hideSecret, withStore } from './direct-store.ts';
import { CommandError, type Ending } from './exit-codes.ts';

/**
 * Stops at the store, without the service: for the night in which the API is what is down. The same script and the
 * same audit line as through the API. `why` is what kept the service from confirming. Throws with what is left to
 * do when the store does not confirm either.
 */
export async function stopAtStore(
  call: Call,
  stop: { readonly flag: SendFlag; readonly reason: string; readonly waitMs: number },
  why: CommandError,
): Promise<StopReport> {
  const { print } = call;
  const given = { store: call.text('store'), keyPrefix: call.text('key-prefix') };
  const place = findStorePlace(given, call.environment);
  if (place === undefined) {
    const repair = 'No store was named: give --store redis://… or set REDIS_URL.';
    throw toNotStopped(call, why.ending, { service: why.message, store: repair });
  }
  print.note(why.message);
  print.note(`Stopping at the store instead: ${hideSecret(place.url)}, key prefix "${place.keyPrefix}"`);
  const witness = openNamedWitness(call, place.keyPrefix);
  try {
    return await withStore(place, call.durationMs('timeout') ?? 5_000, ({ redis, keys }) =>
      stopSending(
        {
          redis,
          keys,
          now: call.now,
          monotonicNow: call.monotonicNow,
          ...(witness === undefined ? {} : { witness }),
        },
        { ...stop, actor: call.actor },
      ),
    );
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw toNotStopped(call, 'unreachable', { service: why.message, store: detail, cause: error });
  } finally {
    witness?.close();
  }
}

/** One that is not named cannot be told; that is said with the stop. */
function openNamedWitness(call: Call, keyPrefix: string): Witness | undefined {
  const url = call.text('witness') ?? call.environment['WITNESS_URL'];
  if (url === undefined || url.trim() === '') {
    call.print.note(
      'No witness was named (--witness or WITNESS_URL): a store that is put back in time forgets this stop.',
    );
    return undefined;
  }
  return openWitness({ url, keyPrefix, onError: () => undefined });
}

/** Loud, and with the ways that need nothing of ours to work. */
function toNotStopped(
  { print }: Call,
  ending: Ending,
  faults: { readonly service: string; readonly store: string; readonly cause?: unknown },
): CommandError {
  const message = `${print.paint('bad', 'NOT CONFIRMED: nobody has acknowledged the stop.')}
  service: ${faults.service.replaceAll('\n', '\n           ')}
  store:   ${faults.store}
Do one of these now, the first that you can:
  1. stop the senders: scale their deployment to zero (with KEDA its ScaledObject must be paused first:
     docs/operations/deploy.md has the commands), or end their
     processes; on one machine: ./scripts/up --stop
  2. set DISABLE_SEND=true for the senders and restart them
  3. close their way out: SMTP and the SMS API, at the network or with the provider
A sender that cannot reach the store gets no permit and sends nothing; but do not rely on what you cannot see.`;
  return new CommandError(ending, message, undefined, faults.cause);
}
