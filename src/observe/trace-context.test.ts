import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { childOf, continueTrace, formatTraceparent, parseTraceparent } from './trace-context.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';
const ids = { traceId: 'f'.repeat(32), spanId: 'e'.repeat(16) };

describe('parseTraceparent', () => {
  test('reads ids and the sampled flag, and ignores the other flags', () => {
    expect(parseTraceparent(`00-${traceId}-${spanId}-01`)).toEqual({ traceId, spanId, sampled: true });
    expect(parseTraceparent(`00-${traceId}-${spanId}-fe`)).toEqual({ traceId, spanId, sampled: false });
  });

  test('reads the known part of a later version', () => {
    expect(parseTraceparent(`cc-${traceId}-${spanId}-01-what-comes-later`)?.traceId).toBe(traceId);
  });

  test.each([
    ['empty', ''],
    ['version ff', `ff-${traceId}-${spanId}-01`],
    ['all-zero trace id', `00-${'0'.repeat(32)}-${spanId}-01`],
    ['all-zero span id', `00-${traceId}-${'0'.repeat(16)}-01`],
    ['upper case', `00-${traceId.toUpperCase()}-${spanId}-01`],
    ['extra part in version 00', `00-${traceId}-${spanId}-01-extra`],
    ['short id', `00-${traceId.slice(1)}-${spanId}-01`],
    ['line feed at the end', `00-${traceId}-${spanId}-01\n`],
    ['glued text in a later version', `cc-${traceId}-${spanId}-01extra`],
  ])('refuses %s', (_name, header) => {
    expect(parseTraceparent(header)).toBeUndefined();
  });

  test('what is formatted is parsed back', () => {
    const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length - 1}}[1-9a-f]$`));
    const context = fc.record({ traceId: hex(32), spanId: hex(16), sampled: fc.boolean() });
    fc.assert(
      fc.property(context, (it) => {
        expect(parseTraceparent(formatTraceparent(it))).toEqual(it);
      }),
    );
  });
});

describe('continueTrace', () => {
  test('goes on in the trace of the caller with a span of its own', () => {
    const parent = `00-${traceId}-${spanId}-00`;
    expect(continueTrace(parent, ids)).toEqual({ traceId, spanId: ids.spanId, sampled: false });
  });

  test('starts a new trace when the header is absent or not valid', () => {
    expect(continueTrace(undefined, ids)).toEqual({ ...ids, sampled: true });
    expect(continueTrace('garbage', ids)).toEqual({ ...ids, sampled: true });
  });
});

test('a child keeps trace and sampling', () => {
  expect(childOf({ traceId, spanId, sampled: true }, ids.spanId)).toEqual({
    traceId,
    spanId: ids.spanId,
    sampled: true,
  });
});
