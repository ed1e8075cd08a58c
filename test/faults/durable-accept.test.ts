import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type CuttableRedis, startCuttableRedis } from '../support/preload/cuttable-redis.ts';
import { whyNoPreload } from '../support/preload/preload.ts';
import { type ScriptedSmtp, startScriptedSmtp } from '../support/scripted-smtp.ts';
import { type Service, startService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';
import { askEvent, findBreaches, waitForRest } from './invariants.ts';

const obstacle = await whyNoPreload();
const connectionCount = 32;

let dir = '';
let redis: CuttableRedis | undefined;
let smtp: ScriptedSmtp | undefined;
let service: Service | undefined;

beforeEach(async (context) => {
  context.skip(obstacle !== undefined, obstacle);
  dir = await mkdtemp(join(tmpdir(), 'durable-accept-'));
  smtp = await startScriptedSmtp();
});
afterEach(async () => {
  await service?.stop();
  await redis?.stop();
  await smtp?.close();
  await rm(dir, { recursive: true, force: true });
});

test.each<[string, (store: CuttableRedis) => Promise<unknown>]>([
  ['a power cut', (store) => store.cut()],
  ['a full disk', (store) => store.fillDisk()],
])(
  'ING-3: every event answered with 202 survives %s and is delivered once',
  async (_fault, strike) => {
    const { api, store, provider } = await startWith({});
    const acknowledged = [await postFirst(api)];
    const life = new AbortController();
    const posters = Array.from({ length: connectionCount }, (_, poster) =>
      postUntilDark(api, poster, { acknowledged, signal: life.signal }),
    );
    await waitFor(
      'events are accepted',
      () => acknowledged.length,
      (length) => length >= 300,
      {
        deadlineMs: 30_000,
      },
    );
    await strike(store);
    life.abort();
    await Promise.all(posters);
    await store.restart();
    for (const kind of ['planner', 'sender', 'guard'] as const) await api.startProcess(kind);
    await waitForRest(api, 40_000);
    const gone = (await findBreaches(api, { acknowledged, received: provider.messages })).filter(
      // What was on disk but not yet answered is delivered too; the counts know of it, the list of answers does not.
      (breach) => !breach.startsWith('count of'),
    );
    expect(gone).toEqual([]);
    expect(acknowledged.length).toBeGreaterThanOrEqual(300);
    expect(provider.messages.length).toBeGreaterThanOrEqual(acknowledged.length);
  },
  120_000,
);

test('ING-3: a store that does not sync before it answers is reported as not durable, and not ready', async () => {
  const { api } = await startWith({ appendfsync: 'everysec' });
  const answer = await waitFor(
    'the store has been looked at',
    () => api.call('/health', { token: null }),
    ({ body }) => JSON.stringify(body).includes('appendfsync'),
    { deadlineMs: 15_000, everyMs: 100 },
  );
  expect(answer.status).toBe(503);
  expect((await api.call('/readyz', { token: null })).status).toBe(503);
});

async function startWith(settings: Readonly<Record<string, string>>) {
  const store = await startCuttableRedis({ dir, settings });
  redis = store;
  const provider = smtp ?? (await startScriptedSmtp());
  const api = await startService({
    redisUrl: store.url,
    processes: ['api'],
    environment: { SMTP_URL: `smtp://127.0.0.1:${provider.port}` },
  });
  service = api;
  return { store, provider, api };
}

/** The API listens before it has opened a new store; until then it answers 503. */
async function postFirst(api: Service): Promise<string> {
  const answer = await waitFor(
    'the first event is accepted',
    () => api.call('/api/events', { json: askEvent('first') }),
    ({ status }) => status === 202,
    { deadlineMs: 15_000, everyMs: 100 },
  );
  return String(answer.body['event_id']);
}

async function postUntilDark(
  api: Service,
  poster: number,
  { acknowledged, signal }: { acknowledged: string[]; signal: AbortSignal },
): Promise<void> {
  try {
    for (let count = 0; !signal.aborted; count += 1) {
      const key = `poster-${poster}-${count}`;
      acknowledged.push(await api.post(askEvent(key), key));
    }
  } catch (error) {
    // The power is gone. What was answered until now must be found again.
    if (!String(error).includes('503') && !signal.aborted) throw error;
  }
}
