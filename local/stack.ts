import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Crash, StackComponent, StackOptions } from './component.ts';
import { createDrills } from './drills.ts';
import { buildEnvironment, type Environment, formatEnvironment } from './environment.ts';
import { writePrivateFile } from './private-file.ts';
import type { Report } from './report.ts';
import { loadSecrets, type Secrets } from './secrets.ts';
import { startPeers } from './start-peers.ts';
import { startPrograms } from './start-programs.ts';

/** The local stack: the product's processes and the servers that they talk to. */
export interface Stack {
  readonly addresses: Readonly<Record<'api' | 'sent' | 'issuer' | 'tokens' | 'directory' | 'redis', string>>;
  readonly environment: Environment;
  readonly secrets: Secrets;
  readonly logsDir: string;
  /** The settings of the product's processes, as a file for `acc --env-file`. */
  readonly environmentFile: string;
  /** Resolves when a component ends that nobody asked to end. */
  readonly crashed: Promise<Crash>;
  /** Runs a drill (local/drills.ts) and resolves with what happens now. Rejects with the reason when it cannot start. */
  drill(name: string, seconds: number): Promise<string>;
  /** Stops all components in reverse order and leaves nothing running. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Starts every component in order and reports each as it becomes ready: first the peers (Redis, issuer,
 * directory, SMTP inbox, SMS catcher), then the product's own processes. When one fails, those before
 * it are stopped and this rejects.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const components: StackComponent[] = [];
  let stopping: Promise<void> | undefined;
  const drills = createDrills(components, options.report);
  const operatorFile = join(options.dataDir, 'operator.env');
  const stop = (): Promise<void> =>
    (stopping ??= rm(operatorFile, { force: true })
      .then(() => drills.end())
      .then(() => stopComponents(components, options.report)));
  const logsDir = join(options.dataDir, 'logs');
  try {
    await mkdir(logsDir, { recursive: true, mode: 0o700 });
    const secrets = await loadSecrets(options.dataDir);
    const peers = await startPeers({ ...options, secrets, components });
    const environment = buildEnvironment({ ...options, secrets });
    const environmentFile = join(options.dataDir, 'service.env');
    await writePrivateFile(environmentFile, formatEnvironment(environment));
    const children = await startPrograms({ ...options, environment, logsDir, components });
    const addresses = { ...peers.addresses, api: environment['APP_BASE_URL'] ?? '' };
    const ofOperator = buildOperatorEnvironment(addresses, environment, secrets);
    await writePrivateFile(operatorFile, formatEnvironment(ofOperator));
    return {
      addresses,
      environment,
      secrets,
      logsDir,
      environmentFile,
      crashed: Promise.race([peers.crashed, ...children.map((child) => child.crashed)]),
      drill: (name, seconds) => drills.run(name, seconds),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What `scripts/acc` adds to its environment: where the service, its store and its witness are, and who asks. */
function buildOperatorEnvironment(
  { api, redis, tokens }: Stack['addresses'],
  { WITNESS_URL = '' }: Environment,
  secrets: Secrets,
): Environment {
  return {
    APP_BASE_URL: api,
    REDIS_URL: redis,
    WITNESS_URL,
    M2M_TOKEN_URL: tokens,
    M2M_CLIENT_ID: 'operator',
    M2M_CLIENT_SECRET: secrets.clients.operator,
  };
}

async function stopComponents(components: readonly StackComponent[], report: Report): Promise<void> {
  for (const component of components.toReversed()) {
    await component
      .stop()
      .catch((error: unknown) => report.bad(component.name, `did not stop: ${String(error)}`));
  }
}
