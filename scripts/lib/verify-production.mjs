import { randomBytes } from 'node:crypto';
import { openEvidence } from './verify-evidence.mjs';
import { StepEnd } from './verify-http.mjs';
import { checkKeys, obtainToken } from './verify-identity.mjs';
import {
  buildEvents,
  checkProviders,
  checkQueue,
  checkSendStatus,
  checkThrottle,
  cleanUp,
  followEvent,
} from './verify-journey.mjs';
import { measureKillSwitch } from './verify-kill-switch.mjs';
import { help, readOptions, UsageError } from './verify-options.mjs';
import { blocked, concludeRun, fail } from './verify-rules.mjs';
import { checkCanary, checkHeaders, checkNoToken, measureP95 } from './verify-surface.mjs';

/** The steps of VER-1 in their order. `isAlways`: also when the run was interrupted. */
const steps = [
  { id: 'canary', check: checkCanary },
  { id: 'headers', check: checkHeaders },
  { id: 'p95', check: measureP95 },
  { id: 'jwks', check: checkKeys },
  { id: 'm2m-token', check: obtainToken },
  { id: 'no-token', check: checkNoToken },
  { id: 'send-status', check: checkSendStatus },
  { id: 'deadline-approaching', check: (run) => followEvent(run, run.events[0]) },
  { id: 'new-match-found', check: (run) => followEvent(run, run.events[1]) },
  { id: 'queue', check: checkQueue },
  { id: 'providers', check: checkProviders },
  { id: 'throttle', check: checkThrottle },
  { id: 'kill-switch', check: measureKillSwitch },
  { id: 'clean-up', check: cleanUp, isAlways: true },
];

const interruptedExitCode = 130;

const marks = { pass: ['✓', 32], fail: ['✗', 31], degraded: ['~', 33], blocked: ['–', 33] };
const idWidth = Math.max(...steps.map(({ id }) => id.length));

process.exitCode = await main(process.argv.slice(2)).catch((error) => {
  console.error(error instanceof UsageError ? error.message : `It did not work: ${error.message}`);
  return error instanceof UsageError ? 64 : 1;
});

async function main(argv) {
  const options = readOptions(argv, process.env);
  if (options.isHelp) {
    console.log(help);
    return 0;
  }
  const startedAt = new Date();
  const evidence = openEvidence(options.outDir, startedAt);
  const run = createRun(options, evidence, startedAt);
  const say = createSay(options, evidence);
  say(`auto_com_center verification ${run.id} of ${options.baseUrl}`);
  say(`started ${startedAt.toISOString()}`);
  say('');
  const results = await runSteps(run, evidence, say);
  const conclusion = concludeRun(results);
  const exitCode = run.signal.aborted ? interruptedExitCode : conclusion.exitCode;
  const summary = {
    run: run.id,
    base_url: options.baseUrl,
    started_at: startedAt.toISOString(),
    finished_at: new Date().toISOString(),
    verdict: conclusion.verdict,
    words: conclusion.words,
    exit_code: exitCode,
    steps: results,
    evidence: { log: evidence.log, bundle: evidence.bundle },
  };
  say('');
  say(`${run.signal.aborted ? 'interrupted; ' : ''}${conclusion.words} (exit ${exitCode})`);
  say(`evidence: ${evidence.log}, ${evidence.bundle}/`);
  evidence.write(summary);
  if (options.isJson) console.log(evidence.clean(JSON.stringify(summary, undefined, 2)));
  return exitCode;
}

/** What the steps share: the options, the token once there is one, and where the raw answers go. */
function createRun(options, evidence, startedAt) {
  const interruption = new AbortController();
  // Every one of them, so that an impatient second one does not end the clean-up.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => interruption.abort());
  const { token, credentials } = options;
  for (const secret of [token?.text, credentials?.clientSecret])
    if (secret !== undefined) evidence.keepSecret(secret);
  const id = `verify-${randomBytes(6).toString('hex')}`;
  const run = {
    id,
    options,
    signal: interruption.signal,
    events: buildEvents(id, options, startedAt.getTime()),
    token: undefined,
    publishedKids: undefined,
    exchanges: [],
    record: (line) => run.exchanges.push(line),
    keepSecret: evidence.keepSecret,
    useToken: (text) => {
      run.token = text;
    },
  };
  return run;
}

async function runSteps(run, evidence, say) {
  const results = [];
  for (const { id, check, isAlways } of steps) {
    run.exchanges = [];
    const begun = performance.now();
    const finding = run.signal.aborted && !isAlways ? blocked('interrupted') : await tryStep(run, check);
    const result = {
      id,
      ...finding,
      measured: evidence.clean(finding.measured),
      ms: Math.round(performance.now() - begun),
    };
    results.push(result);
    evidence.addStep(results.length, { ...result, exchanges: run.exchanges });
    say.step(result);
  }
  return results;
}

/** A step never ends the run: a fault in it is a failed step. */
async function tryStep(run, check) {
  try {
    return await check(run);
  } catch (error) {
    if (error instanceof StepEnd) return error.finding;
    return run.signal.aborted
      ? blocked('interrupted')
      : fail(`an answer that nobody expected: ${error.message}`);
  }
}

/** Progress for people: on standard output, or beside it when that is for a program. */
function createSay({ isJson }, evidence) {
  const stream = isJson ? process.stderr : process.stdout;
  const isColoured = stream.isTTY === true && (process.env.NO_COLOR ?? '') === '';
  const say = (line, shown = line) => {
    evidence.addLine(line);
    stream.write(`${shown}\n`);
  };
  say.step = ({ id, verdict, measured }) => {
    const [mark, colour] = marks[verdict];
    const rest = `${id.padEnd(idWidth)}  ${verdict.padEnd(8)}  ${oneLine(measured)}`;
    say(`${mark} ${rest}`, isColoured ? `\u001b[${colour}m${mark}\u001b[0m ${rest}` : `${mark} ${rest}`);
  };
  return say;
}

/** What comes from outside cannot move the cursor or break a line. */
function oneLine(text) {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ');
}
