/** Where a process says how it ends. */
export interface ProcessLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
  fatal(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** Something that has been built and runs. `stop` answers the names of what did not stop in time. */
export interface Running {
  readonly name: string;
  stop(deadlineMs: number): Promise<readonly string[]>;
}

export interface ProcessOptions {
  readonly log: ProcessLog;
  readonly drainMs: number;
}

/**
 * Keeps a process until SIGTERM or SIGINT, then stops it in order and exits: 0 when everything stopped in time,
 * 1 when not. A second signal ends it at once. An error nobody caught is logged and ends the process too: what
 * is under way is safe, because the records say where every message stands.
 */
export function superviseProcess(running: Running, options: ProcessOptions): void {
  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) process.exit(1);
    stopping = true;
    options.log.info({ signal, process: running.name }, 'stopping');
    void running.stop(options.drainMs).then((late) => {
      if (late.length > 0) options.log.error({ late }, 'did not stop in time');
      process.exit(late.length > 0 ? 1 : 0);
    });
  };
  process.once('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  const die = (kind: string) => (error: unknown) => {
    options.log.fatal({ err: error, kind }, 'unexpected fault; the process ends');
    process.exit(1);
  };
  process.on('uncaughtException', die('uncaughtException'));
  process.on('unhandledRejection', die('unhandledRejection'));
}
