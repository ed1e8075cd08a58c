import type { Category, HoldReason } from './message.ts';

/** What the environment of a process says. It is the ceiling: run time can only be stricter. */
export interface EnvironmentFlags {
  readonly emergencyStop: boolean;
  readonly disableSend: boolean;
  readonly mode: 'dry_run' | 'testing' | 'production';
  readonly promoSends: boolean;
  /** True when every line of the preflight holds. */
  readonly preflightPassed: boolean;
}

export type EnvironmentVerdict =
  | { readonly kind: 'ask' }
  | { readonly kind: 'rehearse' }
  | { readonly kind: 'hold'; readonly reason: HoldReason };

export interface JudgedMessage {
  readonly category: Category;
  /** The mode in which it was planned. What was accepted as a rehearsal is never sent. */
  readonly plannedIn: 'dry_run' | 'testing' | 'production';
  /** Whether the recipient policy lets this address be written to. */
  readonly recipientAllowed: boolean;
}

/**
 * The environment's verdict on one message, strictest first: a stop holds everything, a rehearsal calls no
 * provider, and only what is left may ask the gate for a permit. What was accepted to be sent is not used up by workers
 * that rehearse, and what was accepted for one audience is not sent by workers that write to another: it is held.
 */
export function judgeEnvironment(flags: EnvironmentFlags, message: JudgedMessage): EnvironmentVerdict {
  if (flags.emergencyStop || flags.disableSend) return { kind: 'hold', reason: 'stopped' };
  if (message.category === 'promotional' && !flags.promoSends) return { kind: 'hold', reason: 'promo' };
  return message.plannedIn === 'dry_run' ? { kind: 'rehearse' } : judgeRealMessage(flags, message);
}

function judgeRealMessage(flags: EnvironmentFlags, message: JudgedMessage): EnvironmentVerdict {
  if (flags.mode === 'dry_run') return { kind: 'hold', reason: 'dry-run' };
  if (message.plannedIn !== flags.mode) return { kind: 'hold', reason: 'other-mode' };
  if (flags.mode === 'production' && !flags.preflightPassed) return { kind: 'hold', reason: 'guard' };
  if (!message.recipientAllowed) return { kind: 'hold', reason: 'not-allowed' };
  return { kind: 'ask' };
}
