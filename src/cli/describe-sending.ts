import type { z } from 'zod';
import type { Control, providersSchema, sendStatusSchema } from './answers.ts';
import { formatInstant } from './describe-flags.ts';

type Provider = z.infer<typeof providersSchema>['providers'][number];

/** The first line of `acc status` and `acc watch`. */
export interface SendingLine {
  readonly isSending: boolean;
  readonly headline: string;
  /** What does not leave all the same, behind a comma; else empty. */
  readonly but: string;
}

/** What could not be read (`control`, `providers`) is not judged. */
export function describeSending(
  { sending: isSending, reason }: z.infer<typeof sendStatusSchema>,
  control: Control | undefined,
  providers: readonly Provider[],
): SendingLine {
  if (reason !== undefined) return { isSending, headline: `NOT SENDING: ${reason}`, but: '' };
  const but = [
    ...(control === undefined ? [] : listSwitchedOff(control)),
    ...(isSending ? listDown(providers) : []),
  ];
  return {
    isSending,
    headline: isSending ? 'SENDING' : 'REHEARSING',
    but: but.length === 0 ? '' : `, but ${but.join('; ')}`,
  };
}

/** The switches for a part of what is sent, and those of the workers: the gate is open beside them. */
function listSwitchedOff({ flags }: Control): string[] {
  const off = Object.keys(flags).filter((name) => flags[name]?.value !== 'on');
  const parts = off.filter((name) => name.startsWith('send:')).map((name) => name.replace('send:', ''));
  const queues = off.filter((name) => name.startsWith('consume'));
  return [
    ...(parts.length === 0 ? [] : [`stopped for ${parts.join(', ')}`]),
    ...(queues.length === 0 ? [] : [`workers are paused (${queues.join(', ')} off)`]),
  ];
}

/** The channels by which nothing can leave, whatever the switches say. */
function listDown(providers: readonly Provider[]): string[] {
  return [...Map.groupBy(providers, ({ channel }) => channel)].flatMap(([channel, those]) => {
    if (those.some(({ ok }) => ok)) return [];
    const words = those.map(
      ({ provider, status, since }) =>
        `${provider} ${status}${typeof since === 'string' ? ` since ${formatInstant(since)}` : ''}`,
    );
    return [`nothing leaves by ${channel}: ${words.join(', ')}`];
  });
}
