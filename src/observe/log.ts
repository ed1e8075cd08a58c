import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';

import type { Channel } from '../domain/channel.ts';
import type { OutcomeKind } from '../domain/outcome.ts';
import { redactText } from './redact.ts';
import { redactFields } from './redact-fields.ts';

export const logLevels = ['debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogLevel = (typeof logLevels)[number];

export type LogFields = Readonly<Record<string, unknown>>;

/** Writes JSON lines: facts as fields in snake_case, the message a fixed sentence. A logger of pino fits it too. */
export interface Log extends Readonly<Record<LogLevel, (fields: LogFields, message: string) => void>> {
  /** A logger whose every line carries these fields too. */
  child(fields: LogFields): Log;
}

export interface LogOptions {
  readonly level: LogLevel;
  readonly service: string;
  readonly version: string;
  /** Takes whole lines; standard output by default, written synchronously so that no tail is lost. */
  readonly destination?: DestinationStream;
}

/**
 * A logger of JSON lines, one event one line, whatever is in the fields: secrets are dropped by the name of their key,
 * and addresses and tokens are masked wherever they occur in a text. `level` is a word (`INFO`), `time` is ISO 8601.
 */
export function createLog(options: LogOptions): Log {
  const { level, service, version, destination } = options;
  const settings = {
    level,
    base: { service, version },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label.toUpperCase() }) },
    // `redactFields` has made a plain object of it already.
    serializers: { err: (described: unknown) => described },
    hooks: { streamWrite: escapeLineBreakers },
  };
  return wrapLogger(destination === undefined ? pino(settings) : pino(settings, destination));
}

/** What every attempt leaves behind: one wide, flat line, from which one can count, search and explain. */
export interface AttemptLine {
  readonly event_id: string;
  readonly message_id: string;
  readonly type: string;
  readonly client: string;
  readonly channel: Channel;
  readonly provider: string;
  /** Masked (`domain/mask.ts`). */
  readonly to: string;
  /** From `hashAddress`. */
  readonly to_hash: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly outcome: OutcomeKind;
  readonly code?: string;
  readonly phase?: string;
  readonly detail?: string;
  readonly provider_ref?: string;
  /** State that the message has after it. */
  readonly state: string;
  readonly trace_id?: string;
  readonly queued_ms: number;
  readonly render_ms: number;
  readonly permit_ms: number;
  readonly provider_ms: number;
}

/** Writes the line of one attempt: INFO when the provider took it or the fence stopped it, else WARN. */
export function logAttempt(log: Log, line: AttemptLine): void {
  const good = line.outcome === 'accepted' || line.outcome === 'aborted';
  if (good) log.info({ ...line }, 'attempt ended');
  else log.warn({ ...line }, 'attempt failed');
}

function wrapLogger(logger: Logger): Log {
  const writeAt = (level: LogLevel) => (fields: LogFields, message: string) => {
    if (logger.isLevelEnabled(level)) logger[level](redactFields(fields), redactText(message));
  };
  return {
    debug: writeAt('debug'),
    info: writeAt('info'),
    warn: writeAt('warn'),
    error: writeAt('error'),
    fatal: writeAt('fatal'),
    child: (fields) => wrapLogger(logger.child(redactFields(fields))),
  };
}

/**
 * JSON escapes CR, LF, NUL and ESC by itself, but lets through what some readers take for the end of a line (NEL,
 * U+2028, U+2029) or for the start of a terminal command (C1, DEL). These occur only inside JSON strings, where
 * `\u` says the same.
 */
function escapeLineBreakers(line: string): string {
  return line.replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The log without what goes well: lines of `warn` and above. */
export function createQuietLog(log: Log): Log {
  return {
    ...log,
    debug: writeNothing,
    info: writeNothing,
    child: (fields) => createQuietLog(log.child(fields)),
  };
}

function writeNothing(): void {}
