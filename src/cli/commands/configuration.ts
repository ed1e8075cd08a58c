import { join } from 'node:path';
import { parseEnv } from 'node:util';
import type { Configuration } from '../../config/derive-configuration.ts';
import { readEnvironmentSigns } from '../../config/environment-signs.ts';
import { fingerprintSettings } from '../../config/fingerprint-settings.ts';
import { judgePreflight, type PreflightLine, processNames } from '../../config/preflight.ts';
import { ConfigurationError, readConfiguration } from '../../config/read-configuration.ts';
import type { Setting } from '../../config/settings/setting.ts';
import { settings } from '../../config/settings.ts';
import { readRehearsals } from '../../deliver/rehearsals.ts';
import { ServiceError } from '../../domain/errors.ts';
import { judgeRehearsal, type RehearsalVerdict, type ReleaseDigest } from '../../domain/judge-rehearsal.ts';
import { openTemplates } from '../../plan/check-templates.ts';
import { fingerprintTemplates } from '../../render/create-renderer.ts';
import { InvalidTemplatesError } from '../../render/template-error.ts';
import { checkDurability, type Durability } from '../../store/durability.ts';
import { type PreflightReport, preflightReports } from '../../store/preflight-reports.ts';
import type { Call, Command, Option } from '../command.ts';
import { type DirectStore, withStore } from '../direct-store.ts';
import { CommandError, type Ending } from '../exit-codes.ts';

const envFile: Option = {
  value: 'FILE',
  isFile: true,
  summary: 'read NAME=value lines from a file instead of the environment',
};

const preflight: Command = {
  name: 'preflight',
  summary: 'may this configuration send to everyone? line by line',
  about:
    'Judges the configuration at hand, so run it where the service runs: in a pod of the sender, or with --env-file.\n' +
    'In a pod say whose it is (--for): each process has only the secrets that it reads.\n' +
    'Exit 1 when a line fails: the senders hold everything in production mode then.',
  options: {
    'env-file': envFile,
    for: {
      value: 'PROCESS',
      choices: processNames,
      summary: 'only the lines of this process; without it, of a configuration for all of them',
    },
  },
  run: runPreflight,
};

export const configuration: readonly Command[] = [
  preflight,
  { ...preflight, name: 'guard', summary: 'the same as preflight' },
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

async function runPreflight(call: Call): Promise<Ending> {
  const { print } = call;
  const given = await readGiven(call);
  const process = processNames.find((name) => name === call.text('for'));
  const templates = openGivenTemplates(call, given);
  const store = await askStore(call, given, templates?.release);
  const lines = [
    ...judgePreflight(given, {
      storeDurable: store.durable,
      rehearsal: store.rehearsal,
      brand: templates?.brand ?? {},
      process,
    }),
    ...judgeReports(store.reports),
  ];
  const passed = lines.every(({ ok }) => ok);
  const { writable, durable, detail } = store;
  print.show({ passed, store: { writable, durable, detail }, lines }, () => {
    for (const { check, ok, repair } of lines)
      print.say(
        ok
          ? `${print.paint('good', 'pass')}  ${check}`
          : `${print.paint('bad', 'FAIL')}  ${check}: ${repair}`,
      );
    print.say(`\nstore: ${detail}`);
    print.say(passed ? 'The preflight passes.' : 'The preflight does not pass: nothing is sent to everyone.');
  });
  return passed ? 'done' : 'refused';
}

/** What the processes say that run in production mode now; those of a rehearsal say nothing. */
function judgeReports(reports: readonly PreflightReport[]): PreflightLine[] {
  if (reports.length === 0) return [];
  const failing = reports.flatMap(({ name, failing: checks }) => checks.map((check) => `${name}: ${check}`));
  return [
    {
      check: 'every running process passes its own lines',
      ok: failing.length === 0,
      repair: failing.join('; '),
    },
  ];
}

interface StoreView extends Durability {
  readonly rehearsal: RehearsalVerdict;
  readonly reports: readonly PreflightReport[];
}

async function askStore(
  call: Call,
  given: Configuration,
  release: ReleaseDigest | undefined,
): Promise<StoreView> {
  const { values } = given;
  const timeoutMs = call.durationMs('timeout') ?? 5_000;
  try {
    return await withStore(
      { url: values.REDIS_URL, keyPrefix: values.KEY_PREFIX },
      timeoutMs,
      async (store) => ({
        ...(await checkDurability(store.redis, {
          attested: values.STORE_DURABILITY_ATTESTED,
          probeKey: `${store.keys.central.store}:probe`,
        })),
        rehearsal: await judgeRelease(store, release),
        reports: await preflightReports.read(store),
      }),
    );
  } catch (error) {
    if (!(error instanceof CommandError || error instanceof ServiceError)) throw error;
    const rehearsal = { ok: false, detail: 'the store cannot tell' };
    return { writable: false, durable: false, detail: error.message, rehearsal, reports: [] };
  }
}

async function judgeRelease(
  store: DirectStore,
  release: ReleaseDigest | undefined,
): Promise<RehearsalVerdict> {
  if (release === undefined) return { ok: false, detail: 'the templates have faults: acc template check' };
  const record = await readRehearsals(store);
  return judgeRehearsal(release, record, record.atMs);
}

/** What would go live, and whose name it bears; undefined when the templates have errors. */
function openGivenTemplates(call: Call, { values }: Configuration) {
  try {
    const { catalog, renderer } = openTemplates({
      dir: values.TEMPLATES_DIR ?? join(call.programRoot, 'templates'),
      allowedLinkHosts: values.ALLOWED_LINK_HOSTS,
      allowLocalhostLinks: values.ENVIRONMENT === 'local',
      now: call.now,
    });
    const release: ReleaseDigest = {
      templates: fingerprintTemplates(renderer, catalog.types()),
      settings: fingerprintSettings(values),
    };
    return { release, brand: catalog.shared.brand };
  } catch (error) {
    if (!(error instanceof InvalidTemplatesError)) throw error;
    return undefined;
  }
}

async function runEnv(call: Call): Promise<Ending> {
  const { print } = call;
  const given = await readGiven(call);
  const signs = readEnvironmentSigns(given.values);
  const shown = { environment: given.values.ENVIRONMENT, signs, settings: redactConfiguration(given) };
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
      shown.settings.map(({ name, value, origin }) => [name, value === null ? '' : String(value), origin]),
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
        ? 'This shell’s environment was judged: run it where the service runs, or give --env-file FILE (beside ./scripts/up: .data/service.env).'
        : `${file} was judged.`;
    throw new CommandError('configuration', `${error.message}\n${where}`, undefined, error);
  }
}

interface ShownSetting {
  readonly name: string;
  readonly group: string;
  /** `null`: not set. A secret is never shown, nor how long it is. */
  readonly value: string | number | boolean | null;
  readonly origin: string;
}

/** Every setting as it may be shown to anyone: secrets as `(secret)`, no user or password in an address. */
export function redactConfiguration({ values, origins }: Configuration): ShownSetting[] {
  return Object.entries<Setting>(settings).map(([name, setting]) => {
    const value: unknown = Reflect.get(values, name);
    return {
      name,
      group: setting.group,
      value: value === undefined ? null : setting.secret === true ? '(secret)' : toShown(value),
      origin: value === undefined ? 'not set' : String(Reflect.get(origins, name)),
    };
  });
}

function toShown(value: unknown): string | number | boolean {
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  const text = Array.isArray(value) ? value.join(', ') : String(value);
  return text.replace(/:\/\/[^/@\s]+@/g, '://');
}
