import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buildEnvironment, type Environment } from './environment.ts';
import type { Crash, Part, StandOptions } from './part.ts';
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
  /** Resolves when a part ends that nobody asked to end. */
  readonly crashed: Promise<Crash>;
  /** Stops all parts in reverse order and leaves nothing running. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Starts every part in order and reports each as it becomes ready: first what surrounds the product (Redis, issuer,
 * directory, the places where mail and texts arrive), then the product's own processes. When one fails, those before
 * it are stopped and this rejects.
 */
export async function startStand(options: StandOptions): Promise<Stand> {
  const parts: Part[] = [];
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= stopParts(parts, options.report));
  const logsDir = join(options.dataDir, 'logs');
  try {
    await mkdir(logsDir, { recursive: true, mode: 0o700 });
    const secrets = await loadSecrets(options.dataDir);
    const surroundings = await startSurroundings({ ...options, secrets, parts });
    const environment = buildEnvironment({ ...options, secrets });
    const children = await startPrograms({ ...options, environment, logsDir, parts });
    return {
      addresses: { ...surroundings.addresses, api: environment['APP_BASE_URL'] ?? '' },
      environment,
      secrets,
      logsDir,
      crashed: Promise.race([surroundings.crashed, ...children.map((child) => child.crashed)]),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function stopParts(parts: readonly Part[], report: Report): Promise<void> {
  for (const part of parts.toReversed()) {
    await part.stop().catch((error: unknown) => report.bad(part.name, `did not stop: ${String(error)}`));
  }
}
