import { ServiceError } from '../../domain/errors.ts';
import type { Step } from '../step.ts';

/** Nothing new begins in a process that closes; another one will take the same request. */
export const checkDrain: Step = (_exchange, { drain }) => {
  if (drain.phase === 'closing') {
    throw new ServiceError('shutting-down', 'this process is shutting down; send the same request again', {
      retryAfterSeconds: 1,
    });
  }
};
