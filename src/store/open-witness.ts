import { fileURLToPath } from 'node:url';
import { type Witness, witnessTimeoutMs } from './witness.ts';
import { createFileWitness } from './witness-file.ts';
import { createRedisWitness } from './witness-redis.ts';

export interface WitnessOptions {
  /** `file:///folder` on one machine, a second `redis(s)://` server where several machines run. */
  readonly url: string;
  readonly keyPrefix: string;
  readonly onError: (error: Error) => void;
}

/** Opens the witness that the URL names. Nothing is read or written before it is asked for. */
export function openWitness(options: WitnessOptions): Witness {
  const { url, keyPrefix, onError } = options;
  return url.startsWith('file:')
    ? createFileWitness(fileURLToPath(url))
    : createRedisWitness({ url, key: `${keyPrefix}:witness`, timeoutMs: witnessTimeoutMs, onError });
}
