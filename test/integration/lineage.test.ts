import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { StoreMark } from '../../src/domain/store-mark.ts';
import { adoptStore } from '../../src/gate/adopt-store.ts';
import { readAudit } from '../../src/gate/audit-chain.ts';
import { readGate, setFlag } from '../../src/gate/flags.ts';
import type { GateWatch } from '../../src/gate/gate-watch.ts';
import { createMessageDecisions } from '../../src/gate/message-decisions.ts';
import { createPermits, type PermitResult } from '../../src/gate/permits.ts';
import type { Keys } from '../../src/store/keys.ts';
import type { MessageRecord } from '../../src/store/message-record.ts';
import { readMessageSummaries } from '../../src/store/message-summary.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Witness } from '../../src/store/witness.ts';
import {
  createMessage,
  createWatch,
  dumpStore,
  type GateServer,
  noLimits,
  opening,
  readMessage,
  startGateServer,
} from '../support/gate-store.ts';
import { waitFor } from '../support/wait-for.ts';

/** LIN at the scripts: what a permit, a decision and an adoption make of a store that is not where it was. */
let server: GateServer;
let redis: Redis;
let keys: Keys;
const watches: GateWatch[] = [];
const retentionMs = 3_600_000;

beforeAll(async () => {
  server = await startGateServer();
  redis = server.connect();
});
afterAll(async () => {
  await Promise.all(watches.map((one) => one.stop()));
  await server.stop();
});
beforeEach(async () => {
  keys = await server.openStore();
});

/** A witness that one can look into, and take away. */
function createShelf() {
  const at: { mark?: StoreMark; isAway: boolean } = { isAway: false };
  const witness: Witness = {
    read: async () => await (at.isAway ? Promise.reject(new Error('gone')) : Promise.resolve(at.mark)),
    raise: async (mark) => {
      if (at.isAway) throw new Error('gone');
      at.mark = mark;
      return await Promise.resolve();
    },
    close: () => undefined,
  };
  return { at, witness };
}

async function watchStore(witness?: Witness): Promise<GateWatch> {
  const watch = createWatch(server, {
    redis,
    keys,
    now: Date.now,
    pollMs: 5,
    ...(witness === undefined ? {} : { witness }),
  });
  watches.push(watch);
  await watch.start();
  return watch;
}

async function ask(message: MessageRecord, knowledge: GateWatch['knowledge']): Promise<PermitResult> {
  const permits = createPermits({
    redis,
    keys,
    limits: noLimits(),
    claimMs: 20_000,
    retentionMs,
    knowledge,
    now: Date.now,
  });
  return await permits.ask({ message, provider: 'p', segments: 1, rehearse: false });
}

const knows = (mark: StoreMark): GateWatch['knowledge'] => ({
  known: () => mark,
  note: () => undefined,
  state: () => ({ kind: 'confirmed' }),
  witnessError: () => '',
});

async function readMark(): Promise<StoreMark> {
  const gate = await readGate(redis, keys);
  if (gate === undefined) throw new Error('no gate');
  return gate.mark;
}

async function adopt(witness?: Witness, given: { lineage?: string } = {}) {
  const { lineage } = await readMark();
  const store = { redis, keys, now: Date.now, ...(witness === undefined ? {} : { witness }) };
  return await adoptStore(store, { actor: 'boss', reason: 'restored', lineage, ...given });
}

async function markBehind(): Promise<void> {
  await redis.hset(keys.shard(0).gate, 'wentBack', 'as seen by a test');
}

describe('a permit', () => {
  test('is given by a store that is as far as the asker knows, and tells how far that is now', async () => {
    const message = await createMessage(redis, keys);
    const mark = await readMark();
    const answer = await ask(message, knows(mark));
    expect(answer).toMatchObject({ kind: 'go', claim: { mark: { ...mark, changes: mark.changes + 1 } } });
  });

  test.each<[string, (mark: StoreMark) => StoreMark]>([
    ['an epoch, and perhaps a stop', (mark) => ({ ...mark, epoch: mark.epoch + 1 })],
    ['changes', (mark) => ({ ...mark, changes: mark.changes + 1 })],
  ])(
    'is refused by a store that has lost %s; everybody is told, and nothing is given to anybody',
    async (_what, more) => {
      const [message, other] = [await createMessage(redis, keys), await createMessage(redis, keys)];
      const mark = await readMark();
      expect(await ask(message, knows(more(mark)))).toEqual({ kind: 'held', reason: 'restored' });
      expect((await readGate(redis, keys))?.wentBack).toContain('a sender has seen');
      expect(await ask(other, knows(mark))).toEqual({ kind: 'held', reason: 'restored' });
    },
  );

  test('is not asked of a store that has not been compared, and waits where the lineage is another one', async () => {
    const message = await createMessage(redis, keys);
    const before = await dumpStore(redis, keys);
    const unsure = { ...knows(await readMark()), known: () => undefined };
    expect(await ask(message, unsure)).toMatchObject({ kind: 'wait-later', why: 'store-unconfirmed' });
    const other = knows({ ...(await readMark()), lineage: '1.zzzzzzzz' });
    expect(await ask(message, other)).toMatchObject({ kind: 'wait-later', why: 'store-unconfirmed' });
    expect(await dumpStore(redis, keys)).toEqual(before);
  });

  test('O3: a forgotten stop and one change since do not make the same epoch the same store', async () => {
    const change = { flag: 'send', actor: 'a', reason: 'r' } as const;
    const store = { redis, keys, now: Date.now };
    const message = await createMessage(redis, keys);
    const watch = await watchStore();
    const before = await redis.dumpBuffer(keys.shard(0).gate);
    await setFlag(store, { ...change, value: 'off' });
    await waitFor(
      'seen',
      () => watch.knowledge.known(0)?.epoch,
      (epoch) => epoch === 2,
    );
    // The store comes back without the stop, and an unrelated flag is turned before anybody looks.
    await redis
      .multi()
      .restore(keys.shard(0).gate, 0, before, 'REPLACE')
      .hset(keys.shard(0).gate, 'epoch', '2', 'lineage', '1.zzzzzzzz')
      .exec();
    await waitFor(
      'found',
      () => watch.knowledge.state().kind,
      (kind) => kind === 'went-back',
    );
    expect(watch.isOn('send')).toBe(false);
    expect(await ask(message, watch.knowledge)).toMatchObject({ kind: 'held' });
  });
});

describe('a witness', () => {
  test('is told of a stop before the stop is answered', async () => {
    const { at, witness } = createShelf();
    const stop = { flag: 'send', value: 'off', actor: 'a', reason: 'r' } as const;
    const answer = await setFlag({ redis, keys, now: Date.now, witness }, stop);
    expect([answer, at.mark?.epoch]).toMatchObject([{ kind: 'done', epoch: 2, witnessed: true }, 2]);
  });

  test('that is away does not keep a stop from being made, and the answer says that it does not know', async () => {
    const { at, witness } = createShelf();
    at.isAway = true;
    const stop = { flag: 'send', value: 'off', actor: 'a', reason: 'r' } as const;
    expect(await setFlag({ redis, keys, now: Date.now, witness }, stop)).toMatchObject({
      kind: 'done',
      witnessed: false,
    });
    expect((await readGate(redis, keys))?.flags.send.value).toBe('off');
  });

  test('that another process gives its first mark, just when this one starts, is not taken for lost', async () => {
    const { at, witness } = createShelf();
    const read = async (): Promise<StoreMark | undefined> => {
      const before = at.mark;
      if (before === undefined) await watchStore(witness);
      return before;
    };
    const watch = await watchStore({ ...witness, read });
    expect(watch.knowledge.state()).toEqual({ kind: 'confirmed' });
  });

  test('that is away at the start lets nothing leave until it is back', async () => {
    const { at, witness } = createShelf();
    at.isAway = true;
    const watch = await watchStore(witness);
    expect([watch.isOn('send'), watch.isOn('consume'), watch.knowledge.known(0)]).toEqual([
      false,
      true,
      undefined,
    ]);
    expect(watch.knowledge.witnessError()).toContain('gone');
    at.isAway = false;
    await waitFor(
      'sending',
      () => watch.isOn('send'),
      (on) => on,
    );
    expect(watch.knowledge.witnessError()).toBe('');
  });

  test('that goes away later stops nothing that runs, and that is said', async () => {
    const { at, witness } = createShelf();
    const watch = await watchStore(witness);
    at.isAway = true;
    await setFlag(
      { redis, keys, now: Date.now },
      { flag: 'send:sms', value: 'off', actor: 'a', reason: 'r' },
    );
    await waitFor(
      'said',
      () => watch.knowledge.witnessError(),
      (fault) => fault !== '',
    );
    expect(watch.isOn('send', 'send:email')).toBe(true);
    at.isAway = false;
    await waitFor(
      'caught up',
      () => at.mark?.epoch,
      (epoch) => epoch === 2,
    );
  });

  test('is raised at once when the connection is lost, and asked before anything leaves again', async () => {
    const { at, witness } = createShelf();
    const watch = await watchStore(witness);
    const mark = { ...(await readMark()), changes: 12 };
    watch.knowledge.note(0, mark);
    at.isAway = false;
    redis.disconnect(true);
    await waitFor(
      'raised',
      () => at.mark?.changes,
      (changes) => changes === 12,
    );
    await waitFor(
      'compared',
      () => watch.knowledge.state().kind,
      (kind) => kind === 'went-back',
    );
    expect((await readGate(redis, keys))?.wentBack).toContain('12 changes');
  });
});

describe('an adoption', () => {
  test('gives the store another lineage, above every epoch, stops sending, and tells the witness', async () => {
    const { at, witness } = createShelf();
    const { lineage } = await readMark();
    at.mark = { lineage: '4.zzzzzzzz', epoch: 90, changes: 5 };
    await markBehind();
    await createMessage(redis, keys);
    const answer = await adopt(witness);
    expect(answer).toMatchObject({
      kind: 'adopted',
      from: lineage,
      epoch: 91,
      open: 1,
      wentBack: 'as seen by a test',
    });
    const gate = await readGate(redis, keys);
    expect(gate).toMatchObject({ epoch: 91, adoptedFrom: lineage, flags: { send: { value: 'off' } } });
    expect([gate?.wentBack, gate?.mark.lineage]).toEqual([undefined, expect.stringMatching(/^5\./)]);
    expect(at.mark).toMatchObject({ lineage: gate?.mark.lineage, epoch: 91 });
    expect((await readAudit(redis, keys.shard(0), 1))[0]).toMatchObject({
      action: 'adopt store',
      reason: 'restored',
    });
  });

  test('is refused for a store that is whole, and for one that the caller did not see', async () => {
    expect(await adopt()).toEqual({ kind: 'not-behind' });
    await markBehind();
    expect(await adopt(undefined, { lineage: '1.zzzzzzzz' })).toMatchObject({ kind: 'other-lineage' });
  });

  test('is refused while the witness does not answer: it would be refused again', async () => {
    const { at, witness } = createShelf();
    await markBehind();
    at.isAway = true;
    await expect(adopt(witness)).rejects.toMatchObject({ code: 'state-conflict' });
    expect((await readGate(redis, keys))?.wentBack).toBeDefined();
  });

  test('of two people who adopt at once, one does', async () => {
    await markBehind();
    const answers = await Promise.all([adopt(), adopt(), adopt()]);
    expect(answers.filter(({ kind }) => kind === 'adopted')).toHaveLength(1);
  });

  test('makes a lost gate anew, with everything off', async () => {
    await redis.del(keys.shard(0).gate);
    expect(await openStore(redis, keys, opening)).toBe('opened');
    const store = { redis, keys, now: Date.now };
    const order = { actor: 'boss', reason: 'lost' };
    const first = await adoptStore(store, { ...order, lineage: '' });
    expect(first.kind).toBe('other-lineage');
    expect(await adopt()).toMatchObject({ kind: 'adopted', wentBack: 'the store had lost its gate' });
    expect((await readGate(redis, keys))?.flags.ingest.value).toBe('off');
  });
});

describe('what an earlier era left open', () => {
  const decisions = () => createMessageDecisions({ redis, keys, retentionMs });
  const adopted = async (): Promise<GateWatch> => {
    await markBehind();
    await adopt();
    const { epoch } = await readMark();
    const on = { flag: 'send', value: 'on', actor: 'a', reason: 'r', seenEpoch: epoch } as const;
    await setFlag({ redis, keys, now: Date.now }, on);
    return await watchStore();
  };

  test('is held as restored, may have left, and leaves when a person has released it', async () => {
    const message = await createMessage(redis, keys);
    const { knowledge } = await adopted();
    expect(await ask(message, knowledge)).toEqual({ kind: 'held', reason: 'restored' });
    await decisions().hold(message.id, 'restored', '{}');
    expect(await readMessage(redis, keys, message.id)).toMatchObject({ state: 'held', resends: 1 });
    await decisions().release(message.id, { from: 'held', reason: 'looked', by: 'a', dueAt: 0 });
    expect(await ask(message, knowledge)).toMatchObject({ kind: 'go' });
  });

  test.each(['expired', 'cancelled', 'suppressed'] as const)(
    'does not end as if it had not left: %s',
    async (to) => {
      const message = await createMessage(redis, keys, { notAfter: Date.now() - 1 });
      await adopted();
      const end = { to, from: ['queued'], reason: 'test' } as const;
      expect(await decisions().end(message.id, end)).toEqual({ kind: 'done', state: 'unknown' });
    },
  );

  test('says in every list that it may have left, before anybody has touched it', async () => {
    const message = await createMessage(redis, keys);
    expect(await readMessageSummaries(redis, keys, [message.id])).toMatchObject([{ mayHaveLeft: false }]);
    await markBehind();
    expect(await readMessageSummaries(redis, keys, [message.id])).toMatchObject([{ mayHaveLeft: true }]);
  });

  test('stays held when a claim of it lapses, whatever its policy', async () => {
    const message = await createMessage(redis, keys);
    const permits = createPermits({
      redis,
      keys,
      limits: noLimits(),
      claimMs: -1,
      retentionMs,
      now: Date.now,
    });
    expect((await permits.ask({ message, provider: 'p', segments: 1, rehearse: false })).kind).toBe('go');
    const { knowledge } = await adopted();
    expect(await permits.lapse(message, 'resend-once')).toBe('queued');
    expect(await ask(message, knowledge)).toEqual({ kind: 'held', reason: 'restored' });
  });
});

test('a record that a newer program wrote is moved by nobody here', async () => {
  const message = await createMessage(redis, keys);
  await redis.hset(keys.of(message.id).message(message.id), 'v', '2');
  const before = await dumpStore(redis, keys);
  const decisions = createMessageDecisions({ redis, keys, retentionMs });
  expect(await ask(message, knows(await readMark()))).toEqual({ kind: 'ended', state: 'queued' });
  expect(await decisions.hold(message.id, 'stopped', '{}')).toMatchObject({ kind: 'refused' });
  expect(await decisions.end(message.id, { to: 'cancelled', from: ['queued'], reason: 'r' })).toMatchObject({
    kind: 'refused',
  });
  expect(await dumpStore(redis, keys)).toEqual(before);
});

test('a store names its environment: a process of another one does not open it', async () => {
  await expect(openStore(redis, keys, { ...opening, environment: 'production' })).rejects.toThrow(
    'belongs to local, and ENVIRONMENT is production',
  );
  for (const { store } of keys.all) await redis.hdel(store, 'environment');
  await openStore(redis, keys, { ...opening, environment: 'staging' });
  await expect(openStore(redis, keys, opening)).rejects.toThrow('belongs to staging');
});
