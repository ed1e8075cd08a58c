import { setTimeout as delay } from 'node:timers/promises';
import { ProviderUnavailable } from './provider.ts';

/**
 * Guarantees that whoever holds a slot also holds a live connection, that there are never more holders than
 * `connectionsMax`, and that nothing is queued behind a holder. It knows no protocol: how to connect, check and
 * end a connection is handed in.
 */
export interface ConnectionPool<C> {
  /** Waits its turn (first come, first served), then for a connection. Rejects with `ProviderUnavailable`. */
  acquire(signal: AbortSignal): Promise<HeldConnection<C>>;
  /** Refuses new holders, waits at most `deadlineMs` for present ones, then destroys what is left. */
  close(deadlineMs: number): Promise<void>;
}

export interface HeldConnection<C> {
  readonly connection: C;
  /** Only the first call counts. */
  giveBack(condition: ConnectionCondition): void;
}

/** `used`: fit for the next holder. `dirty`: to be checked first. `broken`: destroyed at once. */
export type ConnectionCondition = 'unused' | 'used' | 'dirty' | 'broken';

export interface ConnectionPoolOptions<C> {
  readonly connectionsMax: number;
  /** An idle connection is ended after this long; keep it below the peer's own idle time-out. */
  readonly idleTimeoutMs: number;
  /** A connection that idled for longer than this is checked by a round trip before it is handed out. */
  readonly idleCheckMs: number;
  /** A connection is replaced after this many uses. */
  readonly usesMax: number;
  /** Connects, within its own time-out; rejects with `ProviderUnavailable`. */
  connect(signal: AbortSignal): Promise<C>;
  /** Whether, without a round trip, the peer has already gone. */
  isAlive(connection: C): boolean;
  /** Asks the peer. Resolves to false, never rejects, within its own time-out. */
  check(connection: C): Promise<boolean>;
  /** Closes it in the order of its protocol. */
  end(connection: C): void;
  destroy(connection: C): void;
}

interface IdleConnection<C> {
  readonly connection: C;
  readonly uses: number;
  readonly sinceMs: number;
  readonly dirty: boolean;
  readonly timer: NodeJS.Timeout;
}

/** A pool of connections, empty at first; they are made when they are first needed. */
export function createConnectionPool<C>(options: ConnectionPoolOptions<C>): ConnectionPool<C> {
  return new Pool(options);
}

class Pool<C> implements ConnectionPool<C> {
  readonly #options: ConnectionPoolOptions<C>;
  readonly #idle: IdleConnection<C>[] = [];
  readonly #held = new Set<C>();
  /** First come, first served. */
  readonly #waiters = new Set<PromiseWithResolvers<void>>();
  readonly #closing = new AbortController();
  readonly #empty = Promise.withResolvers<void>();
  #slotsTaken = 0;

  constructor(options: ConnectionPoolOptions<C>) {
    this.#options = options;
  }

  async acquire(signal: AbortSignal): Promise<HeldConnection<C>> {
    await this.#takeSlot(signal);
    try {
      const found = await this.#findConnection(signal);
      if (signal.aborted || this.#closing.signal.aborted) {
        this.#keepOrEnd(found.connection, 'unused', found.uses);
        throw this.#whyGivenUp();
      }
      return this.#hold(found.connection, found.uses);
    } catch (error) {
      this.#freeSlot();
      throw error;
    }
  }

  async close(deadlineMs: number): Promise<void> {
    this.#closing.abort();
    for (const waiter of this.#waiters) waiter.reject(this.#whyGivenUp());
    this.#waiters.clear();
    for (const idle of this.#idle.splice(0)) this.#endIdle(idle);
    if (this.#slotsTaken > 0)
      await Promise.race([this.#empty.promise, delay(deadlineMs, undefined, { ref: false })]);
    for (const connection of this.#held) this.#options.destroy(connection);
  }

  async #takeSlot(signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#closing.signal.aborted) throw this.#whyGivenUp();
    if (this.#slotsTaken < this.#options.connectionsMax) {
      this.#slotsTaken += 1;
      return;
    }
    const turn = Promise.withResolvers<void>();
    const giveUp = (): void => {
      if (this.#waiters.delete(turn)) turn.reject(this.#whyGivenUp());
    };
    this.#waiters.add(turn);
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      await turn.promise;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  /** The slot goes straight to the next waiter, so nobody can overtake. */
  #freeSlot(): void {
    const [next] = this.#waiters;
    if (next !== undefined) {
      this.#waiters.delete(next);
      return next.resolve();
    }
    this.#slotsTaken -= 1;
    if (this.#slotsTaken === 0 && this.#closing.signal.aborted) this.#empty.resolve();
  }

  async #findConnection(signal: AbortSignal): Promise<{ connection: C; uses: number }> {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      clearTimeout(idle.timer);
      if (await this.#isFit(idle)) return idle;
      this.#options.destroy(idle.connection);
      if (signal.aborted) throw this.#whyGivenUp();
    }
    const giveUp = AbortSignal.any([signal, this.#closing.signal]);
    return { connection: await this.#options.connect(giveUp), uses: 0 };
  }

  async #isFit(idle: IdleConnection<C>): Promise<boolean> {
    if (!this.#options.isAlive(idle.connection)) return false;
    const fresh = !idle.dirty && performance.now() - idle.sinceMs <= this.#options.idleCheckMs;
    return fresh || this.#options.check(idle.connection);
  }

  #hold(connection: C, usesBefore: number): HeldConnection<C> {
    this.#held.add(connection);
    let given = false;
    return {
      connection,
      giveBack: (condition) => {
        if (given) return;
        given = true;
        this.#held.delete(connection);
        this.#keepOrEnd(connection, condition, usesBefore + (condition === 'unused' ? 0 : 1));
        this.#freeSlot();
      },
    };
  }

  #keepOrEnd(connection: C, condition: ConnectionCondition, uses: number): void {
    if (condition === 'broken' || !this.#options.isAlive(connection))
      return this.#options.destroy(connection);
    if (uses >= this.#options.usesMax || this.#closing.signal.aborted) return this.#options.end(connection);
    const idle: IdleConnection<C> = {
      connection,
      uses,
      sinceMs: performance.now(),
      dirty: condition === 'dirty',
      timer: setTimeout(() => {
        this.#idle.splice(this.#idle.indexOf(idle), 1);
        this.#endIdle(idle);
      }, this.#options.idleTimeoutMs),
    };
    this.#idle.push(idle);
  }

  #endIdle(idle: IdleConnection<C>): void {
    clearTimeout(idle.timer);
    if (this.#options.isAlive(idle.connection)) this.#options.end(idle.connection);
    else this.#options.destroy(idle.connection);
  }

  #whyGivenUp(): ProviderUnavailable {
    return this.#closing.signal.aborted
      ? new ProviderUnavailable('closed', 'the provider is closed')
      : new ProviderUnavailable('gave-up-waiting', 'the caller gave up before a connection was free');
  }
}
