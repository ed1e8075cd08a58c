import { expect, test } from 'vitest';
import { z } from 'zod';
import { ServiceError } from '../domain/errors.ts';
import { toStoreError } from './scripts.ts';

function reply(message: string): Error {
  return Object.assign(new Error(message), { name: 'ReplyError' });
}

function catchFault(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

test.each([
  ['the connection is closed', new Error('Connection is closed.')],
  ['no answer in time', new Error('Command timed out')],
  ['never connected', new Error('Redis is not connected')],
  ['refused', Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' })],
  ['gives up', Object.assign(new Error('Reached the max retries'), { name: 'MaxRetriesPerRequestError' })],
  ['loads its file', reply('LOADING Redis is loading the dataset in memory')],
  ['a replica after a failover', reply("READONLY You can't write against a read only replica.")],
  [
    'full, in a script',
    reply("OOM command not allowed when used memory > 'maxmemory'. script: 1, on @user_script:3."),
  ],
  [
    'full, in a script of Redis 6',
    reply(
      'ERR Error running script (call to f_1): @user_script:5: @user_script: 5: -OOM command not allowed',
    ),
  ],
  ['its disk fails', reply('MISCONF Redis is configured to save RDB snapshots, but it is unable to persist')],
  ['too few replicas', reply('NOREPLICAS Not enough good replicas to write.')],
  ['a cluster that lost a part', reply('CLUSTERDOWN Hash slot not served')],
  ['a password that was changed', reply('WRONGPASS invalid username-password pair or user is disabled.')],
  ['too many clients', reply('ERR max number of clients reached')],
])('%s: an outage, to be tried again', (_name, cause) => {
  const fault = toStoreError('read', cause);
  expect(fault).toMatchObject({ code: 'store-unavailable', options: { retryAfterSeconds: 2 } });
  expect(fault.cause).toBe(cause);
});

test.each([
  ['a key of another type', reply('WRONGTYPE Operation against a key holding the wrong kind of value')],
  ['a fault in a script', reply('ERR user_script:3: attempt to index a nil value')],
  ['a command that is not there', reply("ERR unknown command 'NOPE'")],
  ['a record that is no JSON', catchFault(() => JSON.parse('{'))],
  ['a record of another shape', catchFault(() => z.object({ v: z.number() }).parse({}))],
  ['a bug', new TypeError('undefined is not a function')],
])('%s: a fault of ours', (_name, cause) => {
  const fault = toStoreError('read', cause);
  expect(fault.code).toBe('internal-error');
  expect(fault.cause).toBe(cause);
});

test('what is told already is told as it was', () => {
  const told = new ServiceError('store-unavailable', 'away');
  expect(toStoreError('read', told)).toBe(told);
});
