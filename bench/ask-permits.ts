/**
 * Keeps asking the gate for permits, `IN_FLIGHT` at a time, as a sender with as many free places does; each permit is
 * given back at once. Prints `ready` when it has begun, and goes on until it is told to end.
 */
import { Redis } from 'ioredis';
import { createKeys } from '../src/store/keys.ts';
import type { MessageRecord } from '../src/store/message-record.ts';
import { createMessage } from '../test/support/gate-store.ts';
import { gatePrefix, openPermits } from './gate-settings.ts';

const redis = new Redis(process.env['REDIS_URL'] ?? '', { maxRetriesPerRequest: null });
const keys = createKeys(gatePrefix, 1);
const permits = openPermits(redis, keys);
const inFlight = Number(process.env['IN_FLIGHT']);
/** So many that the history of none grows long. */
const messageCount = 20 * inFlight;
const messages = await Promise.all(Array.from({ length: messageCount }, () => createMessage(redis, keys)));
console.log('ready');
await Promise.all(Array.from({ length: inFlight }, (_, place) => askOn(messages, place)));

/** Of the messages every so-manieth is this place's, so that no two places ask for the same one. */
async function askOn(all: readonly MessageRecord[], place: number): Promise<void> {
  for (let at = place; ; at = (at + inFlight) % messageCount) {
    const message = all[at];
    if (message === undefined) throw new RangeError(`no message ${at}`);
    const answer = await permits.ask({ message, provider: 'smtp', segments: 1, rehearse: false });
    if (answer.kind === 'go') await permits.giveBack(answer.claim, 'bench');
    else if (answer.kind === 'ended') throw new Error(`the gate said ${JSON.stringify(answer)}`);
  }
}
