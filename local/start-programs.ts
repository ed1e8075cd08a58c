import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Child, startChild } from './child.ts';
import { type Crash, type StackComponent, type StackOptions, StartError } from './component.ts';
import type { Environment, Program } from './environment.ts';
import type { Report } from './report.ts';
import { findRoot } from './root.ts';

export interface ProgramsOptions extends StackOptions {
  readonly environment: Environment;
  readonly logsDir: string;
  /** Each process is added here as soon as it exists. */
  readonly components: StackComponent[];
}

export interface RunningProgram {
  readonly crashed: Promise<Crash>;
}

const readyMs = 60_000;

/** Starts the product's processes, all at once because together they are ready sooner, and awaits them in order. */
export async function startPrograms(options: ProgramsOptions): Promise<readonly RunningProgram[]> {
  const starting = options.programs.map((program) => {
    const { child, ready } = startProgram(program, options);
    options.components.push({ name: program.name, stop: () => stopChild(child, options) });
    // Awaited below, one after another; until then a failure must not count as unhandled.
    ready.catch(() => undefined);
    return { program, child, ready };
  });
  for (const { program, child, ready } of starting) {
    const where = isApi(program) ? (options.environment['APP_BASE_URL'] ?? '') : `process ${child.pid}`;
    await options.report.step(
      program.name,
      () => ready,
      () => where,
    );
  }
  return starting.map(({ child }) => ({ crashed: describeCrash(child) }));
}

function startProgram(program: Program, options: ProgramsOptions): { child: Child; ready: Promise<void> } {
  const root = findRoot();
  const file = join(root, program.file);
  if (!existsSync(file)) throw new StartError(`${program.file} is not there. Build it: npm run build`);
  const { environment, ports } = options;
  const ownPort =
    program.metricsPort === undefined ? {} : { METRICS_PORT: String(ports[program.metricsPort]) };
  const logFile = join(options.logsDir, `${program.name}.log`);
  const saidReady = Promise.withResolvers<undefined>();
  const child = startChild({
    name: program.name,
    file,
    cwd: root,
    environment: { ...environment, ...ownPort },
    logFile,
    onLine: (line) => {
      if (/"msg":\s*"ready"/.test(line)) saidReady.resolve(undefined);
    },
  });
  const isUp = isApi(program)
    ? waitForResponse(`${environment['APP_BASE_URL']}/readyz`, child)
    : saidReady.promise;
  return { child, ready: failUnlessReady(isUp, child, logFile) };
}

async function failUnlessReady(isUp: Promise<undefined>, child: Child, logFile: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`not ready after ${readyMs / 1000} s`), readyMs);
  });
  const failure = await Promise.race([isUp, child.exited, tooLate]);
  clearTimeout(timer);
  if (failure === undefined) return;
  throw new StartError(
    `${child.name}: ${failure}. Its last lines (all in ${logFile}):\n${child.lastLines().join('\n')}`,
  );
}

/** Resolves once the address answers 200; never, when the process ends before. */
async function waitForResponse(url: string, child: Child): Promise<undefined> {
  const gone = new AbortController();
  void child.exited.then(() => gone.abort());
  while (!gone.signal.aborted) {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.status === 200) return undefined;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return new Promise(() => undefined);
}

async function stopChild(
  child: Child,
  { environment, report }: { environment: Environment; report: Report },
): Promise<void> {
  const drainMs = Number(environment['DRAIN_SECONDS'] ?? 5) * 1000;
  if ((await child.stop(drainMs + 5000)) === 'killed')
    report.bad(child.name, 'had to be killed: it did not end in time');
}

async function describeCrash(child: Child): Promise<Crash> {
  const how = await child.exited;
  return { name: child.name, how, lastLines: child.lastLines() };
}

/** The API has no metrics port of its own here, and is ready when it says so over HTTP. */
function isApi(program: Program): boolean {
  return program.metricsPort === undefined;
}
