import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Crash, StartError } from './component.ts';
import { claimSocket, readRunningStack, type StackState, stopRunningStack } from './control.ts';
import { runDemo } from './demo.ts';
import { startInBackground } from './detach.ts';
import { choosePorts, describeTakenPorts, listIgnoredSettings, programs } from './environment.ts';
import { printNextSteps } from './next-steps.ts';
import { createReport, type Report } from './report.ts';
import { fetchToken } from './request-token.ts';
import { findRoot } from './root.ts';
import { type Stack, startStack } from './stack.ts';

/** `scripts/up --help` shows the same file, without anything installed or built. */
const help = readFileSync(join(findRoot(), 'local', 'up-help.txt'), 'utf8').trimEnd();

const report = createReport(process.stdout, process.env);
const dataDir = resolve(findRoot(), process.env['LOCAL_DATA_DIR'] ?? '.data');

/** The command. Resolves with the exit code: 0 success, 1 failure, 2 usage error. */
async function runCommand(): Promise<number> {
  const options = readOptions();
  if (options === undefined || options.help) {
    report.say(help);
    return options === undefined ? 2 : 0;
  }
  if (options.stop) return printStopped(await stopRunningStack(dataDir));
  const running = await readRunningStack(dataDir);
  if (running !== undefined) return printRunning(running);
  if (options.status) {
    report.say('Nothing runs. Start it: ./scripts/up');
    return 1;
  }
  const passedOn = options['no-demo'] ? ['--no-demo'] : [];
  if (options.detach) return startInBackground({ dataDir, arguments: passedOn, report });
  return runInForeground(!options['no-demo']);
}

function readOptions() {
  const flag = { type: 'boolean', default: false } as const;
  try {
    const options = {
      detach: flag,
      stop: flag,
      status: flag,
      'no-demo': flag,
      help: { ...flag, short: 'h' },
    };
    return parseArgs({ options }).values;
  } catch (error) {
    report.say(`${describe(error)}\n`);
    return undefined;
  }
}

async function runInForeground(hasDemo: boolean): Promise<number> {
  let phase: StackState['phase'] = 'starting';
  let stack: Stack | undefined;
  const stop = Promise.withResolvers<'asked'>();
  const askStop = (): void => stop.resolve('asked');
  const readState = (): StackState => ({ pid: process.pid, phase, addresses: stack?.addresses ?? {} });
  const onDrill = async (name: string, seconds: number): Promise<string> => {
    if (stack === undefined) throw new Error('The stack is still starting. Try again in a moment.');
    return await stack.drill(name, seconds);
  };
  const place = await claimSocket({ dataDir, readState, onStop: askStop, onDrill });
  if ('running' in place) return printRunning(place.running);
  listenToSignals(askStop);
  try {
    stack = await startOnFreePorts();
    const demo = hasDemo ? runDemoAndReport(stack, report) : Promise.resolve();
    const early = await Promise.race([demo, stop.promise, stack.crashed]);
    if (early === undefined) {
      phase = 'ready';
      report.say(
        `\nAll is up. ${process.stdout.isTTY ? 'Ctrl-C stops it.' : 'Stop it: ./scripts/up --stop'}`,
      );
    }
    const end = early ?? (await Promise.race([stop.promise, stack.crashed]));
    phase = 'stopping';
    return await finish(end, stack);
  } catch (error) {
    report.say(`\n${error instanceof StartError ? error.message : describe(error)}`);
    await stack?.stop();
    return 1;
  } finally {
    place.release();
  }
}

async function startOnFreePorts(): Promise<Stack> {
  const caller = process.env;
  const ports = await choosePorts(caller);
  const taken = await describeTakenPorts(ports, caller);
  if (taken !== undefined) throw new StartError(taken);
  report.title('Starting');
  const ignored = listIgnoredSettings(caller);
  if (ignored.length > 0)
    report.say(`  Not taken from your environment, the local stack has its own: ${ignored.join(', ')}`);
  return startStack({ ports, dataDir, caller, programs, report });
}

async function runDemoAndReport(stack: Stack, to: Report): Promise<undefined> {
  const clientId = 'upstream-demo';
  to.title('Two events, as an upstream service posts them');
  try {
    const token = await fetchToken({
      tokenUrl: stack.addresses.tokens,
      clientId,
      clientSecret: stack.secrets.clients[clientId],
      scope: 'notify.send notify.read',
    });
    printNextSteps(
      stack,
      await runDemo({ apiUrl: stack.addresses.api, token, report: to, deadlineMs: 90_000 }),
      to,
    );
  } catch (error) {
    to.bad('demo', `${describe(error)}\n    The stack itself runs; logs are in ${stack.logsDir}`);
    printNextSteps(stack, undefined, to);
  }
  return undefined;
}

async function finish(end: Crash | 'asked', stack: Stack): Promise<number> {
  if (end === 'asked') report.say('\nStopping …');
  else
    report.say(
      `\n${end.name} ended by itself: ${end.how}. Its last lines:\n${end.lastLines.join('\n')}\n\nStopping the rest …`,
    );
  await stack.stop();
  report.say('Stopped. Nothing is left running.');
  return end === 'asked' ? 0 : 1;
}

/** The first signal stops in order; a second one, from somebody who has no time, ends at once. Children follow by themselves. */
function listenToSignals(askStop: () => void): void {
  let count = 0;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      count += 1;
      if (count > 1) process.exit(1);
      askStop();
    });
  }
}

function printRunning(state: StackState): number {
  report.say(`It runs already (process ${state.pid}, ${state.phase}). Stop it: ./scripts/up --stop`);
  for (const [name, url] of Object.entries(state.addresses)) report.good(name, url);
  return 0;
}

function printStopped(state: StackState | undefined): number {
  report.say(state === undefined ? 'Nothing runs.' : `Stopped (process ${state.pid}).`);
  return 0;
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

process.exitCode = await runCommand().catch((error: unknown) => {
  report.say(`\n${describe(error)}`);
  return 1;
});
process.exit();
