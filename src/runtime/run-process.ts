/** Something that has been built and runs. */
export interface SupervisedProcess {
  readonly name: string;
  /** Resolves to the names of what did not stop in time. */
  readonly stop: (deadlineMs: number) => Promise<readonly string[]>;
  readonly drainMs: number;
  readonly log: Readonly<
    Record<'info' | 'error' | 'fatal', (fields: Readonly<Record<string, unknown>>, message: string) => void>
  >;
}

/**
 * Keeps a process until SIGTERM or SIGINT, then stops it in order and exits: 0 when everything stopped in time,
 * 1 when not. A second signal ends it at once. An uncaught error is logged and ends the process too: what
 * is under way is safe, because the records say the state of every message.
 */
export function superviseProcess({ name, stop: stopAll, drainMs, log }: SupervisedProcess): void {
  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) process.exit(1);
    stopping = true;
    log.info({ signal, process: name }, 'stopping');
    void stopAll(drainMs).then((late) => {
      if (late.length > 0) log.error({ late }, 'did not stop in time');
      process.exit(late.length > 0 ? 1 : 0);
    });
  };
  process.once('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  const die = (kind: string) => (error: unknown) => {
    log.fatal({ err: error, kind }, 'unexpected fault; the process ends');
    process.exit(1);
  };
  process.on('uncaughtException', die('uncaughtException'));
  process.on('unhandledRejection', die('unhandledRejection'));
}
