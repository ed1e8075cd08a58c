import { createCurve } from '../curve.ts';
import { signTokens } from '../sign-tokens.ts';

/** Requests of many clients, each with its own token, allowance and counters; always 32 connections. */
export const curveClients = createCurve({
  name: 'curve-clients',
  over: 'clients',
  base: 1,
  points: { full: [100, 1_000], quick: [10] },
  arrange: async (service, at) => ({ tokens: await signTokens(service, at, at) }),
});
