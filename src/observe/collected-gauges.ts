import type { MessageState } from '../domain/message.ts';
import type { Gauges } from './register-metrics.ts';

/** What a collector reads from the store at a scrape. Whatever is absent is not shown at all. */
export interface CollectedGauges {
  readonly queues?: Readonly<Record<string, QueueGauges>>;
  readonly messages?: Readonly<Partial<Record<MessageState, number>>>;
  readonly oldestMessageAgeMs?: Readonly<Partial<Record<MessageState, number>>>;
  /** Of events and of messages. */
  readonly deadLetters?: number;
  /** Records that this program cannot read. */
  readonly parked?: number;
  /** Messages on hold, by reason. */
  readonly held?: Readonly<Record<string, number>>;
  /** Events whose token nobody could judge yet. */
  readonly quarantine?: { readonly events: number; readonly bytes: number; readonly oldestAgeMs: number };
}

interface QueueGauges {
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  /** Age of the oldest waiting job; 0 when none waits. */
  readonly oldestAgeMs: number;
}

export type Collect = () => Promise<CollectedGauges>;

/**
 * Fills the gauges that are read from the store. A scrape never hangs or fails on it: a collector that rejects or
 * is slower than `timeoutMs` is reported through `onFailure`, and its gauges are absent, which an alert can
 * see, and not stale, which it cannot. Scrapes at the same time share one reading.
 */
export function createCollector(gauges: Gauges, onFailure: () => void, timeoutMs: number) {
  const collects: Collect[] = [];
  let underWay: Promise<void> | undefined;

  async function readAll(): Promise<void> {
    const results = await Promise.allSettled(collects.map((collect) => withTimeout(collect, timeoutMs)));
    clearGauges(gauges);
    for (const result of results) {
      if (result.status === 'fulfilled') showGauges(gauges, result.value);
      else onFailure();
    }
  }

  return {
    onCollect: (collect: Collect): void => {
      collects.push(collect);
    },
    collect(): Promise<void> {
      underWay ??= readAll().finally(() => {
        underWay = undefined;
      });
      return underWay;
    },
  };
}

function clearGauges(gauges: Gauges): void {
  gauges.queueDepth.reset();
  gauges.queueOldestAge.reset();
  gauges.messages.reset();
  gauges.messageOldestAge.reset();
  gauges.messagesHeld.reset();
  // Without labels `reset` would set 0, which would say that there is none.
  for (const gauge of [
    gauges.deadLettersKept,
    gauges.recordsParked,
    gauges.quarantineEvents,
    gauges.quarantineBytes,
    gauges.quarantineOldestAge,
  ])
    gauge.remove();
}

function showGauges(gauges: Gauges, figures: CollectedGauges): void {
  showQueues(gauges, figures.queues ?? {});
  for (const [state, count] of Object.entries(figures.messages ?? {})) gauges.messages.set({ state }, count);
  for (const [state, ageMs] of Object.entries(figures.oldestMessageAgeMs ?? {})) {
    gauges.messageOldestAge.set({ state }, ageMs / 1000);
  }
  for (const [reason, count] of Object.entries(figures.held ?? {}))
    gauges.messagesHeld.set({ reason }, count);
  setGiven(gauges.deadLettersKept, figures.deadLetters);
  setGiven(gauges.recordsParked, figures.parked);
  if (figures.quarantine !== undefined) showQuarantine(gauges, figures.quarantine);
}

function setGiven(gauge: Gauges['deadLettersKept'], value: number | undefined): void {
  if (value !== undefined) gauge.set(value);
}

function showQueues(gauges: Gauges, queues: Readonly<Record<string, QueueGauges>>): void {
  for (const [queue, { waiting, active, delayed, oldestAgeMs }] of Object.entries(queues)) {
    gauges.queueDepth.set({ queue, state: 'waiting' }, waiting);
    gauges.queueDepth.set({ queue, state: 'active' }, active);
    gauges.queueDepth.set({ queue, state: 'delayed' }, delayed);
    gauges.queueOldestAge.set({ queue }, oldestAgeMs / 1000);
  }
}

function showQuarantine(
  gauges: Gauges,
  { events, bytes, oldestAgeMs }: NonNullable<CollectedGauges['quarantine']>,
): void {
  gauges.quarantineEvents.set(events);
  gauges.quarantineBytes.set(bytes);
  gauges.quarantineOldestAge.set(oldestAgeMs / 1000);
}

async function withTimeout<T>(run: () => Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no figures within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([run(), late]);
  } finally {
    clearTimeout(timer);
  }
}
