import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessKind, Service } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

/** Starts every process again that ends, until `close`. */
export interface Supervisor {
  /** SIGKILL, and resolves when its successor is ready. */
  kill(name: string): Promise<void>;
  /** SIGSTOP for so long. */
  freeze(name: string, ms: number): Promise<void>;
  /** How many processes ended that were not killed here, by how they ended. */
  readonly unexpectedExits: ReadonlyMap<string, number>;
  close(): void;
}

export interface ProcessSpec {
  readonly name: string;
  readonly kind: ProcessKind;
  readonly environment: Readonly<Record<string, string>>;
}

/** A successor waits for a store that may be away. */
const readyMs = 120_000;

/** Starts all processes and resolves when they are ready. */
export async function startSupervisor(service: Service, specs: readonly ProcessSpec[]): Promise<Supervisor> {
  const unexpectedExits = new Map<string, number>();
  const killed = new Set<number>();
  /** Process ids by name. */
  const ready = new Map<string, number>();
  const life = new AbortController();
  const { signal } = life;
  const start = async ({ kind, name, environment }: ProcessSpec): Promise<void> => {
    ready.set(name, (await service.startProcess(kind, name, environment)).pid);
  };
  const startAgain = async (spec: ProcessSpec): Promise<boolean> => {
    try {
      await start(spec);
      return true;
    } catch {
      // The reason is in its log; it is started until it stays up.
      const failed = service.processes.get(spec.name);
      failed?.signal('SIGKILL');
      await failed?.exited;
      return false;
    }
  };
  const watch = async (spec: ProcessSpec): Promise<void> => {
    while (!signal.aborted) {
      const one = service.processes.get(spec.name);
      const how = (await one?.exited) ?? 'never started';
      if (!signal.aborted && one !== undefined && !killed.has(one.pid))
        unexpectedExits.set(how, (unexpectedExits.get(how) ?? 0) + 1);
      let started = false;
      while (!signal.aborted && !started) started = await startAgain(spec);
    }
  };
  await Promise.all(specs.map(start));
  for (const spec of specs) void watch(spec);
  return {
    unexpectedExits,
    close: () => life.abort(),
    kill: async (name) => {
      const victim = service.processes.get(name);
      const before = ready.get(name);
      if (victim === undefined) throw new RangeError(`there is no ${name}`);
      killed.add(victim.pid);
      victim.signal('SIGKILL');
      await waitFor(
        `the next ${name} is ready`,
        () => ready.get(name),
        (pid) => pid !== before,
        { deadlineMs: readyMs, everyMs: 50 },
      );
    },
    freeze: async (name, ms) => {
      const victim = service.processes.get(name);
      victim?.signal('SIGSTOP');
      await sleep(ms);
      victim?.signal('SIGCONT');
    },
  };
}
