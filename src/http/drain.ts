/**
 * Where this process stands on its way out. *leaving*: still serving, but `/readyz` says no, so that the load balancer looks
 * elsewhere. *closing*: `/api` answers 503 and connections are closed as their answers end.
 */
export type DrainPhase = 'serving' | 'leaving' | 'closing';

export interface Drain {
  readonly phase: DrainPhase;
  /** Phases only go forward; calling twice changes nothing. */
  leave(): void;
  close(): void;
}

export function createDrain(): Drain {
  let phase: DrainPhase = 'serving';
  return {
    get phase() {
      return phase;
    },
    leave() {
      if (phase === 'serving') phase = 'leaving';
    },
    close() {
      phase = 'closing';
    },
  };
}
