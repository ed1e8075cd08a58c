import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type ConnectionPool, createConnectionPool } from '../connection-pool.ts';
import { establish, isTlsError } from '../establish.ts';
import { ProviderUnavailable } from '../provider.ts';
import { closeOnUnsolicitedData } from './attempt-http.ts';

/** Where an HTTP API is, and its time-outs. */
export interface HttpEndpoint {
  /** Unique name of the provider: `twilio`. */
  readonly name: string;
  /** `https://host` or `http://host:port`, with an optional path in front of the API's own paths. */
  readonly baseUrl: URL;
  /** PEM of an authority to trust besides the system's. */
  readonly tlsCa?: string;
  /** Most connections, and so most requests, at the same time. */
  readonly connectionsMax: number;
  /** For DNS, connect and TLS together. */
  readonly connectTimeoutMs: number;
  /** From the first byte of the request to the last byte of the response. */
  readonly responseTimeoutMs: number;
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
  const socket = openSocket(endpoint);
  return establish<Socket, NodeJS.ErrnoException>(socket, {
    signal,
    timeoutMs: endpoint.connectTimeoutMs,
    begin: (done) =>
      socket.once(endpoint.baseUrl.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
        socket.on('data', closeOnUnsolicitedData);
        done();
      }),
    destroy: () => socket.destroy(),
    toUnavailable: (error) => {
      const code = isTlsError(error.code) ? 'tls-failed' : 'connect-failed';
      return new ProviderUnavailable(code, error.code ?? error.name, error);
    },
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
