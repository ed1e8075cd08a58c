import type { Redis } from 'ioredis';
import { type Channel, channels } from '../domain/message.ts';
import type { Keys } from '../store/keys.ts';
import { type FlagName, flagNames, type GateState, readGate, valueAt } from './flags.ts';

/**
 * What a process knows of the gate between two permits: a hint, never an authority. It wakes up on the pub/sub
 * hint and looks again every second; when it cannot look, everything reads as off.
 */
export interface GateWatch {
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  isOn(...flags: readonly FlagName[]): boolean;
  /** The gate last seen; undefined before the first look and while it cannot be read. */
  current(): GateState | undefined;
  /** The highest epoch ever seen here. A permit with a lower one comes from a store that went back in time. */
  highestEpoch(): number;
  noteEpoch(epoch: number): void;
  /** Calls back after every change, and when the gate is lost or found again. Answers how to unsubscribe. */
  onChange(listener: () => void): () => void;
  /** Aborts when sending on this channel stops; a new signal is made once it may go on. */
  stopSignal(channel: Channel): AbortSignal;
}

export interface GateWatchOptions {
  readonly redis: Redis;
  readonly hint: Redis;
  readonly keys: Keys;
  readonly now: () => number;
  readonly pollMs?: number;
}

/** Builds the watch; `start` looks once before it resolves. */
export function createGateWatch(options: GateWatchOptions): GateWatch {
  const listeners = new Set<() => void>();
  const stops = createStops();
  let gate: GateState | undefined;
  let highest = 0;
  let told = '';
  let timer: NodeJS.Timeout | undefined;

  const isOn = (...flags: readonly FlagName[]): boolean => {
    const seen = gate;
    // An epoch lower than one already seen: the store went back in time, and with it perhaps a stop.
    if (seen === undefined || seen.epoch < highest) return false;
    return flags.every((flag) => valueAt(seen.flags[flag], options.now()) === 'on');
  };
  const look = async (): Promise<void> => {
    gate = await readGate(options.redis, options.keys).catch(() => undefined);
    highest = Math.max(highest, gate?.epoch ?? 0);
    for (const channel of channels) stops.set(channel, isOn('send', `send:${channel}`));
    // An expiry changes what counts without a new epoch.
    const now = `${gate?.epoch} ${flagNames.map((flag) => isOn(flag)).join(' ')}`;
    if (now === told) return;
    told = now;
    for (const listener of listeners) listener();
  };
  const onHint = (): void => void look();
  return {
    name: 'gate watch',
    start: async () => {
      options.hint.on('message', onHint);
      options.hint.on('ready', onHint);
      void options.hint.subscribe(options.keys.gateHint).catch(() => undefined);
      await look();
      timer = setInterval(onHint, options.pollMs ?? 1_000).unref();
    },
    stop: () => {
      clearInterval(timer);
      options.hint.off('message', onHint);
      options.hint.off('ready', onHint);
      return Promise.resolve();
    },
    isOn,
    current: () => gate,
    highestEpoch: () => highest,
    noteEpoch: (epoch) => {
      highest = Math.max(highest, epoch);
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stopSignal: (channel) => stops.signalOf(channel),
  };
}

/** One signal a channel: aborted when it stops, and made anew when it may go on. */
function createStops(): {
  set(channel: Channel, on: boolean): void;
  signalOf(channel: Channel): AbortSignal;
} {
  const controllers = { email: new AbortController(), sms: new AbortController() };
  return {
    set: (channel, on) => {
      if (!on) controllers[channel].abort(new Error('sending is stopped'));
      else if (controllers[channel].signal.aborted) controllers[channel] = new AbortController();
    },
    signalOf: (channel) => controllers[channel].signal,
  };
}
