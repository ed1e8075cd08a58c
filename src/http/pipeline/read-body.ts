import type { IncomingMessage } from 'node:http';
import { ServiceError } from '../../domain/errors.ts';
import { type Exchange, emptyBody } from '../exchange.ts';
import type { BodyRule } from '../route-row.ts';
import type { Step } from '../step.ts';

/**
 * The body whole in memory, never more than the route's limit, in a media type that the route takes. Compressed
 * bodies are refused: one small body could unpack into any size.
 */
export const readBody: Step = (exchange) => {
  const rule = exchange.route?.body;
  if (rule === undefined) return undefined;
  const { request, response } = exchange;
  exchange.mediaType = checkHeaders(request, rule);
  // Who asks first whether to send it (RFC 9110 §10.1.1) is told to go on only now: of a stranger no body is wanted.
  if (isAskedFor(request)) response.writeContinue();
  if (!request.complete || request.destroyed) return awaitBody(exchange, rule);
  exchange.body = takeWhole(request, rule);
  return undefined;
};

/** The media type of the body, which is of a kind and a length that the route takes as far as the headers tell. */
function checkHeaders({ headers }: IncomingMessage, rule: BodyRule): string {
  const mediaType = checkMediaType(headers['content-type'], rule);
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new ServiceError('unsupported-media-type', 'send the body as it is, without content encoding');
  }
  if (Number(headers['content-length'] ?? 0) > rule.bytesMax) throw refuseSize(rule);
  return mediaType;
}

/** As Node decides it. */
function isAskedFor({ httpVersion, headers: { expect } }: IncomingMessage): boolean {
  return expect !== undefined && httpVersion === '1.1' && /(?:^|\W)100-continue(?:$|\W)/i.test(expect);
}

/** A body that came with its head, as most do: it is here, and no event of the stream need tell us so. */
function takeWhole(request: IncomingMessage, rule: BodyRule): Buffer {
  const body = (request.read() as Buffer | null) ?? emptyBody;
  if (body.length > rule.bytesMax) throw refuseSize(rule);
  return body;
}

/** What the peer takes to send it is not our time. */
async function awaitBody(exchange: Exchange, rule: BodyRule): Promise<void> {
  const sinceMs = performance.now();
  exchange.waitingSinceMs = sinceMs;
  try {
    exchange.body = await collectBody(exchange.request, rule);
  } finally {
    exchange.waitedMs += performance.now() - sinceMs;
    exchange.waitingSinceMs = undefined;
  }
}

function checkMediaType(header: string | undefined, { mediaTypes }: BodyRule): string {
  // The usual header, without a parse: this is the hot path.
  if (header === 'application/json') return header;
  const [name = '', ...parameters] = (header ?? '')
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  const isUtf8 = parameters.every(
    (parameter) => !parameter.startsWith('charset=') || /^charset="?utf-?8"?$/.test(parameter),
  );
  if (mediaTypes.includes(name) && isUtf8) return name;
  throw new ServiceError('unsupported-media-type', `send ${mediaTypes.join(' or ')} in UTF-8`);
}

function collectBody(request: IncomingMessage, rule: BodyRule): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const refuseHalf = (): void =>
      reject(new ServiceError('malformed-request', 'the body ended before it was complete'));
    // Gone while the token was judged: no event will tell us so any more.
    if (request.destroyed) {
      refuseHalf();
      return;
    }
    const chunks: Buffer[] = [];
    let bytes = 0;
    const finish = (end: () => void): void => {
      request.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone);
      end();
    };
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes <= rule.bytesMax) {
        chunks.push(chunk);
        return;
      }
      // What is still coming flows into nothing, so that the client can read the response.
      finish(() => reject(refuseSize(rule)));
      request.resume();
    };
    const onEnd = (): void =>
      finish(() => resolve(chunks.length === 1 ? (chunks[0] ?? emptyBody) : Buffer.concat(chunks)));
    const onGone = (): void => finish(refuseHalf);
    request.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone);
  });
}

function refuseSize({ bytesMax }: BodyRule): ServiceError {
  return new ServiceError('body-too-large', `the body may have at most ${bytesMax} bytes`);
}
