/** The process environment. This is the only place that reads it. */
export function readEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}
