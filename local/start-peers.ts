import { join } from 'node:path';
import { createBoundedList } from './bounded-list.ts';
import type { Crash, StackComponent, StackOptions } from './component.ts';
import { loadStudents, startDirectory } from './directory.ts';
import { smsAccountSid } from './environment.ts';
import { type Mail, startInbox } from './inbox.ts';
import { audiences, startIssuer } from './issuer.ts';
import { startRedis } from './redis.ts';
import { findRoot } from './root.ts';
import { listIssuerClients, type Secrets } from './secrets.ts';
import { startSentPage } from './sent-page.ts';
import { type SmsMessage, startSmsCatcher } from './sms-catcher.ts';

/** Mails and texts that are shown. */
const keptMax = 500;

export interface PeersOptions extends StackOptions {
  readonly secrets: Secrets;
  /** Each component is added here as soon as it runs, so that a failure later can stop it. */
  readonly components: StackComponent[];
}

interface RunningPeers {
  readonly addresses: Readonly<Record<'sent' | 'issuer' | 'tokens' | 'directory' | 'redis', string>>;
  readonly crashed: Promise<Crash>;
}

/** Starts what the product talks to. Redis is a process of its own; the small servers run in this one. */
export async function startPeers(options: PeersOptions): Promise<RunningPeers> {
  const { ports, dataDir, secrets } = options;
  const redisDir = join(dataDir, 'redis');
  const program = options.caller['REDIS_SERVER'];
  const redis = await options.report.step(
    'redis',
    () => startRedis({ dir: redisDir, port: ports.redis, ...(program === undefined ? {} : { program }) }),
    ({ url }) => url,
  );
  const signal = async (name: NodeJS.Signals): Promise<void> => void process.kill(redis.pid, name);
  options.components.push({
    name: 'redis',
    stop: async () => {
      await signal('SIGCONT');
      await redis.stop();
    },
    // Frozen, not ended: a Redis that ends counts as a crash of the stack.
    interrupt: () => signal('SIGSTOP'),
    restore: () => signal('SIGCONT'),
  });
  const issuer = await add(options, 'issuer', () =>
    startIssuer({
      port: ports.issuer,
      keysDir: join(dataDir, 'issuer'),
      clients: listIssuerClients(secrets),
    }),
  );
  const students = await loadStudents(join(findRoot(), 'local', 'fixtures', 'students.json'));
  const directory = await add(options, 'directory', () =>
    startDirectory({ port: ports.directory, students, issuer, audience: audiences.directory }),
  );
  const [mails, texts] = [createBoundedList<Mail>(keptMax), createBoundedList<SmsMessage>(keptMax)];
  await add(options, 'mail server', () => startInbox({ port: ports.smtp, mails }));
  const account = { accountSid: smsAccountSid, authToken: secrets.smsAuthToken };
  await add(options, 'text server', () => startSmsCatcher({ port: ports.sms, texts, ...account }));
  const page = await add(options, 'what was sent', () =>
    startSentPage({ port: ports.sentPage, mails, texts }),
  );
  return {
    addresses: {
      sent: page.url,
      issuer: issuer.url,
      tokens: issuer.tokenUrl,
      directory: directory.url,
      redis: redis.url,
    },
    crashed: redis.exited.then((how) => ({
      name: 'redis',
      how,
      lastLines: [`Its log: ${redisDir}/redis.log`],
    })),
  };
}

async function add<T extends { readonly url: string; stop(): Promise<unknown> }>(
  { report, components }: PeersOptions,
  name: string,
  start: () => Promise<T>,
): Promise<T> {
  const first = await report.step(name, start, ({ url }) => url);
  let component = first;
  components.push({
    name,
    stop: () => component.stop(),
    interrupt: () => component.stop(),
    restore: async () => {
      component = await start();
    },
  });
  return first;
}
