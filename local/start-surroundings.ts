import { join } from 'node:path';
import { loadStudents, startDirectory } from './directory.ts';
import { smsAccountSid } from './environment.ts';
import { type Mail, startInbox } from './inbox.ts';
import { audiences, startIssuer } from './issuer.ts';
import type { Crash, StandOptions, StandPart } from './part.ts';
import { startRedis } from './redis.ts';
import { findRoot } from './root.ts';
import { listIssuerClients, type Secrets } from './secrets.ts';
import { startSentPage } from './sent-page.ts';
import { createShelf } from './shelf.ts';
import { startSmsCatcher, type Text } from './sms-catcher.ts';

/** Mails and texts that are shown. */
const keptMax = 500;

export interface SurroundingsOptions extends StandOptions {
  readonly secrets: Secrets;
  /** Each part is added here as soon as it runs, so that a failure later can stop it. */
  readonly parts: StandPart[];
}

interface RunningSurroundings {
  readonly addresses: Readonly<Record<'sent' | 'issuer' | 'tokens' | 'directory' | 'redis', string>>;
  readonly crashed: Promise<Crash>;
}

/** Starts what the product talks to. Redis is a process; the small servers live in this one. */
export async function startSurroundings(options: SurroundingsOptions): Promise<RunningSurroundings> {
  const { ports, dataDir, secrets } = options;
  const redisDir = join(dataDir, 'redis');
  const program = options.caller['REDIS_SERVER'];
  const redis = await options.report.step(
    'redis',
    () => startRedis({ dir: redisDir, port: ports.redis, ...(program === undefined ? {} : { program }) }),
    ({ url }) => url,
  );
  const signal = async (name: NodeJS.Signals): Promise<void> => void process.kill(redis.pid, name);
  options.parts.push({
    name: 'redis',
    stop: async () => {
      await signal('SIGCONT');
      await redis.stop();
    },
    // One that ends is a fault of the stand; one that is deaf is as far away.
    goAway: () => signal('SIGSTOP'),
    comeBack: () => signal('SIGCONT'),
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
  const [mails, texts] = [createShelf<Mail>(keptMax), createShelf<Text>(keptMax)];
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
  { report, parts }: SurroundingsOptions,
  name: string,
  start: () => Promise<T>,
): Promise<T> {
  const first = await report.step(name, start, ({ url }) => url);
  let part = first;
  parts.push({
    name,
    stop: () => part.stop(),
    goAway: () => part.stop(),
    comeBack: async () => {
      part = await start();
    },
  });
  return first;
}
