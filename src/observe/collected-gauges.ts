import { setTimeout as delay } from 'node:timers/promises';
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

type Collect = () => Promise<CollectedGauges>;

/**
 * Fills the gauges that are read from the store. A scrape never hangs or fails on it: a collector that rejects or
 * is slower than `timeoutMs` is reported through `onFailure`, and its gauges are absent, which an alert can
 * see, and not stale, which it cannot. Scrapes at the same time share one reading.
 */
export function createCollector(gauges: Gauges, onFailure: () => void, timeoutMs: number) {
  const collects: Collect[] = [];
  let underWay: Promise<void> | undefined;

  async function readAll(): Promise<void> {
    const late = delay(timeoutMs, undefined, { ref: false });
    const results = await Promise.all(
      collects.map((collect) =>
        Promise.race([
          Promise.resolve()
            .then(collect)
            .catch(() => undefined),
          late,
        ]),
      ),
    );
    showGauges(gauges, Object.assign({}, ...results));
    for (const result of results) if (result === undefined) onFailure();
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

function showGauges(gauges: Gauges, values: CollectedGauges): void {
  const { queues = {}, messages = {}, oldestMessageAgeMs = {}, held = {}, quarantine } = values;
  const { queueDepth, queueOldestAge, messageOldestAge, messagesHeld } = gauges;
  for (const gauge of [queueDepth, queueOldestAge, gauges.messages, messageOldestAge, messagesHeld])
    gauge.reset();
  showQueues(gauges, queues);
  for (const [state, count] of Object.entries(messages)) gauges.messages.set({ state }, count);
  for (const [state, ageMs] of Object.entries(oldestMessageAgeMs))
    messageOldestAge.set({ state }, ageMs / 1000);
  for (const [reason, count] of Object.entries(held)) messagesHeld.set({ reason }, count);
  showIfKnown(gauges.deadLettersKept, values.deadLetters);
  showIfKnown(gauges.recordsParked, values.parked);
  showQuarantine(gauges, quarantine);
}

function showQuarantine(gauges: Gauges, quarantine: CollectedGauges['quarantine']): void {
  showIfKnown(gauges.quarantineEvents, quarantine?.events);
  showIfKnown(gauges.quarantineBytes, quarantine?.bytes);
  showIfKnown(gauges.quarantineOldestAge, quarantine && quarantine.oldestAgeMs / 1000);
}

/** Sets a gauge without labels. `undefined` takes it away: a 0 would say that there is none. */
export function showIfKnown(gauge: Gauges['deadLettersKept'], value: number | undefined): void {
  if (value === undefined) gauge.remove();
  else gauge.set(value);
}

function showQueues(gauges: Gauges, queues: Readonly<Record<string, QueueGauges>>): void {
  for (const [queue, { waiting, active, delayed, oldestAgeMs }] of Object.entries(queues)) {
    gauges.queueDepth.set({ queue, state: 'waiting' }, waiting);
    gauges.queueDepth.set({ queue, state: 'active' }, active);
    gauges.queueDepth.set({ queue, state: 'delayed' }, delayed);
    gauges.queueOldestAge.set({ queue }, oldestAgeMs / 1000);
  }
}
