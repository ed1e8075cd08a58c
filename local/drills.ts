import type { StandPart } from './part.ts';
import type { Report } from './report.ts';

/** What can be tried beside a running stand: which of its parts go away for a while, and what to read meanwhile. */
export const drills: Readonly<
  Record<string, { readonly parts: readonly string[]; readonly says: string; readonly read: string }>
> = {
  'provider-down': {
    parts: ['mail server', 'text server'],
    says: 'no provider answers',
    read: 'docs/operations/provider-down.md',
  },
  'mail-down': {
    parts: ['mail server'],
    says: 'the mail provider does not answer',
    read: 'docs/operations/provider-down.md',
  },
  'issuer-down': {
    parts: ['issuer'],
    says: 'nobody gives out tokens, and nobody gives out keys',
    read: 'docs/operations/issuer-down.md',
  },
  'directory-down': {
    parts: ['directory'],
    says: 'nobody knows the recipients',
    read: 'docs/runbooks/QueueTooOld.md',
  },
  'store-down': { parts: ['redis'], says: 'the store is deaf', read: 'docs/runbooks/StoreUnavailable.md' },
};

const secondsMax = 3_600;

export interface Drills {
  /** Begins one, and ends it by itself. Rejects with a sentence when it cannot. */
  run(name: string, seconds: number): Promise<string>;
  /** Ends the one that runs, if one does. Never rejects: a part that does not come back is told on the report. */
  end(): Promise<void>;
}

/** Drills over the parts of a stand, one at a time. */
export function createDrills(parts: readonly StandPart[], report: Pick<Report, 'bad'>): Drills {
  let ending: (() => Promise<void>) | undefined;
  const end = async (): Promise<void> => {
    const now = ending;
    ending = undefined;
    await now?.();
  };
  return {
    end,
    run: async (name, seconds) => {
      const drill = Object.hasOwn(drills, name) ? drills[name] : undefined;
      if (drill === undefined)
        throw new RangeError(`There is no drill ${name}. There are: ${Object.keys(drills).join(', ')}.`);
      if (!(seconds >= 1 && seconds <= secondsMax))
        throw new RangeError(`A drill lasts from 1 to ${secondsMax} seconds.`);
      if (ending !== undefined) throw new Error('A drill runs already. It ends by itself.');
      const away = parts.filter((part) => drill.parts.includes(part.name));
      const timer = setTimeout(() => void end(), seconds * 1_000);
      ending = async () => {
        clearTimeout(timer);
        for (const part of away) await bringBack(part, report);
      };
      for (const part of away) await part.goAway?.();
      return `For ${seconds} s ${drill.says}. Look: ./scripts/acc status; read: ${drill.read}`;
    },
  };
}

async function bringBack(part: StandPart, report: Pick<Report, 'bad'>): Promise<void> {
  try {
    await part.comeBack?.();
  } catch (error) {
    report.bad(part.name, `did not come back after its drill (${String(error)}): start ./scripts/up again`);
  }
}
