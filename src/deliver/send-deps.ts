import type { BackOff } from '../domain/back-off.ts';
import type { MessageId } from '../domain/ids.ts';
import type { EnvironmentFlags } from '../domain/judge-environment.ts';
import type { AmbiguityPolicy } from '../domain/message.ts';
import type { RecipientPolicy } from '../domain/recipient-policy.ts';
import type { GateWatch } from '../gate/gate-watch.ts';
import type { MessageDecisions } from '../gate/message-decisions.ts';
import type { Permits } from '../gate/permits.ts';
import type { Log } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { ProviderSet } from '../providers/choose-provider.ts';
import type { Outbox } from '../providers/outbox.ts';
import type { Renderer } from '../render/create-renderer.ts';
import type { Draft } from '../render/rendered.ts';
import type { MessageRecord } from '../store/message-record.ts';
import type { NoteDecision } from './note-decision.ts';
import type { Turns } from './take-turns.ts';
import type { Senders } from './to-outgoing.ts';

/** What an attempt works with. One per worker process. */
export interface SendDeps {
  /** Throws `UnreadableRecord`. */
  readonly readMessage: (id: MessageId) => Promise<MessageRecord | undefined>;
  /** Puts a message aside that cannot be read; false when it is not open. */
  readonly parkMessage: (id: MessageId) => Promise<boolean>;
  readonly findTemplate: (type: string) => Template | undefined;
  readonly renderer: Pick<Renderer, 'render' | 'templateVersion'>;
  readonly permits: Permits;
  readonly decisions: MessageDecisions;
  /** For diagnostics; the permits note their results themselves. */
  readonly noteDecision: NoteDecision;
  readonly watch: GateWatch;
  readonly providers: ProviderSet;
  /** For those who wait for a window that is full for some only. */
  readonly turns: Turns;
  readonly outbox: Outbox;
  /** A message of this type was rehearsed: going live needs that on record. */
  readonly noteRehearsal: (type: string) => void;
  readonly senders: Senders;
  readonly environment: () => EnvironmentFlags;
  readonly recipients: RecipientPolicy;
  readonly retriesEnabled: boolean;
  readonly permitDeadlineMs: number;
  readonly attemptTimeoutMs: number;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly now: () => number;
  readonly monotonicNow: () => number;
  /** The store's clock (epoch ms), by which messages end. Throws `store-unavailable`. */
  readonly storeNow: () => Promise<number>;
  readonly random: () => number;
}

/** A message that has been read, found open, and rendered. */
export interface ReadyMessage {
  readonly message: MessageRecord;
  readonly template: Template;
  readonly draft: Draft;
  readonly renderMs: number;
}

/** What the catalog says about how a message of one type is delivered. */
export interface Template {
  readonly retry: { readonly attemptsMax: number; readonly backOff: BackOff; readonly horizonMs: number };
  readonly onUnknown: AmbiguityPolicy;
}
