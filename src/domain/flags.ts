import { type Channel, channels, type QueueName, queueNames } from './channel.ts';
import { type Category, categories } from './message.ts';

/** What a stop can be limited to. */
export type SendScope = 'all' | Channel | Category;
export const sendScopes: readonly SendScope[] = ['all', ...channels, ...categories];
export type SendFlag = 'send' | `send:${Channel | Category}`;

/** The flag that stops what is in the scope. */
export function sendFlagOf(scope: SendScope): SendFlag {
  return scope === 'all' ? 'send' : `send:${scope}`;
}

/** What a pause of workers can be limited to. */
export type ConsumeScope = 'all' | QueueName;
export const consumeScopes: readonly ConsumeScope[] = ['all', ...queueNames];
export type ConsumeFlag = 'consume' | `consume:${QueueName}`;

/** The flag that pauses the workers of the scope. */
export function consumeFlagOf(scope: ConsumeScope): ConsumeFlag {
  return scope === 'all' ? 'consume' : `consume:${scope}`;
}

export const consumeFlags = consumeScopes.map(consumeFlagOf);

/** The run-time switches. `send*` are the kill switch, `ingest` and `consume*` pause intake and workers. */
export type FlagName = SendFlag | 'ingest' | ConsumeFlag;
export const flagNames: readonly FlagName[] = [...sendScopes.map(sendFlagOf), 'ingest', ...consumeFlags];
