import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type ConnectionPool, createConnectionPool } from '../connection-pool.ts';
import { isTlsFault } from '../is-tls-fault.ts';
import { listenToAbort } from '../listen-to-abort.ts';
import { ProviderUnavailable } from '../provider.ts';
import { dropUnasked } from './attempt-http.ts';

/** Where an HTTP API is, and how patient we are with it. */
export interface HttpEndpoint {
  /** `https://host` or `http://host:port`, with an optional path in front of the API's own paths. */
  readonly baseUrl: URL;
  /** PEM of an authority to trust besides the system's. */
  readonly tlsCa?: string;
  /** Most connections, and so most requests, at the same time. */
  readonly connectionsMax: number;
  /** For DNS, connect and TLS together. */
  readonly connectTimeoutMs: number;
  /** From the first byte of the request to the last byte of the answer. */
  readonly answerTimeoutMs: number;
  /** Keep it below the peer's: a request that meets a closing keep-alive connection ends `unknown`. */
  readonly idleTimeoutMs: number;
}

const requestsPerConnection = 1000;

/** A pool of plain or TLS sockets for one request each at a time. */
export function createHttpPool(endpoint: HttpEndpoint): ConnectionPool<Socket> {
  return createConnectionPool<Socket>({
    connectionsMax: endpoint.connectionsMax,
    idleTimeoutMs: endpoint.idleTimeoutMs,
    idleCheckMs: endpoint.idleTimeoutMs,
    usesMax: requestsPerConnection,
    connect: (signal) => connectHttp(endpoint, signal),
    isAlive: (socket) => socket.writable && !socket.readableEnded && !socket.destroyed,
    // HTTP/1.1 has no ping; what closed while idle is seen by `isAlive`.
    check: () => Promise.resolve(true),
    end: (socket) => socket.destroySoon(),
    destroy: (socket) => socket.destroy(),
  });
}

/**
 * A connected socket, TLS done where the URL says `https`. Rejects with a `ProviderUnavailable` (`connect-failed`,
 * `connect-timeout`, `tls-failed`, `gave-up-waiting`) within `connectTimeoutMs`.
 */
export function connectHttp(endpoint: HttpEndpoint, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = openSocket(endpoint);
    const fail = (error: ProviderUnavailable): void => {
      stop();
      socket.destroy();
      reject(error);
    };
    const onAbort = (): void =>
      fail(new ProviderUnavailable('gave-up-waiting', 'the caller gave up while connecting'));
    const stopListening = listenToAbort(signal, onAbort);
    const onError = (error: NodeJS.ErrnoException): void =>
      fail(
        new ProviderUnavailable(
          isTlsFault(error.code) ? 'tls-failed' : 'connect-failed',
          error.code ?? error.name,
          error,
        ),
      );
    const timer = setTimeout(
      () => fail(new ProviderUnavailable('connect-timeout', 'no connection in time')),
      endpoint.connectTimeoutMs,
    );
    const stop = (): void => {
      clearTimeout(timer);
      stopListening();
      socket.removeListener('error', onError);
      // Whatever happens to an idle socket later is seen by asking whether it is alive.
      socket.on('error', () => undefined);
    };
    socket.on('error', onError);
    socket.once(endpoint.baseUrl.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
      stop();
      socket.on('data', dropUnasked);
      resolve(socket);
    });
    if (signal.aborted) onAbort();
  });
}

function openSocket({ baseUrl, tlsCa }: HttpEndpoint): Socket {
  const isTls = baseUrl.protocol === 'https:';
  const host = baseUrl.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = baseUrl.port === '' ? (isTls ? 443 : 80) : Number(baseUrl.port);
  if (!isTls) return connectTcp({ host, port, noDelay: true });
  return connectTls({
    host,
    port,
    ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
    ALPNProtocols: ['http/1.1'],
    minVersion: 'TLSv1.2',
    ...(tlsCa === undefined ? {} : { ca: tlsCa }),
  });
}
