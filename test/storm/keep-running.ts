import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessKind, Service } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

/** What a supervisor does: whoever ends is started again, until `close`. */
export interface Supervisor {
  /** SIGKILL, and resolves when its successor is ready. */
  kill(name: string): Promise<void>;
  /** SIGSTOP for so long. */
  freeze(name: string, ms: number): Promise<void>;
  /** How many ended that nobody had killed here, by how they ended. */
  readonly deaths: ReadonlyMap<string, number>;
  close(): void;
}

export interface Post {
  readonly name: string;
  readonly kind: ProcessKind;
  readonly environment: Readonly<Record<string, string>>;
}

/** A successor waits for a store that may be away. */
const readyMs = 120_000;

/** Starts every post and resolves when all are ready. */
export async function keepRunning(service: Service, posts: readonly Post[]): Promise<Supervisor> {
  const deaths = new Map<string, number>();
  const killed = new Set<number>();
  /** Process ids by name. */
  const ready = new Map<string, number>();
  const life = new AbortController();
  const { signal } = life;
  const start = async ({ kind, name, environment }: Post): Promise<void> => {
    ready.set(name, (await service.startProcess(kind, name, environment)).pid);
  };
  const startAgain = async (post: Post): Promise<boolean> => {
    try {
      await start(post);
      return true;
    } catch {
      // It says why in its log; it is started until it stays.
      const failed = service.processes.get(post.name);
      failed?.signal('SIGKILL');
      await failed?.exited;
      return false;
    }
  };
  const watch = async (post: Post): Promise<void> => {
    while (!signal.aborted) {
      const one = service.processes.get(post.name);
      const how = (await one?.exited) ?? 'never started';
      if (!signal.aborted && one !== undefined && !killed.has(one.pid))
        deaths.set(how, (deaths.get(how) ?? 0) + 1);
      let started = false;
      while (!signal.aborted && !started) started = await startAgain(post);
    }
  };
  await Promise.all(posts.map(start));
  for (const post of posts) void watch(post);
  return {
    deaths,
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
