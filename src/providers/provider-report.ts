import type { ProviderStanding } from './choose-provider.ts';
import type { ProviderHealth } from './provider.ts';

/** What one sender knows of a provider from sending through it. */
export interface SenderView {
  readonly sender: string;
  readonly breaker: ProviderStanding['breaker'];
  /** ISO 8601; when this sender's breaker opened, if it has not closed since. */
  readonly since?: string;
  /** ISO 8601; this sender leaves the provider alone until then. */
  readonly blocked_until?: string;
}

/** A provider's health, asked now, beside what the senders know of it. */
export interface ProviderReport extends ProviderHealth {
  /** The worst that any sender sees; absent while none says anything. */
  readonly breaker?: ProviderStanding['breaker'];
  /** ISO 8601; since when the first of the senders gets nothing through. */
  readonly since?: string;
  /** ISO 8601; the whole fleet leaves the provider alone until then. */
  readonly blocked_until?: string;
  /** Absent: the store does not answer, so nobody can say. */
  readonly senders?: SenderView[];
}
