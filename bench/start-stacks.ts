import { anEvent, type ProcessKind, type Service, startService } from '../test/support/service.ts';
import { type MailSink, startMailSink } from './mail-sink.ts';
import { type Plain, type PlainKind, startPlain } from './start-plain.ts';

/** The stacks, each with its own Redis, sending to the same SMTP server and trusting the same issuer. */
export interface Stacks {
  readonly ours: Service;
  /** Its Redis runs as it comes. */
  readonly plain: Plain;
  /** The same programs on a Redis with `appendfsync always`, like ours. */
  readonly durable: Plain;
  readonly sink: MailSink;
}

export interface StacksOptions {
  readonly ours: readonly ProcessKind[];
  readonly plain: readonly PlainKind[];
  /** None when absent; its Redis is there all the same. */
  readonly durable?: readonly PlainKind[];
  /** Mails at the same time: of all senders of ours together, and of each worker of theirs. */
  readonly concurrency?: number;
}

/** As the product comes: ten mails at a time. */
export const defaultConcurrency = 10;
/** How figures name what stands beside ours. */
export const durablePlain = 'plain, durable';

/** Runs `use` with the stacks and stops them, however it ends. */
export async function withStacks<T>(options: StacksOptions, use: (stacks: Stacks) => Promise<T>): Promise<T> {
  const { concurrency = defaultConcurrency, durable: durableProcesses = [] } = options;
  const senders = Math.max(1, options.ours.filter((kind) => kind === 'sender').length);
  return await withReleases(async (keep) => {
    const sink = await keep(startMailSink());
    const environment = { SEND_CONCURRENCY: String(Math.ceil(concurrency / senders)) };
    const ours = await keep(startOurs({ processes: options.ours, sink, environment }));
    const common = { issuer: ours.issuer, smtpUrl: sink.url, concurrency };
    const plain = await keep(startPlain({ ...common, processes: options.plain, isDurable: false }));
    const durable = await keep(startPlain({ ...common, processes: durableProcesses, isDurable: true }));
    return await use({ ours, plain, durable, sink });
  });
}

/** Runs `use` and, however it ends, stops what it has kept: the last first. */
export async function withReleases<T>(
  use: (keep: <One extends { stop(): Promise<void> }>(starting: Promise<One>) => Promise<One>) => Promise<T>,
): Promise<T> {
  const stops: (() => Promise<void>)[] = [];
  try {
    return await use(async (starting) => {
      const started = await starting;
      stops.unshift(() => started.stop());
      return started;
    });
  } finally {
    for (const stop of stops) await stop();
  }
}

/**
 * The built program as it would run in production: durable store, every check and every limit on, the limits so wide that
 * none bites. Only the rollback triggers are off: they would rightly stop a service that is driven to its limits.
 */
export async function startOurs(options: {
  readonly processes: readonly ProcessKind[];
  readonly sink: MailSink;
  readonly environment?: Readonly<Record<string, string>>;
}): Promise<Service> {
  return await startService({
    processes: options.processes,
    environment: {
      SMTP_URL: options.sink.url,
      SEND_CONCURRENCY: String(defaultConcurrency),
      RATE_LIMIT_ENABLED: 'true',
      RATE_LIMIT_PER_MINUTE: '1000000',
      RATE_LIMIT_DOMAIN_PER_MINUTE: '1000000',
      RECIPIENT_DAILY_CAP: '1000',
      BACKLOG_MAX: '10000000',
      RECONCILE_SECONDS: '15',
      RECONCILE_AGE_SECONDS: '30',
      ...options.environment,
    },
  });
}

let made = 0;

/** An event that every stack understands, never the same twice, as JSON. */
export function makeEvent(name = `bench-${(made += 1)}`, type?: string): string {
  const event = { idempotency_key: name, ...anEvent({ email: `${name}@example.com` }) };
  return JSON.stringify(type === undefined ? event : { ...event, type });
}

export function makeBatch(size: number): string {
  return `[${Array.from({ length: size }, () => makeEvent()).join(',')}]`;
}
