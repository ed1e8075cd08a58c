import { ServiceError } from '../../domain/errors.ts';
import type { ImmediateStep } from '../step.ts';

/**
 * A request that can be read in two ways is refused: two programs on its way might read it differently. HTTP/1.1 needs
 * exactly one Host (RFC 9112 §3.2; Node would refuse on its own, but without our headers). And of a field that has
 * one value Node keeps the first, or joins both to one that nobody sent: which caller, which key, which event it was,
 * must not depend on that.
 */
export const refuseAmbiguous: ImmediateStep = ({ request }) => {
  if (request.headers.host === undefined && request.httpVersion === '1.1') {
    throw new ServiceError('malformed-request', 'the request has no Host header');
  }
  const twice = findTwice(request.rawHeaders);
  if (twice !== undefined) {
    throw new ServiceError('malformed-request', `the header field ${twice} was sent twice; send it once`);
  }
};

/** Fields with one value that we act on; `Content-Length` is Node's own care. */
const singleFields: ReadonlySet<string> = new Set([
  'host',
  'authorization',
  'content-type',
  'content-encoding',
  'expect',
  'idempotency-key',
  'x-request-id',
]);

/** A field of those that is there twice; `ce-*` for an attribute of a CloudEvent, whose names anyone can make up. */
function findTwice(rawHeaders: readonly string[]): string | undefined {
  const seen: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    const isAttribute = name.startsWith('ce-');
    if (!isAttribute && !singleFields.has(name)) continue;
    if (seen.includes(name)) return isAttribute ? 'ce-*' : name;
    seen.push(name);
  }
  return undefined;
}
