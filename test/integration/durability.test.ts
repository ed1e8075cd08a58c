import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkDurability } from '../../src/store/durability.ts';
import { type GateServer, startGateServer } from '../support/gate-store.ts';

let server: GateServer;
/** Of a user who may not ask for the configuration, as managed services have it. */
let managed: Redis;

beforeAll(async () => {
  server = await startGateServer();
  await server.connect().call('ACL', 'SETUSER', 'managed', 'on', '>word', '~*', '+@all', '-config');
  managed = new Redis(server.server.port, '127.0.0.1', { username: 'managed', password: 'word' });
});
afterAll(async () => {
  managed.disconnect();
  await server.stop();
});

test.each([true, false])(
  'where CONFIG is forbidden the store is durable by the word of an operator alone: %s',
  async (attested) => {
    const found = await checkDurability(managed, { attested, probeKey: 'probe' });
    expect(found).toMatchObject({ writable: true, durable: attested });
    expect(found.detail).toMatch(attested ? /^attested by an operator/ : /STORE_DURABILITY_ATTESTED=true/);
  },
);

test('the word of an operator does not outweigh what CONFIG says', async () => {
  const found = await checkDurability(server.connect(), { attested: true, probeKey: 'probe' });
  expect(found).toMatchObject({ durable: false, detail: expect.stringContaining('appendonly is "no"') });
});

test('a store that goes away between the write and the look at its settings is away, and not one that does not sync', async () => {
  const other = server.connect();
  await other.ping();
  const broken = new Proxy(other, {
    get: (redis, name) =>
      name === 'info'
        ? () => {
            redis.disconnect();
            return redis.call('INFO');
          }
        : Reflect.get(redis, name, redis),
  });
  for (const attested of [true, false]) {
    const found = await checkDurability(broken, { attested, probeKey: 'probe' });
    expect(found).toMatchObject({ writable: false, durable: false });
  }
});
