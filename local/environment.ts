import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { settings } from '../src/config/settings.ts';
import { quoteIfNeeded } from '../src/domain/quote-word.ts';
import { audiences } from './issuer.ts';
import { findFreePort, isPortFree, loopback } from './loopback.ts';
import type { Secrets } from './secrets.ts';

/** Every port of the local stack: the variable that changes it, and its default. 0 finds a free one. */
export const portTable = {
  api: { variable: 'PORT', defaultPort: 8080 },
  sentPage: { variable: 'LOCAL_SENT_PORT', defaultPort: 8025 },
  smtp: { variable: 'LOCAL_SMTP_PORT', defaultPort: 8026 },
  sms: { variable: 'LOCAL_SMS_PORT', defaultPort: 8027 },
  issuer: { variable: 'LOCAL_ISSUER_PORT', defaultPort: 8028 },
  directory: { variable: 'LOCAL_DIRECTORY_PORT', defaultPort: 8029 },
  redis: { variable: 'LOCAL_REDIS_PORT', defaultPort: 8030 },
  plannerMetrics: { variable: 'LOCAL_PLANNER_METRICS_PORT', defaultPort: 8031 },
  senderMetrics: { variable: 'LOCAL_SENDER_METRICS_PORT', defaultPort: 8032 },
  guardMetrics: { variable: 'LOCAL_GUARD_METRICS_PORT', defaultPort: 8033 },
} as const;

export type PortName = keyof typeof portTable;
export type Ports = Readonly<Record<PortName, number>>;
export type Environment = Readonly<Record<string, string>>;
export type CallerEnvironment = Readonly<Record<string, string | undefined>>;

export interface Program {
  readonly name: string;
  /** Built program, from the root of the repository. */
  readonly file: string;
  /** Absent: it serves `/metrics` on its own port, and is ready when `/readyz` says so. */
  readonly metricsPort?: PortName;
}

/** The processes of the product, in the order of their start. The API comes last: what it accepts can be worked on. */
export const programs = [
  { name: 'planner', file: 'dist/workers/plan-events.js', metricsPort: 'plannerMetrics' },
  { name: 'sender', file: 'dist/workers/send-messages.js', metricsPort: 'senderMetrics' },
  { name: 'guard', file: 'dist/workers/guard.js', metricsPort: 'guardMetrics' },
  { name: 'api', file: 'dist/src/main.js' },
] as const satisfies readonly Program[];

/** The account that the SMS catcher knows. */
export const smsAccountSid = 'AC00000000000000000000000000000000';

/** Defaults here unless the caller's environment says otherwise: real calls, to example people only. */
const defaultSwitches: Environment = {
  APP_MODE: 'testing',
  DISABLE_SEND: 'false',
  DRAIN_SECONDS: '5',
  ALLOWED_RECIPIENTS: '@example.com,@campus.test,+1555555*',
  MAIL_FROM: 'Scholar Desk <hello@example.com>',
  SMS_FROM: '+15555550100',
};

/** Settings beyond the default switches that the caller may set: how the service behaves, never whom it talks to. */
const openGroups: ReadonlySet<string> = new Set(['gate', 'limits', 'work']);
const openSettings: ReadonlySet<string> = new Set([...Object.keys(defaultSwitches), 'LOG_LEVEL']);
const systemVariables = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'LC_ALL', 'TZ', 'NODE_OPTIONS', 'NODE_ENV'];

export interface EnvironmentOptions {
  readonly ports: Ports;
  readonly secrets: Secrets;
  readonly dataDir: string;
  readonly caller: CallerEnvironment;
}

/**
 * The environment of the product's processes. Every address in it is of this stack: an SMTP_URL or a REDIS_URL
 * that the caller's shell happens to have is never taken. Switches and limits of the caller are.
 */
export function buildEnvironment({ ports, secrets, dataDir, caller }: EnvironmentOptions): Environment {
  const at = (name: PortName): string => `http://${loopback}:${ports[name]}`;
  return {
    ...pick(caller, systemVariables),
    ...defaultSwitches,
    OUTBOX_DIR: join(dataDir, 'outbox'),
    ...pick(caller, Object.keys(settings).filter(isOpen)),
    ENVIRONMENT: 'local',
    HOST: loopback,
    PORT: String(ports.api),
    APP_BASE_URL: at('api'),
    REDIS_URL: `redis://${loopback}:${ports.redis}`,
    KEY_PREFIX: 'acc',
    WITNESS_URL: pathToFileURL(join(dataDir, 'witness')).href,
    AUTH_ISSUER: at('issuer'),
    AUTH_JWKS_URL: `${at('issuer')}/jwks`,
    AUTH_AUDIENCE: audiences.api,
    M2M_TOKEN_URL: `${at('issuer')}/token`,
    M2M_CLIENT_ID: 'auto_com_center',
    M2M_CLIENT_SECRET: secrets.clients.auto_com_center,
    DIRECTORY_URL: at('directory'),
    SMTP_URL: `smtp://${loopback}:${ports.smtp}`,
    SMTP_REQUIRE_TLS: 'false',
    SMS_API_URL: at('sms'),
    SMS_ACCOUNT_SID: smsAccountSid,
    SMS_AUTH_TOKEN: secrets.smsAuthToken,
    ALLOWED_LINK_HOSTS: 'app.example.com',
    ADDRESS_HASH_KEY: secrets.addressHashKey,
    QUARANTINE_KEYS: `local:${deriveKey(secrets.addressHashKey, 'quarantine')}`,
  };
}

/** As a file that `acc --env-file` reads; without what belongs to the system. */
export function formatEnvironment(environment: Environment): string {
  const lines = Object.entries(environment).filter(([name]) => Object.hasOwn(settings, name));
  return `${lines.map(([name, value]) => `${name}='${value}'`).join('\n')}\n`;
}

/** Settings of the product that the caller has set and that the local stack ignores, so that it can be reported. */
export function listIgnoredSettings(caller: CallerEnvironment): readonly string[] {
  return Object.keys(settings).filter(
    (name) => caller[name] !== undefined && !isOpen(name) && name !== 'PORT',
  );
}

/** The ports that the caller asks for. Throws, naming the variable, when one is not a port. */
export async function choosePorts(caller: CallerEnvironment): Promise<Ports> {
  const chosen = await Promise.all(
    portNames().map(async (name) => [name, readPort(name, caller) || (await findFreePort())] as const),
  );
  return Object.fromEntries(chosen) as Ports;
}

/** Which ports cannot be had, and one command that works now, with what the caller chose; `undefined` when all are free. */
export async function describeTakenPorts(
  ports: Ports,
  caller: CallerEnvironment = {},
): Promise<string | undefined> {
  const taken: PortName[] = [];
  for (const [at, name] of portNames().entries()) {
    const isAskedTwice = portNames().findIndex((other) => ports[other] === ports[name]) < at;
    if (isAskedTwice || !(await isPortFree(ports[name]))) taken.push(name);
  }
  if (taken.length === 0) return undefined;
  const said = taken.map((name) => ports[name]).join(', ');
  const chosen = [...portNames().map((name) => portTable[name].variable), ...openSettings].filter(
    (variable) =>
      (caller[variable] ?? '') !== '' && !taken.some((name) => portTable[name].variable === variable),
  );
  const kept = chosen.map((variable) => `${variable}=${quoteIfNeeded(caller[variable] ?? '')}`);
  const free = await Promise.all(
    taken.map(async (name) => `${portTable[name].variable}=${await findFreePort()}`),
  );
  const verdict = taken.length === 1 ? `Port ${said} is taken` : `Ports ${said} are taken`;
  return `${verdict}. Choose another: ${[...kept, ...free].join(' ')} ./scripts/up`;
}

function portNames(): readonly PortName[] {
  return Object.keys(portTable) as PortName[];
}

function readPort(name: PortName, caller: CallerEnvironment): number {
  const { variable, defaultPort } = portTable[name];
  const text = caller[variable]?.trim() ?? '';
  if (text === '') return defaultPort;
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new Error(
    `${variable}="${text}" is not a port. Set it to a number from 0 to 65535, or leave it unset for ${defaultPort}.`,
  );
}

function isOpen(name: string): boolean {
  const groups: Readonly<Record<string, { readonly group: string }>> = settings;
  return openSettings.has(name) || openGroups.has(groups[name]?.group ?? '');
}

/** 32 bytes in base64, so that a checkout needs no secret that an older one did not make. */
function deriveKey(secret: string, purpose: string): string {
  return createHmac('sha256', secret).update(purpose).digest('base64');
}

function pick(caller: CallerEnvironment, names: readonly string[]): Environment {
  return Object.fromEntries(
    names.flatMap((name) => (caller[name] === undefined ? [] : [[name, caller[name]]])),
  );
}
