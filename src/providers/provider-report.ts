import type { ProviderStatus } from './choose-provider.ts';
import type { ProviderHealth } from './provider.ts';

/** What one sender knows of a provider from sending through it. */
export interface SenderView {
  readonly sender: string;
  readonly breaker: ProviderStatus['breaker'];
  /** Epoch ms; when this sender's breaker opened, if it has not closed since. */
  readonly since?: number;
  /** Epoch ms; this sender leaves the provider alone until then. */
  readonly blockedUntil?: number;
}

/** A provider's health, asked now, beside what the senders know of it. */
export interface ProviderReport extends ProviderHealth {
  /** The worst that any sender sees; absent while none says anything. */
  readonly breaker?: ProviderStatus['breaker'];
  /** Epoch ms; since when the first of the senders gets nothing through. */
  readonly since?: number;
  /** Epoch ms; the whole fleet leaves the provider alone until then. */
  readonly blockedUntil?: number;
  /** Absent: the store does not respond, so it is not known. */
  readonly senders?: SenderView[];
}
