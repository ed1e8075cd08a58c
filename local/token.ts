import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readRunningStack } from './control.ts';
import { fetchToken } from './request-token.ts';
import { findRoot } from './root.ts';
import { type ClientName, clientNames, readSecrets, scopesOf } from './secrets.ts';

const help = `
usage: ./scripts/token [--scope "notify.send notify.read"] [--client upstream-demo]

  Prints an access token of the local issuer, good for five minutes. Clients: ${clientNames().join(', ')}.
`.trim();

/** Prints nothing but the token on stdout, so that it can be used as $(./scripts/token). */
async function printToken(): Promise<number> {
  const text = { type: 'string' } as const;
  const options = {
    scope: { ...text, default: 'notify.send notify.read' },
    client: { ...text, default: 'upstream-demo' },
    help: { type: 'boolean', short: 'h', default: false },
  } as const;
  const { scope, client, help: isAsked } = parseArgs({ options }).values;
  if (isAsked) {
    console.log(help);
    return 0;
  }
  const clientId = clientNames().find((name) => name === client);
  if (clientId === undefined)
    throw new Error(`There is no client "${client}". Clients: ${clientNames().join(', ')}.`);
  requireScopes(clientId, scope);
  const dataDir = resolve(findRoot(), process.env['LOCAL_DATA_DIR'] ?? '.data');
  const tokenUrl = (await readRunningStack(dataDir))?.addresses['tokens'];
  const secrets = await readSecrets(dataDir);
  if (tokenUrl === undefined || secrets === undefined)
    throw new Error('The local issuer does not run. Start it: ./scripts/up');
  console.log(await fetchToken({ tokenUrl, clientId, clientSecret: secrets.clients[clientId], scope }));
  return 0;
}

/** The issuer leaves out scopes that it does not know, and the token would be one for nothing. */
function requireScopes(client: ClientName, scope: string): void {
  const refused = scope.split(' ').filter((word) => word !== '' && !scopesOf(client).includes(word));
  if (refused.length === 0) return;
  const rows = clientNames().map((name) => `  --client ${name.padEnd(16)} ${scopesOf(name).join(' ')}`);
  throw new Error(
    `${client} may not ask for ${refused.join(', ')}. Who may ask for what:\n${rows.join('\n')}`,
  );
}

process.exitCode = await printToken().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  return 1;
});
