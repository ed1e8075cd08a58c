import { expect, test } from 'vitest';
import { countCommands } from './redis-figures.ts';

test('every command counts, also those that a script calls, and scripts are counted for themselves', () => {
  const stats = [
    '# Commandstats',
    'cmdstat_evalsha:calls=3,usec=90,usec_per_call=30.00,rejected_calls=0,failed_calls=0',
    'cmdstat_config|get:calls=1,usec=5,usec_per_call=5.00,rejected_calls=0,failed_calls=0',
    'cmdstat_hset:calls=12,usec=20,usec_per_call=1.67,rejected_calls=0,failed_calls=0',
  ].join('\r\n');
  expect(countCommands(stats)).toEqual({ commands: 16, scripts: 3 });
});
