import { describe, expect, test } from 'vitest';

import { parseTraceparent } from './trace-context.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';

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
});
