import type { Redis } from 'ioredis';
import { type Channel, channels, mapChannels } from '../domain/channel.ts';
import { ServiceError } from '../domain/errors.ts';
import { type FlagName, flagNames } from '../domain/flags.ts';
import type { Store } from '../store/keys.ts';
import { type GateState, valueAt } from './flags.ts';
import type { StoreKnowledge } from './store-knowledge.ts';

/**
 * What a process knows of the gate between two permits: a hint, never an authority. It wakes up on the pub/sub
 * hint and looks again every second; when it cannot look, everything reads as off.
 */
export interface GateWatch {
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** True when all of these are on; those of sending never are in a store that is not known to be whole. */
  isOn(...flags: readonly FlagName[]): boolean;
  /** The gate last seen; undefined before the first look and while it cannot be read. */
  current(): GateState | undefined;
  /** How far the store is known to have come. */
  readonly knowledge: Pick<StoreKnowledge, 'known' | 'note' | 'state' | 'witnessError'>;
  /** Calls back after every change, and when the gate is lost or found again. Returns the function that unsubscribes. */
  onChange(listener: () => void): () => void;
  /** Aborts when sending on this channel stops; a new signal is made once it may go on. */
  stopSignal(channel: Channel): AbortSignal;
}

export interface GateWatchOptions extends Store {
  readonly hint: Redis;
  readonly knowledge: StoreKnowledge;
  readonly now: () => number;
  readonly pollMs?: number;
}

/** Builds the watch; `start` looks once before it resolves. */
export function createGateWatch(options: GateWatchOptions): GateWatch {
  const { redis, hint, keys, knowledge } = options;
  const listeners = new Set<() => void>();
  const stops = createStops();
  let gate: GateState | undefined;
  let notified = '';
  let timer: NodeJS.Timeout | undefined;

  const isOn = (...flags: readonly FlagName[]): boolean => {
    const seen = gate;
    if (seen === undefined) return false;
    const isWhole = knowledge.state().kind === 'confirmed';
    return flags.every(
      (flag) => (isWhole || !flag.startsWith('send')) && valueAt(seen.flags[flag], options.now()) === 'on',
    );
  };
  const notify = (): void => {
    for (const channel of channels) stops.set(channel, isOn('send', `send:${channel}`));
    // An expiry changes what counts without a new epoch.
    const now = `${gate?.epoch} ${flagNames.map((flag) => isOn(flag)).join(' ')}`;
    if (now === notified) return;
    notified = now;
    for (const listener of listeners) listener();
  };
  const look = oneAtATime(async () => {
    gate = await knowledge.look();
    notify();
  });
  const onHint = (): void => void look();
  const onLost = (): void => {
    void knowledge.forget();
    notify();
  };
  return {
    name: 'gate watch',
    start: async () => {
      hint.on('message', onHint);
      hint.on('ready', onHint);
      redis.on('close', onLost);
      redis.on('ready', onHint);
      void hint.subscribe(keys.gateHint).catch(() => undefined);
      await look();
      timer = setInterval(onHint, options.pollMs ?? 1_000).unref();
    },
    stop: async () => {
      clearInterval(timer);
      hint.off('message', onHint);
      hint.off('ready', onHint);
      redis.off('close', onLost);
      redis.off('ready', onHint);
      await knowledge.forget();
    },
    isOn,
    current: () => gate,
    knowledge,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stopSignal: (channel) => stops.signalOf(channel),
  };
}

/** Runs a task; asked for while it runs, it runs once more behind it, since the run under way may have looked too early. */
function oneAtATime(task: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const run = (): Promise<void> => {
    running = task().finally(() => {
      running = undefined;
    });
    return running;
  };
  return () => {
    if (running === undefined) return run();
    next ??= running.then(() => {
      next = undefined;
      return run();
    });
    return next;
  };
}

/** One signal a channel: aborted when it stops, and made anew when it may go on. */
function createStops(): {
  set(channel: Channel, on: boolean): void;
  signalOf(channel: Channel): AbortSignal;
} {
  const controllers = mapChannels(() => new AbortController());
  return {
    set: (channel, on) => {
      if (!on) controllers[channel].abort(new Error('sending is stopped'));
      else if (controllers[channel].signal.aborted) controllers[channel] = new AbortController();
    },
    signalOf: (channel) => controllers[channel].signal,
  };
}

/** A watch of a gate that is always open: of the proof of life, which no stop holds. */
export function createOpenWatch(): GateWatch {
  const never = new AbortController().signal;
  return {
    name: 'open gate',
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    isOn: () => true,
    current: () => undefined,
    knowledge: {
      known: () => undefined,
      note: () => undefined,
      state: () => ({ kind: 'confirmed' }),
      witnessError: () => undefined,
    },
    onChange: () => () => undefined,
    stopSignal: () => never,
  };
}

/**
 * Throws while no event is to be accepted.
 *
 * @throws ServiceError `store-unavailable` when the gate cannot be read, `ingestion-paused` when a person paused the intake
 */
export function checkIngest(watch: Pick<GateWatch, 'current'>, nowMs: number): void {
  const state = watch.current();
  if (state === undefined) {
    const detail = 'The store cannot be read now. Send the same request again.';
    throw new ServiceError('store-unavailable', detail, { retryAfterSeconds: 2 });
  }
  if (valueAt(state.flags.ingest, nowMs) === 'off') {
    const detail = 'An operator paused intake. Nothing was accepted; send the same request again later.';
    throw new ServiceError('ingestion-paused', detail, { retryAfterSeconds: 30 });
  }
}
