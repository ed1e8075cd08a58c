import type { Log, LogFields } from './log.ts';

export interface ThrottledLogOptions {
  readonly log: Log;
  /** Milliseconds of any clock that does not go back. */
  readonly nowMs: () => number;
  /** Lines written per key and window; 3 by default. */
  readonly linesMax?: number;
  /** 10 s by default. */
  readonly windowMs?: number;
}

export interface ThrottledLog {
  /** Writes an error line, or only counts it when its key had its share in this window. */
  error(key: string, fields: LogFields, message: string): void;
  /** Writes one line for each key that still has uncounted lines: call it before the end. */
  flush(): void;
}

interface Share {
  readonly startedAtMs: number;
  written: number;
  suppressed: number;
}

const keysMax = 500;

/**
 * Writes at most `linesMax` error lines per key and window; the first line after that says how many were
 * suppressed. A worker whose store refuses writes emits errors in a hot loop (45,119 in 3 s were measured), which
 * would otherwise bury the cause and fill the disk.
 */
export function createThrottledLog({
  log,
  nowMs,
  linesMax = 3,
  windowMs = 10_000,
}: ThrottledLogOptions): ThrottledLog {
  const shares = new Map<string, Share>();

  const writeSuppressed = (key: string, { suppressed }: Share) => {
    if (suppressed > 0) log.error({ key, suppressed }, 'errors of this kind were suppressed');
  };

  const openShare = (key: string): Share => {
    const current = shares.get(key);
    if (current !== undefined && nowMs() - current.startedAtMs < windowMs) return current;
    const [oldest] = shares.size < keysMax ? [] : shares.entries();
    const ended = current === undefined ? oldest : ([key, current] as const);
    if (ended !== undefined) {
      writeSuppressed(...ended);
      shares.delete(ended[0]);
    }
    const fresh = { startedAtMs: nowMs(), written: 0, suppressed: 0 };
    shares.set(key, fresh);
    return fresh;
  };

  return {
    error(key, fields, message) {
      const share = openShare(key);
      if (share.written >= linesMax) {
        share.suppressed += 1;
        return;
      }
      share.written += 1;
      log.error(fields, message);
    },
    flush() {
      for (const [key, share] of shares) writeSuppressed(key, share);
      shares.clear();
    },
  };
}
