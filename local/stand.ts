import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createDrills } from './drills.ts';
import { buildEnvironment, type Environment, formatEnvironment } from './environment.ts';
import type { Crash, StandOptions, StandPart } from './part.ts';
import { writePrivateFile } from './private-file.ts';
import type { Report } from './report.ts';
import { loadSecrets, type Secrets } from './secrets.ts';
import { startPrograms } from './start-programs.ts';
import { startSurroundings } from './start-surroundings.ts';

/** Everything that runs. */
export interface Stand {
  readonly addresses: Readonly<Record<'api' | 'sent' | 'issuer' | 'tokens' | 'directory' | 'redis', string>>;
  readonly environment: Environment;
  readonly secrets: Secrets;
  readonly logsDir: string;
  /** The settings of the product's processes, as a file for `acc --env-file`. */
  readonly environmentFile: string;
  /** Resolves when a part ends that nobody asked to end. */
  readonly crashed: Promise<Crash>;
  /** Runs a drill (local/drills.ts) and answers what happens now. Throws a sentence when it cannot. */
  drill(name: string, seconds: number): Promise<string>;
  /** Stops all parts in reverse order and leaves nothing running. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Starts every part in order and reports each as it becomes ready: first what surrounds the product (Redis, issuer,
 * directory, the places where mail and texts arrive), then the product's own processes. When one fails, those before
 * it are stopped and this rejects.
 */
export async function startStand(options: StandOptions): Promise<Stand> {
  const parts: StandPart[] = [];
  let stopping: Promise<void> | undefined;
  const drills = createDrills(parts, options.report);
  const operatorFile = join(options.dataDir, 'operator.env');
  const stop = (): Promise<void> =>
    (stopping ??= rm(operatorFile, { force: true })
      .then(() => drills.end())
      .then(() => stopParts(parts, options.report)));
  const logsDir = join(options.dataDir, 'logs');
  try {
    await mkdir(logsDir, { recursive: true, mode: 0o700 });
    const secrets = await loadSecrets(options.dataDir);
    const surroundings = await startSurroundings({ ...options, secrets, parts });
    const environment = buildEnvironment({ ...options, secrets });
    const environmentFile = join(options.dataDir, 'service.env');
    await writePrivateFile(environmentFile, formatEnvironment(environment));
    const children = await startPrograms({ ...options, environment, logsDir, parts });
    const addresses = { ...surroundings.addresses, api: environment['APP_BASE_URL'] ?? '' };
    const ofOperator = buildOperatorEnvironment(addresses, environment, secrets);
    await writePrivateFile(operatorFile, formatEnvironment(ofOperator));
    return {
      addresses,
      environment,
      secrets,
      logsDir,
      environmentFile,
      crashed: Promise.race([surroundings.crashed, ...children.map((child) => child.crashed)]),
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
  { api, redis, tokens }: Stand['addresses'],
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

async function stopParts(parts: readonly StandPart[], report: Report): Promise<void> {
  for (const part of parts.toReversed()) {
    await part.stop().catch((error: unknown) => report.bad(part.name, `did not stop: ${String(error)}`));
  }
}
