import { checkTogether } from './check-together.ts';
import { type Configuration, deriveConfiguration } from './derive-configuration.ts';
import type { Setting } from './settings/setting.ts';
import { type SettingValues, settings } from './settings.ts';

/** Every fault of a configuration at once, each with its repair. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(
      `The configuration has ${faults.length} fault(s):\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
    );
    this.faults = faults;
  }
}

/**
 * Reads the whole configuration or throws a `ConfigurationError` that names every fault. A blank variable
 * counts as unset. Variables that begin with `ACC_` and are not ours are refused: a misspelt safety setting
 * must not pass unseen.
 */
export function readConfiguration(environment: Readonly<Record<string, string | undefined>>): Configuration {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  const origins: Record<string, 'environment' | 'default'> = {};
  for (const [name, setting] of Object.entries<Setting>(settings)) {
    const given = environment[name]?.trim() || undefined;
    const raw = given ?? setting.default;
    origins[name] = given === undefined ? 'default' : 'environment';
    values[name] = raw === undefined ? undefined : readValue({ name, setting, raw }, faults);
  }
  const foreign = Object.keys(environment).filter((name) => name.startsWith('ACC_'));
  faults.push(
    ...foreign.map(
      (name) => `${name} is not a setting of this service: remove it, or see docs/configuration.md`,
    ),
  );
  const read = values as SettingValues;
  const configuration = deriveConfiguration(read, origins as Configuration['origins'], faults);
  checkTogether(configuration, faults);
  if (faults.length > 0) throw new ConfigurationError(faults);
  return configuration;
}

function readValue(given: { name: string; setting: Setting; raw: string }, faults: string[]): unknown {
  const { name, setting, raw } = given;
  const result = setting.schema.safeParse(raw);
  if (result.success) return result.data;
  const shown = setting.secret === true ? 'its value' : `"${raw}"`;
  const why = result.error.issues.map((issue) => issue.message).join('; ');
  faults.push(`${name}: ${shown} is not valid (${why}). ${setting.doc}`);
  // The default stands in, so that the faults of the others are found too.
  return setting.default === undefined ? undefined : setting.schema.parse(setting.default);
}
