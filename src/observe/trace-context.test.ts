import { describe, expect, test } from 'vitest';

import { isTraceparent } from './trace-context.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';

describe('isTraceparent', () => {
  test.each(['01', 'fe'])('accepts version 00 with the flags %s', (flags) => {
    expect(isTraceparent(`00-${traceId}-${spanId}-${flags}`)).toBe(true);
  });

  test('accepts the known part of a later version', () => {
    expect(isTraceparent(`cc-${traceId}-${spanId}-01-what-comes-later`)).toBe(true);
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
    expect(isTraceparent(header)).toBe(false);
  });
});
