/** Errors of the server or of the way to it, and their repair; none of them repeats any part of the command. */
const lasting: readonly (readonly [sign: RegExp, repair: string])[] = [
  [/^WRONGPASS|invalid password/, 'it refuses the user or the password: correct them in the URL'],
  [/^NOAUTH/, 'it wants a password: redis://:PASSWORD@HOST:PORT'],
  [/^NOPERM/, 'its user may not do this: give the user the rights that docs/operations/deploy.md lists'],
  [/ENOTFOUND/, 'the name of its host is not known here: correct the URL'],
  [
    /certificate|CERT_|SELF_SIGNED/i,
    'its certificate is not trusted here: correct the URL, or set NODE_EXTRA_CA_CERTS',
  ],
  [
    /wrong version number|packet length too long/i,
    'it does not speak TLS there: redis:// instead of rediss://, or another port',
  ],
];
const passing: readonly (readonly [sign: RegExp, repair: string])[] = [
  [/ECONNREFUSED/, 'nothing listens at that address: is the server running, and is the URL right?'],
  [/^READONLY/, 'it is a replica and takes no writes: name the primary'],
  [/^LOADING/, 'it is still reading its data from disk: wait'],
  [/^MISCONF/, 'it cannot write to its disk, and refuses changes until it can'],
  [/^OOM/, 'its memory is full'],
  [/^MASTERDOWN|^CLUSTERDOWN/, 'the primary is away'],
  [/ETIMEDOUT|Command timed out/, 'no answer came: is there a firewall between, or is it overloaded?'],
];

/** The repair of an error that does not pass by itself; undefined for every other. */
export function findLastingError(error: unknown): string | undefined {
  return find(lasting, error);
}

/** The repair of an error of Redis or of the way to it; undefined for an unknown one. */
export function explainRedisError(error: unknown): string | undefined {
  return find([...lasting, ...passing], error);
}

function find(table: typeof lasting, error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code: unknown = Reflect.get(error, 'code');
  const said = [error.message, typeof code === 'string' ? code : ''];
  return table.find(([sign]) => said.some((text) => sign.test(text)))?.[1];
}
