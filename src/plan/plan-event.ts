import { z } from 'zod';
import type { EmailAddress, PhoneNumber } from '../domain/address.ts';
import { type Channel, channelTable } from '../domain/channel.ts';
import { type EventId, type MessageId, parseEventId, toMessageId } from '../domain/ids.ts';
import { recordVersion } from '../domain/message.ts';
import {
  type AddressRemark,
  type DirectoryResult,
  type Recipient,
  recipientDefaults,
} from '../domain/recipient.ts';
import type { Log } from '../observe/log.ts';
import type { JobAdder } from '../queue/job-adder.ts';
import type { JobPlace } from '../queue/job-groups.ts';
import type { JobEnd } from '../queue/queue-host.ts';
import type { ReportSurvival } from '../queue/suspect-jobs.ts';
import { pickLocale } from '../render/pick-locale.ts';
import { type EventRecord, readEventRecord } from '../store/event-record.ts';
import { plannedMessage } from '../store/message-record.ts';
import { parkRecord } from '../store/park-record.ts';
import { toPairs } from '../store/record-fields.ts';
import { loadScript } from '../store/scripts.ts';
import { chooseShard, hashToId } from '../store/shards.ts';
import { hasPassed, readStoreClock } from '../store/store-clock.ts';
import { UnreadableRecord } from '../store/unreadable-record.ts';
import type { Catalog, CatalogEntry } from './catalog.ts';
import { resolveNotAfterMs } from './catalog-not-after.ts';
import type { Directory } from './directory.ts';
import { type EventEnd, type FinishDeps, finishEvent } from './finish-event.ts';

export interface Planner extends FinishDeps {
  readonly jobs: JobAdder;
  readonly catalog: Catalog;
  readonly directory: Directory;
  /** The field of an event's data that names a person of the directory. */
  readonly directoryIdField: string;
  readonly hashAddress: (channel: Channel, address: string) => string;
  /** How long a directory that cannot be reached is asked again. */
  readonly directoryHorizonMs: number;
  readonly log: Log;
  readonly now: () => number;
  readonly random: () => number;
}

/** Writes a message once. */
export const createScript = loadScript(new URL('./create-message.lua', import.meta.url), {
  keys: ['message', 'messagesOpen', 'messageCounts', 'messagesTo'],
  args: ['id', 'notBefore', '...fields'],
});

/**
 * Turns an accepted event into its messages: one for each channel that the template offers, the caller asked for
 * and the recipient has an address on. Planning twice gives the same messages, so a worker may die anywhere in it.
 */
export async function planEvent(
  planner: Planner,
  jobId: string,
  signal: AbortSignal,
  reportSurvival: ReportSurvival = () => Promise.resolve(),
): Promise<JobEnd> {
  const id = parseEventId(jobId);
  const event = id === undefined ? undefined : await readOrPark(planner, id);
  if (event === undefined || event.state !== 'accepted') return { kind: 'done' };
  const entry = planner.catalog.find(event.type);
  if (entry === undefined)
    return await endPlanning(planner, event.id, { to: 'dead', reason: 'unknown-type' });
  // Before anybody is looked up a bare date lasts until it is over everywhere; then, where the reader is.
  const latest = findNotAfter(entry, event, undefined);
  if (await isExpired(planner, latest)) return await endPlanning(planner, event.id, expired);
  const found = await findRecipient(planner, event, signal);
  await reportSurvival();
  return await planFor(planner, { event, entry, latest }, found);
}

/** What becomes of an event whose recipient was looked up. */
async function planFor(
  planner: Planner,
  { event, entry, latest }: { event: EventRecord; entry: CatalogEntry; latest: number | undefined },
  found: DirectoryResult,
): Promise<JobEnd> {
  switch (found.kind) {
    case 'found': {
      const { recipient, remarks = [] } = found;
      const notAfter = findNotAfter(entry, event, recipient.timeZone);
      if (notAfter !== latest && (await isExpired(planner, notAfter)))
        return await endPlanning(planner, event.id, expired);
      return await createMessages(planner, { event, entry, recipient, remarks, notAfter });
    }
    case 'not-found':
    case 'refused':
      return await endPlanning(planner, event.id, { to: 'dead', reason: `recipient-${found.kind}` });
    case 'unreachable':
      return await waitForDirectory(planner, event, found.detail);
    default:
      return found satisfies never;
  }
}

/** An event that this program cannot read is parked, and no planner of its kind takes it up again. */
async function readOrPark(planner: Planner, id: EventId): Promise<EventRecord | undefined> {
  try {
    return await readEventRecord(planner.redis, planner.keys, id);
  } catch (error) {
    if (!(error instanceof UnreadableRecord)) throw error;
    if (await parkRecord(planner, 'events', id))
      planner.log.error({ err: error, event_id: id }, 'a record was parked');
    return undefined;
  }
}

/** Ends an event whose planning kept killing or hanging its worker; its record is not looked at. A replay plans it again. */
export async function endPoisonEvent(planner: Planner, jobId: string): Promise<JobEnd> {
  const id = parseEventId(jobId);
  if (id === undefined) return { kind: 'done' };
  planner.log.error({ event_id: id }, 'an event that kills its workers was given up');
  return await endPlanning(planner, id, { to: 'dead', reason: 'poison' });
}

/** The earlier of the template's `not_after` and the caller's: a caller may only make it stricter. */
function findNotAfter(
  entry: CatalogEntry,
  { body, receivedAt }: EventRecord,
  timeZone: string | undefined,
): number | undefined {
  const acceptedAtMs = Math.max(receivedAt, body.sendAt ?? 0);
  const ends = [body.notAfter, resolveNotAfterMs(entry.notAfter, body.data, { acceptedAtMs, timeZone })];
  const given = ends.filter((end): end is number => end !== undefined);
  return given.length === 0 ? undefined : Math.min(...given);
}

async function isExpired(planner: Planner, notAfter: number | undefined): Promise<boolean> {
  return notAfter !== undefined && (await hasPassed(planner.redis, notAfter, planner.now));
}

const expired = { to: 'expired', reason: 'not-after' } as const;

async function findRecipient(
  planner: Planner,
  record: EventRecord,
  signal: AbortSignal,
): Promise<DirectoryResult> {
  const { recipient, data } = record.body;
  if (recipient !== undefined) return { kind: 'found', recipient: { ...recipientDefaults, ...recipient } };
  const id = data[planner.directoryIdField];
  return typeof id === 'string' ? await planner.directory.lookUpRecipient(id, signal) : { kind: 'not-found' };
}

/** The directory is away: the event waits, and the pause grows, until the horizon. */
async function waitForDirectory(planner: Planner, event: EventRecord, detail: string): Promise<JobEnd> {
  const ageMs = (await readStoreClock(planner.redis)) - event.receivedAt;
  planner.log.warn({ event_id: event.id, detail, age_ms: ageMs }, 'the directory could not be reached');
  if (ageMs >= planner.directoryHorizonMs)
    return await endPlanning(planner, event.id, { to: 'dead', reason: 'directory-unreachable' });
  const ceilingMs = Math.min(60_000, 1_000 + ageMs / 2);
  return { kind: 'later', inMs: ceilingMs * (0.5 + planner.random() / 2) };
}

interface Plan {
  readonly event: EventRecord;
  readonly entry: CatalogEntry;
  readonly recipient: Recipient;
  readonly remarks: readonly AddressRemark[];
  readonly notAfter: number | undefined;
}

async function createMessages(planner: Planner, plan: Plan): Promise<JobEnd> {
  const { event, entry, recipient } = plan;
  const asked = event.body.channels ?? entry.channels;
  const wanted = entry.channels.filter((channel) => asked.includes(channel));
  const remarks = plan.remarks.filter(({ channel }) => wanted.includes(channel));
  for (const remark of remarks) planner.log.warn({ event_id: event.id, ...remark }, 'a channel is left out');
  const planned: PlannedMessage[] = [];
  try {
    for (const channel of wanted) {
      const address = recipient[channelTable[channel].addressField];
      if (address === undefined) continue;
      const message = placeMessage(planner, plan, channel, address);
      planned.push(message);
      await createMessage(planner, plan, message);
    }
    return await endPlanned(planner, plan, planned, remarks);
  } finally {
    for (const { place } of planned) place?.leave();
  }
}

/** A message, where it is to lie, and its place in a job; it has none where it is for later. */
interface PlannedMessage {
  readonly id: MessageId;
  readonly channel: Channel;
  readonly to: EmailAddress | PhoneNumber;
  readonly toHash: string;
  readonly place: JobPlace | undefined;
}

function placeMessage(
  { keys, jobs, hashAddress }: Planner,
  { event, entry }: Plan,
  channel: Channel,
  to: EmailAddress | PhoneNumber,
): PlannedMessage {
  const toHash = hashAddress(channel, to);
  // Not the address: when the directory has a new one after a half-made plan, the message is still the same.
  const id = toMessageId(chooseShard(toHash, keys.shards), hashToId(event.id, channel, entry.type));
  const place = event.body.sendAt === undefined ? jobs.reserve(channel, id) : undefined;
  return { id, channel, to, toHash, place };
}

async function endPlanned(
  planner: Planner,
  { event }: Plan,
  planned: readonly PlannedMessage[],
  remarks: readonly AddressRemark[],
): Promise<JobEnd> {
  if (planned.length === 0) {
    const reason = remarks.length === 0 ? 'no-address' : 'recipient-refused';
    return await endPlanning(planner, event.id, { to: 'dead', reason, remarks });
  }
  await endPlanning(planner, event.id, { to: 'planned', messages: planned.map(({ id }) => id), remarks });
  const dueAt = event.body.sendAt ?? 0;
  await Promise.all(
    planned.map(({ id, channel, place }) =>
      planner.jobs.addMessageJob({ id, channel, generation: 1, dueAt }, place),
    ),
  );
  planner.log.info({ event_id: event.id, type: event.type, messages: planned.length }, 'event planned');
  return { kind: 'done' };
}

async function createMessage(
  planner: Planner,
  { event, entry, recipient, notAfter }: Plan,
  { id, channel, to, toHash, place }: PlannedMessage,
): Promise<void> {
  const keys = planner.keys.of(id);
  const fields = z.encode(plannedMessage, {
    v: recordVersion,
    era: event.era,
    id,
    event: event.id,
    client: event.client,
    type: entry.type,
    channel,
    category: entry.category,
    mode: event.mode,
    to,
    toHash,
    name: recipient.name,
    locale: recipient.locale,
    textLocale: pickLocale(entry.localesOf[channel], recipient.locale, entry.defaultLocale),
    timeZone: recipient.timeZone,
    data: event.body.data,
    state: 'queued',
    generation: 1,
    sendAt: event.body.sendAt,
    notAfter,
    requestId: event.requestId,
    traceparent: event.traceparent,
    job: place?.job,
  });
  await createScript.run(
    planner.redis,
    { ...keys, message: keys.message(id), messagesTo: keys.messagesTo(toHash) },
    { id, notBefore: event.body.sendAt ?? 0, fields: toPairs(fields) },
  );
}

async function endPlanning(planner: Planner, id: EventId, end: Omit<EventEnd, 'from'>): Promise<JobEnd> {
  const isFinished = await finishEvent(planner, id, { from: 'accepted', ...end });
  if (isFinished && end.to !== 'planned')
    planner.log.warn({ event_id: id, state: end.to, reason: end.reason }, 'event ended without a message');
  return { kind: 'done' };
}
