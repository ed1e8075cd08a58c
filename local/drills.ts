import type { StackComponent } from './component.ts';
import type { Report } from './report.ts';

/** What can be tried beside a running stack: which components are unreachable for a while, and what to read meanwhile. */
export const drills: Readonly<
  Record<string, { readonly components: readonly string[]; readonly effect: string; readonly read: string }>
> = {
  'provider-down': {
    components: ['mail server', 'text server'],
    effect: 'no provider answers',
    read: 'docs/operations/provider-down.md',
  },
  'mail-down': {
    components: ['mail server'],
    effect: 'the mail provider does not answer',
    read: 'docs/operations/provider-down.md',
  },
  'issuer-down': {
    components: ['issuer'],
    effect: 'the issuer gives neither tokens nor keys',
    read: 'docs/operations/issuer-down.md',
  },
  'directory-down': {
    components: ['directory'],
    effect: 'the directory does not answer',
    read: 'docs/runbooks/QueueTooOld.md',
  },
  'store-down': {
    components: ['redis'],
    effect: 'the store does not answer',
    read: 'docs/runbooks/StoreUnavailable.md',
  },
};

const secondsMax = 3_600;

export interface Drills {
  /** Begins one, and ends it by itself. Rejects with a sentence when it cannot. */
  run(name: string, seconds: number): Promise<string>;
  /** Ends the one that runs, if one does. Never rejects: a component that does not come back is reported. */
  end(): Promise<void>;
}

/** Drills over the components of the stack, one at a time. */
export function createDrills(components: readonly StackComponent[], report: Pick<Report, 'bad'>): Drills {
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
      const affected = components.filter((component) => drill.components.includes(component.name));
      const timer = setTimeout(() => void end(), seconds * 1_000);
      ending = async () => {
        clearTimeout(timer);
        for (const component of affected) await restoreComponent(component, report);
      };
      for (const component of affected) await component.interrupt?.();
      return `For ${seconds} s ${drill.effect}. Look: ./scripts/acc status; read: ${drill.read}`;
    },
  };
}

async function restoreComponent(component: StackComponent, report: Pick<Report, 'bad'>): Promise<void> {
  try {
    await component.restore?.();
  } catch (error) {
    report.bad(
      component.name,
      `did not come back after its drill (${String(error)}): start ./scripts/up again`,
    );
  }
}
