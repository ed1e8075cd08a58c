import { createCurve } from '../curve.ts';

/** More senders, ten mails at a time each; the mail server takes no time, so processors are what they share. */
export const curveSenders = createCurve({
  name: 'curve-senders',
  over: 'senders',
  base: 1,
  points: { full: [2, 4], quick: [2] },
  senders: (at) => at,
});
