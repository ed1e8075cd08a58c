import { createCurve } from '../curve.ts';

const entriesMax = 1_000;

/** Addresses that are never written to, none of which is a recipient here; each permit looks. */
export const curveSuppressions = createCurve({
  name: 'curve-suppressions',
  over: 'suppressions',
  base: 0,
  points: { full: [100_000], quick: [100] },
  arrange: async (service, at) => {
    for (let from = 0; from < at; from += entriesMax) {
      const entries = Array.from({ length: Math.min(entriesMax, at - from) }, (_, index) => ({
        address: `suppressed-${from + index}@example.com`,
        reason: 'bench',
      }));
      const json = { entries, reason: 'bench' };
      const { status, body } = await service.call('/api/suppressions', { json });
      if (status !== 200) throw new Error(`suppressions: ${status} ${JSON.stringify(body)}`);
    }
    return {};
  },
});
