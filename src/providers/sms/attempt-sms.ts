import type { Socket } from 'node:net';
import type { AttemptOutcome } from '../../domain/outcome.ts';
import { type CallEnd, createReservation } from '../create-reservation.ts';
import { type HealthFinding, measureHealth } from '../measure-health.ts';
import type { Fence, OutgoingSms, Provider } from '../provider.ts';
import { attemptHttp, type HttpRequest } from './attempt-http.ts';
import { connectHttp, createHttpPool, type HttpEndpoint } from './connect-http.ts';
import type { HttpReply } from './judge-status.ts';

/** What differs between one SMS API over HTTP and the next. */
export interface SmsApi {
  readonly name: string;
  readonly endpoint: HttpEndpoint;
  writeRequest(message: OutgoingSms): HttpRequest;
  judgeAnswer(result: HttpReply, message: OutgoingSms): AttemptOutcome;
  /** A request that sends nothing and shows whether the credentials work. */
  readonly pingRequest: HttpRequest;
  judgePing(result: HttpReply): HealthFinding;
}

/** A provider out of an SMS API: one request per message, over a connection in hand. */
export function createHttpSmsProvider(api: SmsApi): Provider<OutgoingSms> {
  const pool = createHttpPool(api.endpoint);
  const { answerTimeoutMs } = api.endpoint;
  const attempt = async (socket: Socket, message: OutgoingSms, fence: Fence): Promise<CallEnd> => {
    const end = await attemptHttp({ socket, request: api.writeRequest(message), fence, answerTimeoutMs });
    switch (end.kind) {
      case 'answered':
        return { outcome: api.judgeAnswer(end, message), condition: conditionAfter(end) };
      case 'aborted':
        return { outcome: end, condition: 'unused' };
      case 'connection-gone':
        return { outcome: connectionGone, condition: 'broken' };
      case 'unanswered':
        return { outcome: { kind: 'unknown', phase: end.phase, detail: end.detail }, condition: 'broken' };
    }
  };
  return {
    name: api.name,
    channel: 'sms',
    reserve: async (signal) => createReservation(await pool.acquire(signal), attempt),
    checkHealth: (signal) =>
      measureHealth({ provider: api.name, channel: 'sms' }, async () => {
        const socket = await connectHttp(api.endpoint, signal);
        const fence: Fence = { mayWrite: () => true, signal };
        const end = await attemptHttp({ socket, request: api.pingRequest, fence, answerTimeoutMs });
        socket.destroy();
        if (end.kind === 'answered') return api.judgePing(end);
        return {
          status: 'unreachable',
          detail: end.kind === 'unanswered' ? end.detail : 'the connection was lost',
        };
      }),
    close: (deadlineMs) => pool.close(deadlineMs),
  };
}

const connectionGone: AttemptOutcome = {
  kind: 'not-sent',
  code: 'connection-lost',
  detail: 'the connection closed before the request',
};

function conditionAfter(result: HttpReply): CallEnd['condition'] {
  return result.headers.connection?.toLowerCase() === 'close' ? 'broken' : 'used';
}
