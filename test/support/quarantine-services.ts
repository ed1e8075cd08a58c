import type { QuarantineServices } from '../../src/http/quarantine-services.ts';

/** A quarantine that is switched off and empty: each port gives a good answer of the right shape. */
export function createQuarantineServices(overrides: Partial<QuarantineServices> = {}): QuarantineServices {
  return {
    list: async () => ({
      counts: { events: 0, bytes: 0, oldest_age_seconds: 0 },
      bounds: { events: 100, bytes: 10_000, age_seconds: 3_600, per_source_per_minute: 60 },
      on: false,
      keys: { ok: true, detail: 'keys are 3 s old' },
      items: [],
    }),
    judge: async () => ({ accepted: 1, rejected: { 'bad-signature': 1 }, undecided: 0, left: 0 }),
    discard: async ({ preview }) => ({
      preview,
      matched: 1,
      discarded: preview ? 0 : 1,
      by_type: { welcome: 1 },
    }),
    ...overrides,
  };
}
