/** Whom an error code of Twilio means (twilio.com/docs/api/errors). Those that are not here are judged by the status. */
export type TwilioConcern = 'recipient-gone' | 'recipient' | 'message' | 'account' | 'provider';

const codes: Readonly<Record<TwilioConcern, readonly number[]>> = {
  // No number, not a mobile one, not in service.
  'recipient-gone': [21211, 21217, 21401, 21407, 21614, 30005, 30006],
  // A country or a number that our account may not write to, opted out, out of reach, switched off, blocked by the carrier.
  recipient: [21408, 21608, 21610, 21612, 30003, 30004, 63024],
  // No body, too long, filtered for what it says.
  message: [21602, 21605, 21617, 21619, 21623, 30007, 30019],
  // Login, suspension, money, a sender that is not ours or not registered, a daily limit.
  account: [
    20003, 20004, 20005, 20006, 20008, 20403, 20404, 21212, 21603, 21604, 21606, 21607, 21618, 21654, 21659,
    21660, 21661, 21701, 21703, 21704, 21705, 30002, 30010, 30022, 30023, 30024, 30027, 30032, 30034, 30035,
    63007, 63018, 63038, 90010,
  ],
  // A queue is full, too many requests.
  provider: [14107, 20429, 21611, 30001],
};

const concerns: ReadonlyMap<number, TwilioConcern> = new Map(
  (Object.keys(codes) as TwilioConcern[]).flatMap((concern) =>
    codes[concern].map((code) => [code, concern] as const),
  ),
);

export function findTwilioConcern(code: number): TwilioConcern | undefined {
  return concerns.get(code);
}
