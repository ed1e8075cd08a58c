import { fetchBounded } from '../outbound/fetch-bounded.ts';
import { type PacedCall, type PacedOutcome, paceCall } from '../outbound/pace-call.ts';
import { type KeyDocument, parseKeys } from './parse-keys.ts';

export interface KeyHoldOptions {
  readonly url: URL;
  readonly timeoutMs: number;
  /** Steady milliseconds. */
  readonly now: () => number;
  /** In [0, 1), for the back-off. */
  readonly random: () => number;
}

/** The last good key document and the way to a newer one. */
export interface KeyHold {
  /** The last document that was good, however old. */
  document(): KeyDocument | undefined;
  /** Infinite when there never was a good one. */
  ageMs(): number;
  readonly fetching: PacedCall;
  /** Calls back whenever the usable keys are others than before; returns the way to stop it. */
  readonly onChange: (listener: () => void) => () => void;
}

const documentBytesMax = 256 * 1024;
const failureBackOff = { baseMs: 1_000, capMs: 30_000 };

/** Keeps the last good keys whatever happens to the issuer: only another good document replaces them. */
export function holdKeys(options: KeyHoldOptions): KeyHold {
  const { now } = options;
  const listeners = new Set<() => void>();
  let held: { readonly document: KeyDocument; readonly fetchedAt: number } | undefined;

  const call = async (): Promise<PacedOutcome> => {
    // As old as the question: the issuer may change its keys while the answer is on its way.
    const fetchedAt = now();
    const parsed = await fetchKeys(options);
    if (!parsed.ok) return parsed;
    const changed = held?.document.fingerprint !== parsed.document.fingerprint;
    // The same keys stay the same objects, so that what has been tried is known again.
    held = { document: changed ? parsed.document : (held?.document ?? parsed.document), fetchedAt };
    if (changed) for (const listener of listeners) listener();
    return { ok: true };
  };

  return {
    document: () => held?.document,
    ageMs: () => (held === undefined ? Number.POSITIVE_INFINITY : now() - held.fetchedAt),
    fetching: paceCall({ call, now, random: options.random, backOff: failureBackOff }),
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

async function fetchKeys(options: KeyHoldOptions): Promise<ReturnType<typeof parseKeys>> {
  const answer = await fetchBounded({
    url: options.url,
    headers: { accept: 'application/jwk-set+json, application/json' },
    timeoutMs: options.timeoutMs,
    answerBytesMax: documentBytesMax,
  });
  if (answer.kind === 'failed') return { ok: false, detail: answer.detail };
  return answer.status === 200 ? parseKeys(answer.text) : { ok: false, detail: `answered ${answer.status}` };
}
