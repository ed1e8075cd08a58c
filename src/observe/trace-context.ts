/**
 * True for a valid `traceparent` header (W3C Trace Context, https://www.w3.org/TR/trace-context/). A version that is not
 * known yet is read as far as version 00 goes, as the standard asks.
 */
export function isTraceparent(header: string): boolean {
  const [, version, rest] = traceparentPattern.exec(header) ?? [];
  return version !== undefined && version !== 'ff' && (version !== '00' || rest === undefined);
}

/** Version, trace id and span id, neither all zero, flags, and what a later version adds. */
const traceparentPattern = /^([0-9a-f]{2})-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/;
