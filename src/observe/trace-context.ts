/** One place in a trace, as W3C Trace Context carries it (https://www.w3.org/TR/trace-context/). */
export interface TraceContext {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  /** 16 lower-case hex digits, not all zero. */
  readonly spanId: string;
  readonly sampled: boolean;
}

/**
 * The context in a `traceparent` header, or `undefined` when the header is not valid. A version that is not known
 * yet is read as far as version 00 goes, as the standard asks.
 */
export function parseTraceparent(header: string): TraceContext | undefined {
  const parts = traceparentPattern.exec(header);
  if (parts === null) return undefined;
  const [, version, traceId = '', spanId = '', flags = '', rest] = parts;
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  if (isAllZero(traceId) || isAllZero(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** Version, trace id, span id, flags, and what a later version adds. */
const traceparentPattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

function isAllZero(id: string): boolean {
  return /^0+$/.test(id);
}
