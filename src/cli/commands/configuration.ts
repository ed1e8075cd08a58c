import { parseEnv } from 'node:util';
import type { Configuration } from '../../config/derive-configuration.ts';
import { readEnvironmentSigns } from '../../config/environment-signs.ts';
import { judgeProductionGuard } from '../../config/production-guard.ts';
import { ConfigurationError, readConfiguration } from '../../config/read-configuration.ts';
import { checkDurability, type Durability } from '../../store/durability.ts';
import type { Call, Command, Option } from '../command.ts';
import { withStore } from '../direct-store.ts';
import { CommandError, type Ending } from '../exit-codes.ts';
import { redactConfiguration } from '../redact-configuration.ts';

const envFile: Option = {
  value: 'FILE',
  isFile: true,
  summary: 'read NAME=value lines from a file instead of the environment',
};

export const configuration: readonly Command[] = [
  {
    name: 'guard',
    summary: 'may this configuration send to everyone? line by line',
    about:
      'Judges the configuration at hand, so run it where the service runs: in a pod of the sender, or with --env-file.\n' +
      'Exit 1 when a line fails: the senders hold everything in production mode then.',
    options: { 'env-file': envFile },
    run: runGuard,
  },
  {
    name: 'env',
    summary: 'which environment this is, and the whole configuration without its secrets',
    about:
      'Tells what each sign says of the environment, and where each value comes from.\n' +
      'Exit 78 when the configuration has faults; every fault is named with its repair.',
    options: {
      'env-file': envFile,
      write: { value: 'FILE', isFile: true, summary: 'write it as JSON' },
    },
    run: runEnv,
  },
];

async function runGuard(call: Call): Promise<Ending> {
  const { print } = call;
  const given = await readGiven(call);
  const store = await askStore(call, given);
  const lines = judgeProductionGuard(given, store.durable);
  const passed = lines.every(({ ok }) => ok);
  print.show({ passed, store, lines }, () => {
    for (const { check, ok, repair } of lines)
      print.say(
        ok
          ? `${print.paint('good', 'pass')}  ${check}`
          : `${print.paint('bad', 'FAIL')}  ${check}: ${repair}`,
      );
    print.say(`\nstore: ${store.detail}`);
    print.say(
      passed
        ? 'The production guard passes.'
        : 'The production guard does not pass: nothing is sent to everyone.',
    );
  });
  return passed ? 'done' : 'refused';
}

async function askStore(call: Call, given: Configuration): Promise<Durability> {
  const { values } = given;
  const timeoutMs = call.durationMs('timeout') ?? 5_000;
  try {
    return await withStore(
      { url: values.REDIS_URL, keyPrefix: values.KEY_PREFIX },
      timeoutMs,
      ({ redis, keys }) =>
        checkDurability(redis, {
          attested: values.STORE_DURABILITY_ATTESTED,
          probeKey: `${keys.shard(0).store}:probe`,
        }),
    );
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return { writable: false, durable: false, detail: error.message };
  }
}

async function runEnv(call: Call): Promise<Ending> {
  const { print } = call;
  const given = await readGiven(call);
  const signs = readEnvironmentSigns(given.values);
  const settings = redactConfiguration(given);
  const shown = { environment: given.values.ENVIRONMENT, signs, settings };
  const path = call.text('write');
  if (path !== undefined) {
    await call.writeText(path, `${JSON.stringify(shown, undefined, 2)}\n`);
    print.note(`written to ${path}`);
    return 'done';
  }
  print.show(shown, () => {
    const said = signs.map(({ name, says }) => `${name} says ${says}`);
    print.say(`environment ${shown.environment}: ${said.join(', ')}\n`);
    print.table(
      ['NAME', 'VALUE', 'FROM'],
      settings.map(({ name, value, origin }) => [name, value === null ? '' : String(value), origin]),
    );
  });
  return 'done';
}

async function readGiven(call: Call): Promise<Configuration> {
  const file = call.text('env-file');
  try {
    return readConfiguration(file === undefined ? call.environment : parseEnv(await call.readText(file)));
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    const where =
      file === undefined
        ? 'This shell’s environment was judged: run it where the service runs, or give --env-file FILE.'
        : `${file} was judged.`;
    throw new CommandError('configuration', `${error.message}\n${where}`, undefined, error);
  }
}
