import type { Socket } from 'node:net';
import type { AttemptOutcome } from '../../domain/outcome.ts';
import { type CallEnd, createReservation } from '../create-reservation.ts';
import { type HealthFinding, measureHealth } from '../measure-health.ts';
import type { Fence, OutgoingSms, Provider } from '../provider.ts';
import { attemptHttp, type HttpReply, type HttpRequest } from './attempt-http.ts';
import { connectHttp, createHttpPool, type HttpEndpoint } from './connect-http.ts';

/** What differs between one SMS API over HTTP and the next. */
export interface SmsApi {
  readonly endpoint: HttpEndpoint;
  writeRequest(message: OutgoingSms): HttpRequest;
  /** `messageId` is used where the reply names no id of its own. */
  judgeReply(result: HttpReply, messageId: string): AttemptOutcome;
  /** A request that sends nothing and shows whether the credentials work. */
  readonly pingRequest: HttpRequest;
  judgePing(result: HttpReply): HealthFinding;
}

/** A provider out of an SMS API: one request per message, over a connection in hand. */
export function createHttpSmsProvider(api: SmsApi): Provider<OutgoingSms> {
  const pool = createHttpPool(api.endpoint);
  const { name, responseTimeoutMs } = api.endpoint;
  const attempt = async (socket: Socket, message: OutgoingSms, fence: Fence): Promise<CallEnd> => {
    const end = await attemptHttp({ socket, request: api.writeRequest(message), fence, responseTimeoutMs });
    if (end.kind !== 'answered')
      return { outcome: end, condition: end.kind === 'aborted' ? 'unused' : 'broken' };
    const isClosing = end.headers.connection?.toLowerCase() === 'close';
    return { outcome: api.judgeReply(end, message.id), condition: isClosing ? 'broken' : 'used' };
  };
  return {
    name,
    channel: 'sms',
    reserve: async (signal) => createReservation(await pool.acquire(signal), attempt),
    checkHealth: (signal) =>
      measureHealth({ provider: name, channel: 'sms' }, async () => {
        const socket = await connectHttp(api.endpoint, signal);
        const fence: Fence = { mayWrite: () => true, signal };
        const end = await attemptHttp({ socket, request: api.pingRequest, fence, responseTimeoutMs });
        socket.destroy();
        if (end.kind === 'answered') return api.judgePing(end);
        const detail = end.kind === 'unknown' ? end.detail : 'the connection was lost';
        return { status: 'unreachable', detail };
      }),
    close: (deadlineMs) => pool.close(deadlineMs),
  };
}
