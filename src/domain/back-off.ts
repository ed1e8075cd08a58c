export interface BackOff {
  readonly baseMs: number;
  readonly capMs: number;
}

/**
 * Milliseconds to wait before attempt number `attempt + 1`: exponential with full jitter, uniform in
 * `[0, min(cap, base × 2^(attempt-1))]`.
 * `random` is in [0, 1). Source: Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
export function backOffMs(backOff: BackOff, attempt: number, random: number): number {
  const ceiling = Math.min(backOff.capMs, backOff.baseMs * 2 ** Math.min(attempt - 1, 30));
  return Math.floor(random * ceiling);
}
