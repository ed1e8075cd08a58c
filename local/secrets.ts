import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { audiences, type IssuerClient } from './issuer.ts';
import { readJsonFile, writePrivateFile } from './private-file.ts';

/** Who may ask the local issuer for what. */
const clientTable = {
  /** Plays the upstream service that posts events. */
  'upstream-demo': { scopes: ['notify.send', 'notify.read'], audience: audiences.api },
  /** Plays the person on call. */
  operator: { scopes: ['notify.send', 'notify.read', 'notify.admin'], audience: audiences.api },
  /** The service itself, for the calls that it makes. */
  auto_com_center: { scopes: ['directory.read'], audience: audiences.directory },
} as const;

export type ClientName = keyof typeof clientTable;

export interface Secrets {
  readonly clients: Readonly<Record<ClientName, string>>;
  readonly smsAuthToken: string;
  readonly addressHashKey: string;
}

/** The secrets of this checkout: random, made at the first start, kept in `<dataDir>/secrets.json` (mode 600). */
export async function loadSecrets(dataDir: string): Promise<Secrets> {
  const kept = await readSecrets(dataDir);
  if (kept !== undefined) return kept;
  const secrets: Secrets = {
    clients: { 'upstream-demo': makeSecret(), operator: makeSecret(), auto_com_center: makeSecret() },
    smsAuthToken: makeSecret(),
    addressHashKey: makeSecret(),
  };
  await writePrivateFile(secretsFile(dataDir), JSON.stringify(secrets, null, 2));
  return secrets;
}

/** The kept secrets; `undefined` before the first start. */
export async function readSecrets(dataDir: string): Promise<Secrets | undefined> {
  return (await readJsonFile(secretsFile(dataDir))) as Secrets | undefined;
}

/** The clients as the issuer wants them. */
export function listIssuerClients(secrets: Secrets): readonly IssuerClient[] {
  return clientNames().map((id) => ({ id, secret: secrets.clients[id], ...clientTable[id] }));
}

/** What a client may ask for. */
export function scopesOf(name: ClientName): readonly string[] {
  return clientTable[name].scopes;
}

export function clientNames(): readonly ClientName[] {
  return Object.keys(clientTable) as ClientName[];
}

function secretsFile(dataDir: string): string {
  return join(dataDir, 'secrets.json');
}

function makeSecret(): string {
  return randomBytes(32).toString('hex');
}
