import autocannon from 'autocannon';
import { percentile } from './statistics.ts';

export interface Load {
  readonly url: string;
  /** In turn, one a request. */
  readonly tokens: readonly string[];
  /** A new body for every request. */
  readonly makeBody: () => string;
  readonly connections?: number;
  /** How long, or how many requests. */
  readonly until: { readonly seconds: number } | { readonly requests: number };
}

export interface LoadResult {
  readonly requests: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Enough to share an fsync, few enough that latency still says something. */
export const defaultConnections = 32;

/** A slow answer is a figure; none at all is a failure. */
const answerSecondsMax = 60;
/** How often autocannon looks whether it is done; once a second if it is not told. */
const endLookMs = 50;

/** Posts as fast as responses come, over a fixed number of connections. Throws when a response is not a 202. */
export async function postLoad(load: Load): Promise<LoadResult> {
  const { url, tokens, makeBody, until, connections = defaultConnections } = load;
  const times: number[] = [];
  const others = new Map<number, number>();
  let asked = 0;
  const nextToken = (): string => tokens[asked++ % tokens.length] ?? '';
  const begun = performance.now();
  let lastAt = begun;
  const options: autocannon.Options = {
    url,
    connections,
    sampleInt: endLookMs,
    timeout: answerSecondsMax,
    method: 'POST',
    requests: [
      {
        setupRequest: (request) => ({
          ...request,
          headers: { authorization: `Bearer ${nextToken()}`, 'content-type': 'application/json' },
          body: makeBody(),
        }),
      },
    ],
    ...('seconds' in until ? { duration: until.seconds } : { amount: until.requests }),
  };
  const { errors } = await new Promise<autocannon.Result>((resolve, reject) => {
    const running = autocannon(options, (error: Error | null, result) =>
      error === null ? resolve(result) : reject(error),
    );
    running.on('response', (_client, status, _bytes, tookMs) => {
      lastAt = performance.now();
      if (status === 202) times.push(tookMs);
      else others.set(status, (others.get(status) ?? 0) + 1);
    });
  });
  if (others.size > 0 || errors > 0)
    throw new Error(`${url}: ${errors} errors, not 202: ${JSON.stringify([...others])}`);
  return {
    requests: times.length,
    perSecond: (times.length * 1_000) / (lastAt - begun),
    p50Ms: percentile(times, 0.5),
    p99Ms: percentile(times, 0.99),
  };
}
