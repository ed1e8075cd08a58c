import { anEvent, type ProcessKind, type Service, startService } from '../test/support/service.ts';
import { type MailSink, startMailSink } from './mail-sink.ts';
import { type Plain, type PlainKind, startPlain } from './start-plain.ts';

/** Both stacks, each with its own Redis, sending to the same SMTP server and trusting the same issuer. */
export interface Stacks {
  readonly ours: Service;
  readonly plain: Plain;
  readonly sink: MailSink;
}

export interface StacksOptions {
  readonly ours: readonly ProcessKind[];
  readonly plain: readonly PlainKind[];
  /** Mails at the same time: of a sender of ours, of a worker of theirs. */
  readonly concurrency?: number;
}

/** As the product comes: ten mails at a time. */
export const defaultConcurrency = 10;

/** Runs `use` with both stacks and stops them, however it ends. */
export async function withStacks<T>(options: StacksOptions, use: (stacks: Stacks) => Promise<T>): Promise<T> {
  const { concurrency = defaultConcurrency } = options;
  const stops: (() => Promise<void>)[] = [];
  try {
    const sink = await startMailSink();
    stops.unshift(() => sink.stop());
    const ours = await startOurs(options.ours, { sink, concurrency });
    stops.unshift(() => ours.stop());
    const { issuer } = ours;
    const plain = await startPlain({ processes: options.plain, issuer, smtpUrl: sink.url, concurrency });
    stops.unshift(() => plain.stop());
    return await use({ ours, plain, sink });
  } finally {
    for (const stop of stops) await stop();
  }
}

/**
 * The built program as it would run in production: durable store, every check and every limit on, the limits so wide that
 * none bites. Only the rollback triggers are off: they would rightly stop a service that is driven to its limits.
 */
async function startOurs(
  processes: readonly ProcessKind[],
  { sink, concurrency }: { readonly sink: MailSink; readonly concurrency: number },
): Promise<Service> {
  return await startService({
    processes,
    environment: {
      SMTP_URL: sink.url,
      SEND_CONCURRENCY: String(concurrency),
      RATE_LIMIT_ENABLED: 'true',
      RATE_LIMIT_PER_MINUTE: '1000000',
      RATE_LIMIT_DOMAIN_PER_MINUTE: '1000000',
      RECIPIENT_DAILY_CAP: '1000',
      RECONCILE_SECONDS: '15',
      RECONCILE_AGE_SECONDS: '30',
    },
  });
}

let made = 0;

/** An event that both stacks understand, never the same twice, as JSON. */
export function makeEvent(name = `bench-${(made += 1)}`): string {
  return JSON.stringify({ idempotency_key: name, ...anEvent({ email: `${name}@example.com` }) });
}

export function makeBatch(size: number): string {
  return `[${Array.from({ length: size }, () => makeEvent()).join(',')}]`;
}
