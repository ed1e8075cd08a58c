import { afterAll, beforeAll } from 'vitest';
import { type GateServer, startGateServer } from './gate-store.ts';

/** The server of the file that calls this, and what is to be closed before it stops, the newest first. */
export function useGateServer(): {
  readonly server: Omit<GateServer, 'stop'>;
  readonly closers: (() => Promise<unknown> | void)[];
} {
  let started: GateServer | undefined;
  const closers: (() => Promise<unknown> | void)[] = [];
  beforeAll(async () => {
    started = await startGateServer();
  });
  afterAll(async () => {
    for (const close of closers.toReversed()) await close();
    await started?.stop();
  });
  const running = (): GateServer => {
    if (started === undefined) throw new Error('the server runs only while the tests do');
    return started;
  };
  const server = {
    get server() {
      return running().server;
    },
    connect: () => running().connect(),
    openStore: () => running().openStore(),
  };
  return { server, closers };
}
