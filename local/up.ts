import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { askStand, type StandState, stopStand, takePlace } from './control.ts';
import { runDemo } from './demo.ts';
import { startInBackground } from './detach.ts';
import { sayEnding } from './ending.ts';
import { choosePorts, describeTakenPorts, listIgnoredSettings, programs } from './environment.ts';
import { type Crash, StartFault } from './part.ts';
import { createReport, type Report } from './report.ts';
import { fetchToken } from './request-token.ts';
import { findRoot } from './root.ts';
import { type Stand, startStand } from './stand.ts';

/** `scripts/up --help` shows the same file, without anything installed or built. */
const help = readFileSync(join(findRoot(), 'local', 'up-help.txt'), 'utf8').trimEnd();

const report = createReport(process.stdout, process.env);
const dataDir = resolve(findRoot(), process.env['LOCAL_DATA_DIR'] ?? '.data');

/** The command. Answers its exit code: 0 good, 1 something failed, 2 not understood. */
async function runCommand(): Promise<number> {
  const options = readOptions();
  if (options === undefined || options.help) {
    report.say(help);
    return options === undefined ? 2 : 0;
  }
  if (options.stop) return sayStopped(await stopStand(dataDir));
  const running = await askStand(dataDir);
  if (running !== undefined) return sayRunning(running);
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
  let phase: StandState['phase'] = 'starting';
  let stand: Stand | undefined;
  const stop = Promise.withResolvers<'asked'>();
  const askStop = (): void => stop.resolve('asked');
  const readState = (): StandState => ({ pid: process.pid, phase, addresses: stand?.addresses ?? {} });
  const onDrill = async (name: string, seconds: number): Promise<string> => {
    if (stand === undefined) throw new Error('The stand is still starting. Try again in a moment.');
    return await stand.drill(name, seconds);
  };
  const place = await takePlace({ dataDir, readState, onStop: askStop, onDrill });
  if ('running' in place) return sayRunning(place.running);
  listenToSignals(askStop);
  try {
    stand = await startHere();
    const demo = hasDemo ? showDemo(stand, report) : Promise.resolve();
    const early = await Promise.race([demo, stop.promise, stand.crashed]);
    if (early === undefined) {
      phase = 'ready';
      report.say(
        `\nAll is up. ${process.stdout.isTTY ? 'Ctrl-C stops it.' : 'Stop it: ./scripts/up --stop'}`,
      );
    }
    const end = early ?? (await Promise.race([stop.promise, stand.crashed]));
    phase = 'stopping';
    return await finish(end, stand);
  } catch (error) {
    report.say(`\n${error instanceof StartFault ? error.message : describe(error)}`);
    await stand?.stop();
    return 1;
  } finally {
    place.release();
  }
}

async function startHere(): Promise<Stand> {
  const caller = process.env;
  const ports = await choosePorts(caller);
  const taken = await describeTakenPorts(ports, caller);
  if (taken !== undefined) throw new StartFault(taken);
  report.title('Starting');
  const ignored = listIgnoredSettings(caller);
  if (ignored.length > 0)
    report.say(`  Not taken from your environment, this stand has its own: ${ignored.join(', ')}`);
  return startStand({ ports, dataDir, caller, programs, report });
}

async function showDemo(stand: Stand, to: Report): Promise<undefined> {
  const clientId = 'upstream-demo';
  to.title('Two events, as an upstream service posts them');
  try {
    const token = await fetchToken({
      tokenUrl: stand.addresses.tokens,
      clientId,
      clientSecret: stand.secrets.clients[clientId],
      scope: 'notify.send notify.read',
    });
    sayEnding(
      stand,
      await runDemo({ apiUrl: stand.addresses.api, token, report: to, deadlineMs: 90_000 }),
      to,
    );
  } catch (error) {
    to.bad('demo', `${describe(error)}\n    The parts themselves run; logs are in ${stand.logsDir}`);
    sayEnding(stand, undefined, to);
  }
  return undefined;
}

async function finish(end: Crash | 'asked', stand: Stand): Promise<number> {
  if (end === 'asked') report.say('\nStopping …');
  else
    report.say(
      `\n${end.name} ended by itself: ${end.how}. Its last lines:\n${end.lastLines.join('\n')}\n\nStopping the rest …`,
    );
  await stand.stop();
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

function sayRunning(state: StandState): number {
  report.say(`It runs already (process ${state.pid}, ${state.phase}). Stop it: ./scripts/up --stop`);
  for (const [name, url] of Object.entries(state.addresses)) report.good(name, url);
  return 0;
}

function sayStopped(state: StandState | undefined): number {
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
